// A chat client without a library: it shows the status, the fields and every event as they came.
import http from 'node:http';
import { once } from 'node:events';

export const ask = (text, more = {}) => ({
    model: 'amazon-q',
    messages: [{ role: 'user', content: text }],
    ...more,
});

function open(bench, body, agent) {
    const request = http.request(`${bench.url}/v1/chat/completions`, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json' },
    });
    request.end(typeof body === 'string' ? body : JSON.stringify(body));
    return request;
}

async function readAll(response) {
    const parts = [];
    let complete = true;
    response.on('aborted', () => {
        complete = false;
    });
    try {
        for await (const part of response) parts.push(part);
    } catch {
        complete = false;
    }
    return { raw: Buffer.concat(parts).toString(), complete };
}

// What the events of a stream say, for the choice `index`.
function summarize(events, index) {
    const choices = events
        .flatMap((event) => event.choices ?? [])
        .filter((choice) => choice.index === index);
    const joined = (name) => choices.map((choice) => choice.delta[name] ?? '').join('');
    const calls = [];
    for (const piece of choices.flatMap((choice) => choice.delta.tool_calls ?? [])) {
        const call = (calls[piece.index] ??= {
            id: piece.id,
            type: piece.type,
            name: piece.function.name,
            arguments: '',
            pieces: 0,
        });
        call.arguments += piece.function.arguments ?? '';
        call.pieces += 1;
    }
    return {
        text: joined('content'),
        reasoning: joined('reasoning_content'),
        calls,
        roles: choices.filter((choice) => choice.delta.role).length,
        finishes: choices.map((choice) => choice.finish_reason).filter(Boolean),
        pieces: choices
            .filter((choice) => choice.delta.content)
            .map((choice) => choice.delta.content),
    };
}

// Sends one request and reads its answer to the end. Streams: events, done, and what choice 0 says.
export async function chat(bench, body, agent) {
    const request = open(bench, body, agent);
    const [response] = await once(request, 'response');
    const { raw, complete } = await readAll(response);
    const answer = { status: response.statusCode, fields: response.headers, raw, complete };
    if (!String(response.headers['content-type']).startsWith('text/event-stream')) {
        return { ...answer, json: raw && JSON.parse(raw) };
    }
    const lines = raw
        .split('\n')
        .filter((line) => line.startsWith('data: '))
        .map((line) => line.slice(6));
    const events = lines.filter((line) => line !== '[DONE]').map((line) => JSON.parse(line));
    return {
        ...answer,
        events,
        done: lines.at(-1) === '[DONE]',
        choice: (index) => summarize(events, index),
        ...summarize(events, 0),
        usage: events.findLast((event) => event.usage)?.usage,
        error: events.find((event) => event.error)?.error,
    };
}

export const stream = (bench, body, agent) => chat(bench, { ...body, stream: true }, agent);

// A stream that is read by hand: {response, destroy()}.
export async function openStream(bench, body) {
    const request = open(bench, { ...body, stream: true });
    // Some tests leave in the middle.
    request.on('error', () => {});
    const [response] = await once(request, 'response');
    response.on('error', () => {});
    return { response, destroy: () => request.destroy() };
}

// The user message that the stand-in got last, and the texts of the whole conversation.
export const lastChat = (bench) => bench.stand_in.chats.at(-1)?.body;
export const currentOf = (body) => body?.conversationState.currentMessage.userInputMessage;
export const historyOf = (body) => body?.conversationState.history ?? [];
export const textsOf = (body) =>
    [...historyOf(body), body.conversationState.currentMessage].map(
        (turn) => (turn.userInputMessage ?? turn.assistantResponseMessage).content,
    );
