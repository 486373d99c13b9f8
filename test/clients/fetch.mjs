// fetch as in the previous server's document, the AI SDK (the reader inside Cline and opencode) and LangChain.
import { base, check, equal, finish, keyed, load, skip, test, texts } from './checks.mjs';

const url = base + '/v1/chat/completions';

// The document's example: it splits every read on '\n' and carries nothing over to the next one,
// so it sees every event only when no event is cut by the network. A burst above 64 KiB, the size
// of node's reads, is cut by node itself; replies here stay below it.
async function documentExample(message, echo) {
    const response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(echo ? { 'x-echo': echo } : {}) },
        body: JSON.stringify({ model: 'amazon-q', messages: [{ role: 'user', content: message }], stream: true }),
    });
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const received = [];
    while (true) {
        const { done, value } = await reader.read();
        if (done) break;
        const chunk = decoder.decode(value);
        const lines = chunk.split('\n');
        for (const line of lines) {
            if (line.startsWith('data: ')) {
                const data = line.slice(6);
                if (data === '[DONE]') return { received, completed: true };
                try {
                    const parsed = JSON.parse(data);
                    const content = parsed.choices[0]?.delta?.content;
                    if (content) received.push(content);
                } catch (e) {
                    received.push(`invalid JSON: ${data}`);
                }
            }
        }
    }
    return { received, completed: false };
}

async function fetchTests() {
    for (const message of ['Hello', 'Hello! How can I help you?', ...texts.filter((text) => text.length < 1000), 'word '.repeat(240)]) {
        for (const echo of [undefined, 'interval=2']) {
            if (echo && message.length > 300) continue;
            const { received, completed } = await documentExample(message, echo);
            equal(`document's example: ${JSON.stringify(message).slice(0, 40)}, x-echo ${echo}`, [received.join(''), completed],
                [message, true]);
        }
    }
    for (let turn = 0; turn < 200; turn++) {
        const message = `turn ${turn} ` + '\u6f22\u5b57 word '.repeat(turn % 60);
        const { received } = await documentExample(message);
        if (received.join('') !== message) {
            check(`document's example, turn ${turn}`, false, JSON.stringify(received).slice(0, 300));
            return;
        }
    }
    check("document's example, 200 turns", true);
}

async function plainFetch() {
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ model: 'echo', messages: [{ role: 'user', content: 'plain' }] }) });
    equal('plain fetch', (await answer.json()).choices[0].message.content, 'plain');
    const bad = await fetch(url, { method: 'POST', body: '{' });
    equal('error status', bad.status, 400);
    equal('error keys', Object.keys((await bad.json()).error), ['message', 'type', 'param', 'code']);
    const generated = await fetch(url, {
        method: 'POST', duplex: 'half',
        body: new ReadableStream({
            start(controller) {
                for (const piece of ['{"model":"echo","messages":', '[{"role":"user",', '"content":"in pieces"}]}'])
                    controller.enqueue(new TextEncoder().encode(piece));
                controller.close();
            },
        }),
    });
    equal('chunked upload', (await generated.json()).choices[0].message.content, 'in pieces');
    const control = new AbortController();
    const response = await fetch(url, {
        method: 'POST', signal: control.signal, headers: { 'x-echo': 'interval=10;tokens=100000' },
        body: JSON.stringify({ model: 'echo', messages: [{ role: 'user', content: 'x' }], stream: true }),
    });
    const reader = response.body.getReader();
    await reader.read();
    control.abort();
    check('abort', await reader.read().then(() => false, (error) => error.name === 'AbortError'));
    equal('wrong key', (await fetch(keyed + '/v1/models')).status, 401);
}

async function aiSdk() {
    const ai = await load('ai', 'ai');
    const provider = await load('ai', '@ai-sdk/openai-compatible');
    if (!ai || !provider) return skip('AI SDK', 'not installed');
    const model = (headers) => provider.createOpenAICompatible({ name: 'local', baseURL: base + '/v1', apiKey: 'x', includeUsage: true, headers })
        .chatModel('amazon-q');
    await test('AI SDK: generateText', async () => {
        const { text, finishReason, usage } = await ai.generateText({ model: model(), prompt: 'generated text', maxRetries: 0 });
        equal('AI SDK: generateText', [text, finishReason], ['generated text', 'stop']);
        check('AI SDK: usage', usage.outputTokens === 2, JSON.stringify(usage));
    });
    await test('AI SDK: streamText', async () => {
        for (const message of ['streamed text, in pieces', ...texts.filter((text) => text.trim())]) {
            const result = ai.streamText({ model: model(), messages: [{ role: 'user', content: message }], maxRetries: 0 });
            let text = '';
            for await (const piece of result.textStream) text += piece;
            equal(`AI SDK: streamText ${JSON.stringify(message).slice(0, 30)}`, [text, await result.finishReason], [message, 'stop']);
        }
    });
    await test('AI SDK: tools', async () => {
        const tools = {
            weather: ai.tool({ description: 'w', inputSchema: ai.jsonSchema({ type: 'object', properties: { city: { type: 'string' } } }),
                execute: async ({ city }) => `sunny in ${city}` }),
        };
        const result = ai.streamText({ model: model({ 'x-echo': 'tool=weather' }), prompt: '{"city":"Paris"}', tools,
            stopWhen: ai.stepCountIs(3), maxRetries: 0 });
        const steps = await result.steps;
        equal('AI SDK: tool result', steps[0].toolResults.map((entry) => entry.output), ['sunny in Paris']);
        equal('AI SDK: answer after the tool', steps.at(-1).text, '{"city":"Paris"}');
    });
    await test('AI SDK: reasoning', async () => {
        const result = await ai.generateText({ model: model({ 'x-echo': 'reasoning' }), prompt: 'thought through', maxRetries: 0 });
        check('AI SDK: reasoning', result.reasoningText && result.text === 'thought through', JSON.stringify([result.reasoningText, result.text]));
    });
    await test('AI SDK: errors', async () => {
        const error = await ai.generateText({ model: model({ 'x-echo': 'error=500' }), prompt: 'x', maxRetries: 0 }).then(() => null, (e) => e);
        check('AI SDK: error', error?.statusCode === 500, error);
        let shown = null;
        const result = ai.streamText({ model: model({ 'x-echo': 'error-after=1' }), prompt: 'one two three', maxRetries: 0,
            onError: ({ error: problem }) => { shown = problem; } });
        for await (const piece of result.textStream) if (piece === null) break;
        check('AI SDK: mid-stream error', shown, 'no error was reported');
    });
}

async function langChain() {
    const module = await load('langchain', '@langchain/openai');
    if (!module) return skip('LangChain', 'not installed');
    const model = (headers) => new module.ChatOpenAI({ model: 'amazon-q', apiKey: 'x', maxRetries: 0,
        configuration: { baseURL: base + '/v1', defaultHeaders: headers } });
    await test('LangChain: invoke', async () => {
        const answer = await model().invoke('invoked');
        equal('LangChain: invoke', [answer.content, answer.response_metadata.finish_reason], ['invoked', 'stop']);
        check('LangChain: usage', answer.usage_metadata?.output_tokens === 1, JSON.stringify(answer.usage_metadata));
    });
    await test('LangChain: stream', async () => {
        let text = '';
        for await (const piece of await model().stream('streamed through a chain')) text += piece.content;
        equal('LangChain: stream', text, 'streamed through a chain');
    });
    await test('LangChain: tools', async () => {
        const bound = model({ 'x-echo': 'tool=weather' }).bindTools([{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }]);
        const answer = await bound.invoke('{"city":"Paris"}');
        equal('LangChain: tool call', answer.tool_calls.map((call) => [call.name, call.args]), [['weather', { city: 'Paris' }]]);
    });
}

await test('document\'s example', fetchTests);
await test('plain fetch', plainFetch);
await test('AI SDK', aiSdk);
await test('LangChain', langChain);
finish();
