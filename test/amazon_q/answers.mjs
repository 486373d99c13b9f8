// What the model "says": a behaviour (see stand_in.mjs) and a request become the frames of an
// answer, in the order in which the service sends its events.
import { randomUUID } from 'node:crypto';
import { announcedFrame, damagedFrame, errorFrame, eventFrame, exceptionFrame } from './frames.mjs';

const piece_characters = 7;

// Pieces of whole code points, so that each one is a legal JSON string of its own.
export function pieces(text, characters = piece_characters) {
    const points = [...text];
    const out = [];
    for (let i = 0; i < points.length; i += characters)
        out.push(points.slice(i, i + characters).join(''));
    return out;
}

const userOf = (request) => request.conversationState.currentMessage.userInputMessage;
const contextOf = (request) => userOf(request).userInputMessageContext ?? {};
const declaredNames = (request) =>
    (contextOf(request).tools ?? []).map((tool) => tool.toolSpecification.name);

// A line "call NAME {json}" in the user's text asks for a tool call; "call #2 {json}" names the
// second declared tool, for tests that cannot know the name our server gave it.
export function directedCalls(request) {
    const names = declaredNames(request);
    const lines = userOf(request).content.matchAll(/^call (\S+) (\{.*\})$/gm);
    return [...lines].flatMap(([, wanted, input]) => {
        const name = wanted.startsWith('#') ? names[Number(wanted.slice(1)) - 1] : wanted;
        return names.includes(name) ? [{ name, input }] : [];
    });
}

function resultTexts(request) {
    return (contextOf(request).toolResults ?? []).flatMap((result) =>
        result.content.map((block) => block.text ?? JSON.stringify(block.json)),
    );
}

// The default answer: calls when they are asked for, else the results or the text that arrived.
function defaultAnswer(request) {
    const results = resultTexts(request);
    if (results.length > 0) return { text: `The tools said: ${results.join(' | ')}` };
    const calls = directedCalls(request);
    if (calls.length > 0) return { text: 'Let me look.', calls };
    return { text: `You said: ${userOf(request).content}` };
}

function callEvents(call) {
    const toolUseId = call.id ?? `tooluse_${randomUUID().replaceAll('-', '').slice(0, 22)}`;
    const event = (more) => ['toolUseEvent', { toolUseId, name: call.name, ...more }];
    const input = typeof call.input === 'string' ? call.input : JSON.stringify(call.input ?? {});
    const fragments = (call.fragments ?? pieces(input)).map((fragment) =>
        event({ input: fragment }),
    );
    switch (call.shape ?? 'fragments') {
        case 'fragments':
            return [event(), ...fragments, event({ stop: true })];
        case 'single':
            return [event({ input, stop: true })];
        case 'object':
            return [event({ input: JSON.parse(input), stop: true })];
        case 'no-input':
            return [event(), event({ stop: true })];
        // The next call's id closes this one.
        case 'unstopped':
            return [event(), ...fragments];
        // What a call looks like that was too large for the service.
        case 'cut':
            return [event(), ...fragments.slice(0, Math.ceil(fragments.length / 2))];
        default:
            throw new Error(`unknown shape of a call: ${call.shape}`);
    }
}

const listed = (value) => (Array.isArray(value) ? value : value ? pieces(value) : []);

const unknown_events = [
    ['thingsToComeEvent', { content: 'must not be seen', nested: { content: [1, 2, 3] } }],
    ['followupPromptEvent', { followupPrompt: { content: 'must not be seen' } }],
    ['supplementaryWebLinksEvent', { supplementaryWebLinks: [] }],
    ['intentsEvent', { intents: {} }],
];

function contentEvents(answer) {
    const events = [
        ...listed(answer.reasoning).map((text) => ['reasoningContentEvent', { text }]),
        ...(answer.reasoning ? [['reasoningContentEvent', { signature: 'c2lnbmF0dXJl' }]] : []),
        ...listed(answer.text).map((content) => ['assistantResponseEvent', { content }]),
        ...listed(answer.code).map((content) => ['codeEvent', { content }]),
        ...(answer.calls ?? []).flatMap(callEvents),
    ];
    return answer.unknown_events ? events.flatMap((event) => [...unknown_events, event]) : events;
}

function usageOf(request, answer) {
    const outputTokens = Math.max(1, Math.ceil(JSON.stringify(answer).length / 4));
    const uncachedInputTokens = Math.ceil(JSON.stringify(request).length / 4);
    return { uncachedInputTokens, outputTokens, totalTokens: uncachedInputTokens + outputTokens };
}

function prologue(dialect, conversationId) {
    const ids = ['messageMetadataEvent', { conversationId, utteranceId: randomUUID() }];
    return dialect === 'awsjson' ? [['initial-response', { conversationId }], ids] : [ids];
}

function epilogue(request, answer) {
    const usage = answer.usage === undefined ? usageOf(request, answer) : answer.usage;
    const stop_reason = answer.stop_reason && { stopReason: answer.stop_reason };
    return [
        ...(usage || stop_reason
            ? [['metadataEvent', { ...(usage && { tokenUsage: usage }), ...stop_reason }]]
            : []),
        ['contextUsageEvent', { contextUsagePercentage: 4.25 }],
        ['meteringEvent', { usage: 0.0123, unit: 'credit', unitPlural: 'credits' }],
    ];
}

function damage(frames, behaviour) {
    const { damaged, exception, error, announced_bytes } = behaviour;
    if (damaged) frames[damaged.frame] = damagedFrame(frames[damaged.frame], damaged.kind);
    if (exception) {
        const { after, type = 'error', message = 'The model failed.', reason = null } = exception;
        frames.splice(after, Infinity, exceptionFrame(type, { message, reason }));
    }
    if (error)
        frames.splice(
            error.after,
            Infinity,
            errorFrame(error.code ?? 'InternalError', error.message ?? 'Internal failure'),
        );
    if (announced_bytes)
        frames.splice(announced_bytes.after, Infinity, announcedFrame(announced_bytes.bytes));
    return frames;
}

const saysSomething = (behaviour) =>
    ['text', 'reasoning', 'code', 'calls', 'events'].some((name) => name in behaviour);

// The frames of one answer. `events` replaces everything; each is [type, payload].
export function answerFrames(behaviour, request, dialect) {
    if (behaviour.empty === 'body') return [];
    const conversationId = request.conversationState.conversationId ?? randomUUID();
    const answer =
        saysSomething(behaviour) || behaviour.empty
            ? behaviour
            : { ...defaultAnswer(request), ...behaviour };
    const events = behaviour.events ?? [
        ...prologue(dialect, conversationId),
        ...contentEvents(answer),
        ...epilogue(request, answer),
    ];
    return damage(
        events.map(([type, payload]) => eventFrame(type, payload)),
        behaviour,
    );
}
