// The stand-in's lists, and its control interface.
import { setTimeout as sleep } from 'node:timers/promises';
import { check, equal, group } from './checks.mjs';
import { conversation, generate, newClient, streaming, textOf, user } from './official_client.mjs';

const authorization = 'Bearer test-access';

async function lists(stand_in) {
    const list = async (operation, request) => {
        const headers = {
            authorization,
            'content-type': 'application/x-amz-json-1.0',
            'x-amzn-codewhisperer-optout': 'true',
            'x-amz-target': `AmazonCodeWhispererService.${operation}`,
        };
        const init = { method: 'POST', body: JSON.stringify(request), headers };
        return (await fetch(`${stand_in.url}/?origin=CLI`, init)).json();
    };
    stand_in.reset({ models_page: 3 });
    const { models, nextToken } = await list('ListAvailableModels', { origin: 'CLI' });
    const second = await list('ListAvailableModels', { origin: 'CLI', nextToken });
    equal('two pages', [models.length, second.models.length, second.nextToken], [3, 2, null]);
    const url = `${stand_in.url}/ListAvailableModels?origin=AI_EDITOR`;
    const rest = await (await fetch(url, { headers: { authorization } })).json();
    equal('the other dialect', rest.models[0].modelId, 'auto');
    const { profiles } = await list('ListAvailableProfiles', {});
    check('profiles', profiles[0].arn.includes(':profile/'), profiles);
    equal('without a token', (await fetch(url)).status, 403);
}

async function controlOverHttp(stand_in) {
    const get = async (path) => (await fetch(`${stand_in.url}${path}`)).json();
    const post = async (path, value) => {
        const init = { method: 'POST', body: JSON.stringify(value) };
        return (await fetch(`${stand_in.url}${path}`, init)).json();
    };
    await post('/_reset', {});
    const scripted = await post('/_script', { calls: [{ text: 'scripted', times: 2 }] });
    equal('a script waits', scripted.waiting, 2);
    const client = newClient(stand_in, 'awsjson', 'generateAssistantResponse');
    equal('it is played', textOf(await generate(client, conversation(user('x')))), 'scripted');
    client.destroy();
    const { calls, waiting } = await get('/_calls');
    const { content } = calls[0].body.conversationState.currentMessage.userInputMessage;
    equal('the call is logged', [calls.length, calls[0].outcome, content], [1, 'answered', 'x']);
    equal('one is left', waiting, 1);
    equal('forgotten', (await post('/_reset', {})).waiting, 0);
}

async function clientThatGoes(stand_in) {
    stand_in.reset();
    stand_in.script({ text: 'never ends', stall_after: 3 });
    const client = newClient(stand_in, 'rest', 'generateAssistantResponse');
    const command = new streaming.GenerateAssistantResponseCommand(conversation(user('x')));
    const answer = await client.send(command);
    for await (const event of answer.generateAssistantResponseResponse) {
        if (event.assistantResponseEvent) break;
    }
    client.destroy();
    const [call] = stand_in.calls;
    for (let i = 0; i < 50 && !call.outcome; ++i) await sleep(20);
    equal('is noticed', call.outcome, 'gone');
}

export async function proveControl(stand_in) {
    const groups = { lists, controlOverHttp, clientThatGoes };
    for (const [name, run] of Object.entries(groups)) await group(name, () => run(stand_in));
}
