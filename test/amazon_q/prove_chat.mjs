// The chat side of the stand-in against the official streaming client: every operation, both
// dialects.
import { check, equal, group, rejection } from './checks.mjs';
import {
    conversation,
    assistant,
    generate,
    kindsOf,
    newClient,
    sendMessage,
} from './official_client.mjs';
import { streaming, textOf, user, usesOf, weather } from './official_client.mjs';

async function text({ stand_in, send, dialect }) {
    stand_in.reset();
    const events = await send(conversation(user('Grüße, 世界 🎈')));
    const kinds = kindsOf(events);
    equal('the text comes back', textOf(events), 'You said: Grüße, 世界 🎈');
    check(
        'in several pieces',
        kinds.filter((kind) => kind === 'assistantResponseEvent').length > 2,
        kinds,
    );
    check('it begins with the metadata', kinds.includes('messageMetadataEvent'), kinds);
    const { tokenUsage: usage } = events.find((event) => event.metadataEvent).metadataEvent;
    equal('the usage adds up', usage.totalTokens, usage.uncachedInputTokens + usage.outputTokens);
    const only = (kind) => events.find((event) => event[kind])?.[kind];
    equal('the metering', only('meteringEvent')?.unit, 'credit');
    equal('the context', only('contextUsageEvent')?.contextUsagePercentage, 4.25);
    const [call] = stand_in.calls;
    equal('the dialect was recognised', call.dialect, dialect);
    check('with a declared length', /^\d+$/.test(call.headers['content-length']), call.headers);
    equal('no rule was broken', call.violation, undefined);
}

async function otherEvents({ stand_in, send }) {
    const neighbours = ['a', 'a', '\n', '\n'];
    stand_in.script({
        reasoning: 'Let me think.',
        text: neighbours,
        code: 'x = 1',
        unknown_events: true,
    });
    const events = await send(conversation(user('think')));
    const reasoning = events.flatMap((event) => event.reasoningContentEvent ?? []);
    const code = events.map((event) => event.codeEvent?.content ?? '');
    equal('the reasoning', reasoning.map((event) => event.text ?? '').join(''), 'Let me think.');
    check('the signature', reasoning.at(-1).signature, reasoning);
    equal('equal neighbours are kept', textOf(events), 'aa\n\n');
    equal('the code', code.join(''), 'x = 1');
}

async function toolTurn({ send }) {
    const tools = { userInputMessageContext: { tools: [weather] } };
    const first = await send(conversation(user('call get_weather {"city":"Paris"}', tools)));
    const uses = usesOf(first);
    const [{ toolUseId, name }] = uses;
    equal('the call', JSON.parse(uses.map((use) => use.input ?? '').join('')), { city: 'Paris' });
    check('opened and stopped', !uses[0].input && uses.at(-1).stop === true, uses);
    check(
        'one id',
        name === 'get_weather' && uses.every((use) => use.toolUseId === toolUseId),
        uses,
    );
    const content = [{ text: 'sunny' }, { json: { t: 21 } }];
    const toolResults = [{ toolUseId, status: 'success', content }];
    const answered = user('', { userInputMessageContext: { tools: [weather], toolResults } });
    const called = assistant(textOf(first), {
        toolUses: [{ toolUseId, name, input: { city: 'Paris' } }],
    });
    const second = await send(conversation(answered, [user('Weather?'), called]));
    equal('the results arrived', textOf(second), 'The tools said: sunny | {"t":21}');
}

async function image({ send }) {
    const bytes = Buffer.from('89504e470d0a1a0a', 'hex');
    const images = [{ format: 'png', source: { bytes } }];
    equal(
        'is accepted',
        textOf(await send(conversation(user('see', { images })))),
        'You said: see',
    );
}

// A fault, and the exception that the client must make of it: type, status, reason.
const exceptions = {
    throttled: ['ThrottlingException', 429, undefined],
    capacity: ['ThrottlingException', 429, 'INSUFFICIENT_MODEL_CAPACITY'],
    monthly_quota: ['ThrottlingException', 429, 'MONTHLY_REQUEST_COUNT'],
    overage: ['ServiceQuotaExceededException', 402, 'OVERAGE_REQUEST_LIMIT_EXCEEDED'],
    suspended: ['AccessDeniedException', 403, 'TEMPORARILY_SUSPENDED'],
    bad_token: ['AccessDeniedException', 403, undefined],
    high_load: ['InternalServerException', 500, undefined],
    unavailable: ['ServiceUnavailableException', 503, undefined],
    context_overflow: ['ValidationException', 400, 'CONTENT_LENGTH_EXCEEDS_THRESHOLD'],
    invalid_model: ['ValidationException', 400, 'INVALID_MODEL_ID'],
    conflict: ['ConflictException', 409, 'CUSTOMER_KMS_KEY_DISABLED'],
    not_found: ['ResourceNotFoundException', 404, undefined],
};

async function typedExceptions({ stand_in, send }) {
    for (const [fault, [type, status, reason]] of Object.entries(exceptions)) {
        stand_in.script({ fault });
        const error = await rejection(fault, send(conversation(user('x'))));
        check(`${fault} is a ${type}`, error instanceof streaming[type], error);
        equal(`${fault}: status`, error.$metadata?.httpStatusCode, status);
        equal(`${fault}: reason`, error.reason ?? undefined, reason);
    }
}

// A fault after some text, and what the client says of it.
const interruptions = {
    'a wrong message CRC': [{ damaged: { frame: 3, kind: 'message-crc' } }, /checksum/i],
    'a wrong prelude CRC': [{ damaged: { frame: 3, kind: 'prelude-crc' } }, /checksum/i],
    'a flipped bit': [{ damaged: { frame: 3, kind: 'payload' } }, /checksum/i],
    'a modelled exception': [{ exception: { after: 3, message: 'boom' } }, /boom/],
    'an unmodelled exception': [{ exception: { after: 3, type: 'throttlingException' } }, /./],
    'an error message': [{ error: { after: 3, message: 'broken inside' } }, /broken inside/],
    'a reset': [{ reset_after: 3 }, /./],
};

async function interrupted({ stand_in, send }) {
    for (const [what, [behaviour, message]] of Object.entries(interruptions)) {
        stand_in.script({ text: 'A text of several pieces', ...behaviour });
        const error = await rejection(what, send(conversation(user('x'))));
        check(`${what} says so`, message.test(error.message), error);
    }
    stand_in.script({ text: 'A text of several pieces', exception: { after: 3 } });
    const error = await rejection('the exception', send(conversation(user('x'))));
    check('has its type', error instanceof streaming.InternalServerException, error);
}

const transports = [
    { write: 1 },
    { write: 3 },
    { write: 'all' },
    { framing: 'length' },
    { framing: 'close' },
    { interim: 100 },
    { interim: 103 },
    { close: 'after-answer' },
    { head_delay_ms: 50 },
];

async function anySplit({ stand_in, send }) {
    for (const behaviour of transports) {
        stand_in.script(behaviour);
        const events = await send(conversation(user('abc')));
        equal(JSON.stringify(behaviour), textOf(events), 'You said: abc');
    }
}

const groups = { text, otherEvents, toolTurn, image, typedExceptions, interrupted, anySplit };
const operations = { generateAssistantResponse: generate, sendMessage };

export async function proveChat(stand_in) {
    for (const dialect of ['rest', 'awsjson']) {
        for (const [operation, call] of Object.entries(operations)) {
            const client = newClient(stand_in, dialect, operation);
            const send = (input) => call(client, input);
            for (const [name, run] of Object.entries(groups)) {
                await group(`${operation} (${dialect}): ${name}`, () =>
                    run({ stand_in, send, dialect }),
                );
            }
            client.destroy();
        }
    }
}
