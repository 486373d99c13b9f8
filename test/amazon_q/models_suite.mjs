// Models: listed from the service, named in every way that clients name them.
import { check, equal, group } from './checks.mjs';
import { ask, chat, currentOf, lastChat } from './chat_client.mjs';
import { withBench } from './server_process.mjs';
import { startStandIn } from './stand_in.mjs';
import { models } from './catalog.mjs';

const listed = async (bench) =>
    (await (await fetch(`${bench.url}/v1/models`)).json()).data?.map((model) => model.id) ?? [];
const ids = models.map((model) => model.modelId);

// A requested name, and the id that the service must get ("default": none, or its own default).
const names = {
    'amazon-q': 'default',
    auto: 'auto',
    'claude-sonnet-4.5': 'claude-sonnet-4.5',
    'claude-sonnet-4-5': 'claude-sonnet-4.5',
    'claude-sonnet-4-5-20250929': 'claude-sonnet-4.5',
    'Claude-Sonnet-4.5': 'claude-sonnet-4.5',
    'claude-haiku-4-5': 'claude-haiku-4.5',
    'claude-sonnet-4-20250514': 'claude-sonnet-4',
    'qwen3-coder-480b': 'qwen3-coder-480b',
};

async function theList(bench) {
    const all = await listed(bench);
    check(
        "the service's models and the alias",
        ['amazon-q', ...ids].every((id) => all.includes(id)),
        all,
    );
    equal('no name twice', new Set(all).size, all.length);
    const one = await fetch(`${bench.url}/v1/models/claude-sonnet-4.5`);
    const model = await one.json();
    check(
        'one of them',
        one.status === 200 &&
            model.id === 'claude-sonnet-4.5' &&
            model.object === 'model' &&
            Number.isInteger(model.created),
        model,
    );
    const unknown = await fetch(`${bench.url}/v1/models/no-such-model`);
    equal(
        'an unknown one',
        [unknown.status, (await unknown.json()).error?.code],
        [404, 'model_not_found'],
    );
    equal('asked once for all', bench.stand_in.of('models').length, 1);
    const list = await bench.openai.models.list();
    check(
        'through the SDK',
        list.data.some((entry) => entry.id === 'amazon-q'),
        list.data,
    );
}

async function requestedNames(bench) {
    for (const [name, id] of Object.entries(names)) {
        const answer = await chat(bench, ask('x', { model: name }));
        equal(`${name} is answered`, [answer.status, answer.json.model], [200, name]);
        const { modelId } = currentOf(lastChat(bench)) ?? {};
        check(
            `${name} is sent as ${id}`,
            id === 'default' ? [undefined, 'auto'].includes(modelId) : modelId === id,
            modelId,
        );
    }
    const unknown = await chat(bench, ask('x', { model: 'no-such-model' }));
    equal('an unknown name', [unknown.status, unknown.json.error.code], [404, 'model_not_found']);
}

async function aliases(bench) {
    for (const [from, to] of [
        ['gpt-4o', 'claude-sonnet-4.5'],
        ['my/model:1', 'claude-haiku-4.5'],
    ]) {
        equal(
            `${from} is answered`,
            (await chat(bench, ask('x', { model: from }))).json.model,
            from,
        );
        equal(`${from} is sent as ${to}`, currentOf(lastChat(bench)).modelId, to);
        check(`${from} is listed`, (await listed(bench)).includes(from));
    }
}

async function pagesOfTheList(bench) {
    const all = await listed(bench);
    check(
        'every page is read',
        ids.every((id) => all.includes(id)),
        all,
    );
}

// A list that cannot be had must not keep anyone from chatting.
async function fallback(bench) {
    bench.stand_in.script({ operation: 'models', fault: 'unavailable', times: 50 });
    const all = await listed(bench);
    check('a fallback with the alias', all.includes('amazon-q'), all);
    equal('the default answers', (await chat(bench, ask('x'))).status, 200);
    equal(
        'a name of the service passes',
        (await chat(bench, ask('x', { model: 'claude-sonnet-4.5' }))).status,
        200,
    );
}

async function elsewhere() {
    const management = await startStandIn({ settings: { opt_out_required: true } });
    await withBench({ server: ['--management-endpoint', management.url] }, async (bench) => {
        check('the list', (await listed(bench)).includes('claude-sonnet-4.5'));
        equal(
            'asked there',
            [management.of('models').length, bench.stand_in.of('models').length],
            [1, 0],
        );
        equal('chats stay here', (await chat(bench, ask('x'))).status, 200);
        equal('and only here', [management.chats.length, bench.stand_in.chats.length], [0, 1]);
    });
    await management.close();
}

const groups = [
    ['the list', {}, theList],
    ['requested names', {}, requestedNames],
    ['the list (rest)', { server: ['--dialect', 'rest'] }, theList],
    ['requested names (rest)', { server: ['--dialect', 'rest'] }, requestedNames],
    [
        'aliases',
        {
            server: [
                '--model-alias',
                'gpt-4o=claude-sonnet-4.5',
                '--model-alias',
                'my/model:1=claude-haiku-4.5',
            ],
        },
        aliases,
    ],
    ['pages of the list', { settings: { models_page: 2 } }, pagesOfTheList],
    ['fallback', {}, fallback],
];

export async function modelsSuite(wanted) {
    for (const [name, options, run] of groups) {
        if (wanted(`models: ${name}`))
            await group(`models: ${name}`, () => withBench(options, run));
    }
    if (wanted('models: elsewhere')) await group('models: elsewhere', elsewhere);
}
