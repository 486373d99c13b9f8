// The stand-in's rules: each violation is refused as the service refuses it, for the right reason.
import { check, equal, group, includes, rejection } from './checks.mjs';
import { decodeFrame } from './frames.mjs';
import { assistant, conversation, generate, newClient } from './official_client.mjs';
import { streaming, user, weather } from './official_client.mjs';

const context = (userInputMessageContext) => ({ userInputMessageContext });
const toolResults = [{ toolUseId: 't', content: [{ text: 'x' }] }];
const declaring = (...tools) => user('b', context({ tools }));
const answering = (more) => user('b', context({ toolResults, ...more }));
const called = (input = {}) =>
    assistant('c', { toolUses: [{ toolUseId: 't', name: 'get_weather', input }] });
const changed = (more) => ({ toolSpecification: { ...weather.toolSpecification, ...more } });
const picture = { format: 'bmp', source: { bytes: Buffer.from('BM') } };

// A violation: the current message, the history before it, the rule.
const violations = {
    'history ends with a user': [user('b'), [user('a')], 'R1'],
    'history begins with an assistant': [user('b'), [assistant('a'), user('a')], 'R1'],
    'an orphan result': [answering(), undefined, 'R5'],
    'a call without its result': [declaring(weather), [user('a'), called()], 'R5'],
    'empty content': [user(''), undefined, 'R6'],
    'an empty assistant': [user('b'), [user('a'), assistant('')], 'R6'],
    'an undeclared tool': [answering(), [user('a'), called()], 'R7'],
    'a long name': [declaring(changed({ name: 'n'.repeat(65) })), undefined, 'R8'],
    'an illegal name': [declaring(changed({ name: 'a.b' })), undefined, 'R8'],
    'a name twice': [declaring(weather, weather), undefined, 'R8'],
    'no description': [declaring(changed({ description: '' })), undefined, 'R8'],
    'a long description': [
        declaring(changed({ description: 'd'.repeat(10_005) })),
        undefined,
        'R8',
    ],
    'a schema that is no object': [
        declaring(changed({ inputSchema: { json: 'x' } })),
        undefined,
        'R8',
    ],
    'input that is a string': [answering({ tools: [weather] }), [user('a'), called('{}')], 'R10'],
    'a huge message': [user('x'.repeat(600_001)), undefined, 'R11'],
    'an unsupported image': [user('b', { images: [picture] }), undefined, 'images'],
};

async function conversationRules(stand_in) {
    const client = newClient(stand_in, 'rest', 'generateAssistantResponse');
    for (const [what, [current, history, rule]] of Object.entries(violations)) {
        const error = await rejection(what, generate(client, conversation(current, history)));
        check(`${what}: the type`, error instanceof streaming.ValidationException, error);
        includes(`${what}: the rule`, error.$response?.headers['x-broken-rule'], `${rule}: `);
    }
    const { conversationState } = conversation(user('b'));
    const automatic = { conversationState: { ...conversationState, chatTriggerType: 'AUTO' } };
    const error = await rejection('another trigger', generate(client, automatic));
    includes('another trigger: the rule', error.$response?.headers['x-broken-rule'], 'shape: ');
    stand_in.settings.empty_content_with_results = false;
    const silent = {
        userInputMessage: { ...answering({ tools: [weather] }).userInputMessage, content: '' },
    };
    const strict = await rejection(
        'silence',
        generate(client, conversation(silent, [user('a'), called()])),
    );
    includes('empty content beside results', strict.$response?.headers['x-broken-rule'], 'R6: ');
    stand_in.reset();
    client.destroy();
}

async function unknownToken(stand_in) {
    const client = newClient(stand_in, 'rest', 'generateAssistantResponse', 'unknown');
    const error = await rejection('an unknown token', generate(client, conversation(user('x'))));
    check('is denied', error instanceof streaming.AccessDeniedException, error);
    includes('in these words', error.message, 'bearer token included in the request is invalid');
    client.destroy();
}

const body = JSON.stringify(conversation(user('x')));
const head = {
    authorization: 'Bearer test-access',
    'content-type': 'application/json',
    'x-amzn-codewhisperer-optout': 'true',
};

async function headRules(stand_in) {
    const post = async (changes, init = { body }) => {
        const headers = { ...head, ...changes };
        const url = `${stand_in.url}/generateAssistantResponse`;
        const response = await fetch(url, { method: 'POST', headers, ...init });
        return { status: response.status, rule: response.headers.get('x-broken-rule'), response };
    };
    equal('a correct head', (await post({})).status, 200);
    equal('no authorization', (await post({ authorization: '' })).status, 403);
    equal(
        'a wrong type',
        (await post({ 'content-type': 'text/plain' })).rule,
        'head: content-type text/plain',
    );
    equal(
        'an unknown opt-out',
        (await post({ 'x-amzn-codewhisperer-optout': 'x' })).rule,
        'head: opt-out x',
    );
    const chunked = { body: new Blob([body]).stream(), duplex: 'half' };
    equal('a chunked request', (await post({}, chunked)).rule, 'head: the request is chunked');
    const malformed = await (await post({}, { body: '{' })).response.json();
    equal('no JSON', malformed.reason, 'REQUEST_BODY_INVALID_JSON');
    equal(
        'an unknown path',
        (await fetch(`${stand_in.url}/nothing`, { method: 'POST', body })).status,
        404,
    );
}

async function framesInOrder(stand_in) {
    const target = 'AmazonCodeWhispererStreamingService.GenerateAssistantResponse';
    const headers = {
        ...head,
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': target,
    };
    const response = await fetch(`${stand_in.url}/`, { method: 'POST', body, headers });
    equal('the type', response.headers.get('content-type'), 'application/vnd.amazon.eventstream');
    const kinds = [];
    for (let rest = Buffer.from(await response.arrayBuffer()); rest.length > 0;) {
        const length = rest.readUInt32BE(0);
        kinds.push(decodeFrame(rest.subarray(0, length)).headers[':event-type']);
        rest = rest.subarray(length);
    }
    const first = ['initial-response', 'messageMetadataEvent', 'assistantResponseEvent'];
    equal('first', kinds.slice(0, 3), first);
    equal('last', kinds.slice(-3), ['metadataEvent', 'contextUsageEvent', 'meteringEvent']);
}

export async function proveRules(stand_in) {
    const groups = { conversationRules, unknownToken, headRules, framesInOrder };
    for (const [name, run] of Object.entries(groups)) await group(name, () => run(stand_in));
}
