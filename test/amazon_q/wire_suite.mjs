// How bytes travel between the service and us: any split, any framing, every way to end a
// connection.
import { check, equal, group, includes } from './checks.mjs';
import { ask, chat, lastChat, stream } from './chat_client.mjs';
import { withBench } from './server_process.mjs';

const transports = {
    'every byte on its own': { write: 1 },
    'three bytes at a time': { write: 3 },
    'all frames in one write': { write: 'all' },
    'a declared length': { framing: 'length' },
    'a body that ends with the connection': { framing: 'close' },
    'a 100 before the head': { interim: 100 },
    'a 103 before the head': { interim: 103 },
    'closed after the answer': { close: 'after-answer' },
    'closed while idle': { close: 'idle' },
    'a slow head': { head_delay_ms: 400 },
    'a slow first byte': { first_byte_delay_ms: 400 },
    'slow frames': { frame_delay_ms: 30 },
    'unknown events': { unknown_events: true },
};

const event = (payload) => ({
    events: [
        ['initial-response', {}],
        ['assistantResponseEvent', payload],
        ['meteringEvent', { usage: 1 }],
    ],
});
// Payloads as raw JSON text: what the text must be after decoding.
const payloads = {
    escapes: ['{"content":"a\\u00e9\\n\\"\\\\\\/\\ud83c\\udf88"}', 'aé\n"\\/🎈'],
    'other members first': ['{"modelId":"m","x":{"content":"no"},"content":"yes"}', 'yes'],
    'other members last': ['{"content":"yes","x":["content","no"]}', 'yes'],
    'white space': [' {\n "content" :\t"yes" } ', 'yes'],
    'null members': ['{"content":"yes","modelId":null}', 'yes'],
    'an escaped name': ['{"\\u0063ontent":"yes"}', 'yes'],
};

async function everyTransport(bench) {
    for (const [what, behaviour] of Object.entries(transports)) {
        bench.stand_in.reset();
        bench.stand_in.script(
            { text: 'Grüße, 世界 🎈 and on', ...behaviour },
            { text: 'Grüße, 世界 🎈 and on', ...behaviour },
        );
        const streamed = await stream(bench, ask('x'));
        equal(
            what,
            [streamed.status, streamed.text, streamed.finishes, streamed.done],
            [200, 'Grüße, 世界 🎈 and on', ['stop'], true],
        );
        equal(
            `${what}, whole`,
            (await chat(bench, ask('x'))).json.choices?.[0].message.content,
            'Grüße, 世界 🎈 and on',
        );
        equal(`${what}, afterwards`, (await stream(bench, ask('next'))).text, 'You said: next');
    }
}

async function payloadForms(bench) {
    for (const [what, [payload, text]] of Object.entries(payloads)) {
        bench.stand_in.script(event(payload));
        equal(what, (await stream(bench, ask('x'))).text, text);
    }
    bench.stand_in.script({ text: ['same', 'same', '\n', '\n', '1', '1'] });
    equal('equal neighbours', (await stream(bench, ask('x'))).text, 'samesame\n\n11');
    bench.stand_in.script({ text: 'before ', code: 'let x;' });
    equal('code', (await stream(bench, ask('x'))).text, 'before let x;');
    const large = 'x'.repeat(700_000);
    bench.stand_in.script({ text: [large] });
    equal('a large event', (await stream(bench, ask('x'))).text.length, large.length);
}

// Text leaves as soon as it comes: the first delta must not wait for the last.
async function firstDeltaAtOnce(bench) {
    bench.stand_in.script({ text: ['first ', 'second'], frame_delay_ms: 300 });
    const response = await fetch(`${bench.url}/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify(ask('x', { stream: true })),
    });
    let arrived;
    for await (const part of response.body) {
        if (Buffer.from(part).includes('first')) arrived ??= performance.now();
    }
    const ended = performance.now();
    check(
        'the first delta is early',
        arrived && ended - arrived > 400,
        `${ended - arrived} ms before the end`,
    );
}

async function keepAlive(bench) {
    const begin = bench.stand_in.connections;
    for (let i = 0; i < 5; ++i) await stream(bench, ask('x'));
    check(
        'connections are used again',
        bench.stand_in.connections - begin <= 1,
        `${bench.stand_in.connections - begin} new ones`,
    );
    bench.stand_in.reset();
    bench.stand_in.script({ close: 'on-reuse' });
    await stream(bench, ask('first'));
    const second = await stream(bench, ask('second'));
    equal('one that died is replaced', [second.status, second.text], [200, 'You said: second']);
    equal('after one try', bench.stand_in.of('reuse').length, 1);
}

const arn = 'arn:aws:codewhisperer:us-east-1:111122223333:profile/TEST';
// Settings of what is sent: arguments, and what the request must look like.
const settings = [
    [
        'the defaults',
        [],
        (call) => [call.headers['x-amzn-codewhisperer-optout'], call.body.profileArn],
        ['true', undefined],
    ],
    [
        '--share-content',
        ['--share-content'],
        (call) => call.headers['x-amzn-codewhisperer-optout'],
        'false',
    ],
    ['--profile-arn ARN', ['--profile-arn', arn], (call) => call.body.profileArn, arn],
    ['--profile-arn none', ['--profile-arn', 'none'], (call) => call.body.profileArn, undefined],
    [
        '--origin',
        ['--origin', 'AI_EDITOR'],
        (call) => call.body.conversationState.currentMessage.userInputMessage.origin,
        'AI_EDITOR',
    ],
    [
        'the default origin',
        [],
        (call) => call.body.conversationState.currentMessage.userInputMessage.origin,
        'CLI',
    ],
    [
        '--user-agent',
        ['--user-agent', 'my-agent/1'],
        (call) => call.headers['user-agent'],
        'my-agent/1',
    ],
    [
        'the default dialect',
        [],
        (call) => [call.path, call.headers['x-amz-target']],
        ['/', 'AmazonCodeWhispererStreamingService.GenerateAssistantResponse'],
    ],
    [
        '--dialect rest',
        ['--dialect', 'rest'],
        (call) => [call.path, call.headers['x-amz-target'], call.headers['content-type']],
        ['/generateAssistantResponse', undefined, 'application/json'],
    ],
    ['the bearer', [], (call) => call.headers.authorization, 'Bearer test-access'],
    ['the host', [], (call) => call.headers.host.startsWith('127.0.0.1:'), true],
];

// The service demands the profile on some hosts and refuses it on others.
const profiles = {
    'a profile is demanded and sent': ['required', ['--profile-arn', arn], 200],
    'a profile is demanded and missing': ['required', ['--profile-arn', 'none'], 400],
    'a profile is refused and not sent': ['refused', ['--profile-arn', 'none'], 200],
};

async function profileModes(wanted) {
    for (const [name, [profile, server, status]] of Object.entries(profiles)) {
        if (!wanted(`profile: ${name}`)) continue;
        await group(`profile: ${name}`, () =>
            withBench({ server, settings: { profile } }, async (bench) => {
                const answer = await chat(bench, ask('x'));
                equal('status', answer.status, status);
                if (status !== 200)
                    includes('the setting is named', answer.json.error.message, 'profile');
            }),
        );
    }
}

export async function wireSuite(wanted) {
    await withBench({}, async (bench) => {
        for (const [name, run] of Object.entries({
            everyTransport,
            payloadForms,
            firstDeltaAtOnce,
            keepAlive,
        })) {
            bench.stand_in.reset();
            if (wanted(`wire: ${name}`)) await group(`wire: ${name}`, () => run(bench), 60_000);
        }
    });
    await profileModes(wanted);
    for (const [name, server, seen, expected] of settings) {
        const title = `setting: ${name}`;
        if (!wanted(title)) continue;
        await group(title, () =>
            withBench({ server }, async (bench) => {
                equal('answered', (await chat(bench, ask('x'))).status, 200);
                check(
                    'a conversation id',
                    /^[0-9a-f-]{36}$/.test(lastChat(bench)?.conversationState.conversationId ?? ''),
                    lastChat(bench),
                );
                equal('sent', seen(bench.stand_in.chats[0]), expected);
            }),
        );
    }
}
