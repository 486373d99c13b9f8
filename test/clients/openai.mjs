// The official SDK in its major versions, whose stream readers differ: answers, streams, helpers,
// typed errors, retries, aborts.
import { base, check, equal, finish, key, keyed, load, skip, test, texts, thrown, versionOf } from './checks.mjs';

const user = (content) => [{ role: 'user', content }];

class Suite {
    constructor(name, module) {
        this.name = name;
        this.OpenAI = module.OpenAI ?? module.default;
        this.major = Number(name.replace('openai', ''));
        this.client = this.make({});
    }

    make({ baseURL = base + '/v1', apiKey = 'unused', ...options }) {
        return new this.OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 30_000, ...options });
    }

    // .stream() and .runTools() left the beta room with version 5.
    helpers() {
        return this.major < 5 ? this.client.beta.chat.completions : this.client.chat.completions;
    }

    create(content, members = {}, options = {}) {
        return this.client.chat.completions.create({ model: 'amazon-q', messages: user(content), ...members }, options);
    }

    async collect(stream) {
        const chunks = [];
        for await (const chunk of stream) chunks.push(chunk);
        return chunks;
    }

    text(chunks, index = 0) {
        return chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === index)
            .map((choice) => choice.delta.content ?? '').join('');
    }

    test(name, body) {
        return test(`${this.name}: ${name}`, body);
    }
    check(name, ok, detail) {
        return check(`${this.name}: ${name}`, ok, detail);
    }
    equal(name, got, want) {
        return equal(`${this.name}: ${name}`, got, want);
    }

    async run() {
        await this.test('completion', async () => {
            const { data, response } = await this.create('Hello there').withResponse();
            this.equal('completion: text', data.choices[0].message.content, 'Hello there');
            this.equal('completion: object', data.object, 'chat.completion');
            this.equal('completion: finish', data.choices[0].finish_reason, 'stop');
            this.check('completion: request id', data._request_id && data._request_id === response.headers.get('x-request-id'),
                data._request_id);
            this.check('completion: usage', data.usage.total_tokens === data.usage.prompt_tokens + data.usage.completion_tokens);
        });
        await this.test('stream', async () => {
            const chunks = await this.collect(await this.create('one two three', { stream: true }));
            this.equal('stream: text', this.text(chunks), 'one two three');
            this.equal('stream: roles', chunks.map((chunk) => chunk.choices[0].delta.role).filter(Boolean), ['assistant']);
            this.equal('stream: finish', chunks.at(-1).choices[0].finish_reason, 'stop');
            this.equal('stream: one id', new Set(chunks.map((chunk) => chunk.id)).size, 1);
        });
        await this.test('paced stream', async () => {
            const chunks = await this.collect(await this.create('one two three', { stream: true },
                { headers: { 'x-echo': 'delay=100;interval=20' } }));
            this.equal('paced stream: text', this.text(chunks), 'one two three');
        });
        await this.test('stream helper', () => this.streamHelper());
        await this.test('tools', () => this.tools());
        await this.test('errors', () => this.errors());
        await this.test('retries', () => this.retries());
        await this.test('mid-stream error', () => this.midStreamError());
        await this.test('aborts', () => this.aborts());
        await this.test('options', () => this.options());
        await this.test('models', () => this.models());
        await this.test('texts', () => this.texts());
        await this.test('large message', async () => {
            const large = 'five megabytes '.repeat(350_000);
            this.check('large message: completion', (await this.create(large)).choices[0].message.content === large);
            const smaller = 'word '.repeat(20_000);
            const chunks = await this.collect(await this.create(smaller, { stream: true }));
            this.check('large message: stream', this.text(chunks) === smaller);
        });
        await this.test('50 streams at once', async () => {
            const answers = await Promise.all(Array.from({ length: 50 }, async (_, index) => this.text(await this.collect(
                await this.create(`stream number ${index}`, { stream: true }, { headers: { 'x-echo': 'delay=20;interval=3' } })))));
            this.equal('50 streams at once', answers, answers.map((_, index) => `stream number ${index}`));
        });
    }

    async streamHelper() {
        const stream = this.helpers().stream({ model: 'amazon-q', messages: user('helped along nicely') });
        const pieces = [];
        stream.on('content', (piece) => pieces.push(piece));
        const final = await stream.finalChatCompletion();
        this.equal('stream helper: final', final.choices[0].message.content, 'helped along nicely');
        this.equal('stream helper: pieces', pieces.join(''), 'helped along nicely');
        this.equal('stream helper: finish', final.choices[0].finish_reason, 'stop');
        const counted = this.helpers().stream({ model: 'amazon-q', messages: user('a b'), stream_options: { include_usage: true } });
        const usage = await counted.totalUsage();
        this.equal('stream helper: usage', usage.completion_tokens, 2);
        const empty = await this.helpers().stream({ model: 'amazon-q', messages: user('') }).finalChatCompletion();
        this.check('stream helper: empty reply', !empty.choices[0].message.content);
        const called = await this.helpers().stream({ model: 'amazon-q', messages: user('{"city":"Paris"}') },
            { headers: { 'x-echo': 'tool=weather' } }).finalChatCompletion();
        this.equal('stream helper: tool call', called.choices[0].message.tool_calls?.[0].function.arguments, '{"city":"Paris"}');
        this.equal('stream helper: tool finish', called.choices[0].finish_reason, 'tool_calls');
    }

    async tools() {
        const asked = [];
        const tool = {
            type: 'function',
            function: {
                name: 'weather', description: 'The weather', parameters: { type: 'object', properties: { city: { type: 'string' } } },
                parse: JSON.parse, function: (given) => { asked.push(given); return 'sunny'; },
            },
        };
        for (const stream of [false, true]) {
            asked.length = 0;
            const runner = this.helpers().runTools({ model: 'amazon-q', messages: user('{"city":"Paris"}'), tools: [tool], stream },
                { headers: { 'x-echo': 'tool=weather' } });
            this.equal(`runTools, stream ${stream}: final`, await runner.finalContent(), '{"city":"Paris"}');
            this.equal(`runTools, stream ${stream}: calls`, asked, [{ city: 'Paris' }]);
        }
        const completion = await this.create('just words', { tools: [{ type: 'function', function: { name: 'f' } }] },
            { headers: { 'x-echo': 'tool=f' } });
        const message = completion.choices[0].message;
        this.equal('tool call', [message.content, message.tool_calls[0].function.name, JSON.parse(message.tool_calls[0].function.arguments)],
            [null, 'f', { text: 'just words' }]);
        const chunks = await this.collect(await this.create('just words', { stream: true }, { headers: { 'x-echo': 'tool=f' } }));
        const deltas = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
        this.equal('tool deltas', JSON.parse(deltas.map((delta) => delta.function.arguments).join('')), { text: 'just words' });
    }

    async errors() {
        const OpenAI = this.OpenAI;
        for (const [name, call, type, expected] of [
            ['bad value', () => this.create('x', { n: 0 }), OpenAI.BadRequestError,
                { status: 400, param: 'n', code: 'integer_below_min_value', type: 'invalid_request_error' }],
            ['bad value in a stream', () => this.create('x', { n: 0, stream: true }), OpenAI.BadRequestError, { status: 400, param: 'n' }],
            ['no messages', () => this.client.chat.completions.create({ model: 'amazon-q', messages: [] }), OpenAI.BadRequestError,
                { status: 400, param: 'messages', code: 'empty_array' }],
            ['bad role', () => this.client.chat.completions.create({ model: 'amazon-q', messages: [{ role: 'x', content: 'y' }] }),
                OpenAI.BadRequestError, { status: 400, param: 'messages[0].role', code: 'invalid_value' }],
            ['unknown model', () => this.create('x', { model: 'nope' }), OpenAI.NotFoundError, { status: 404, code: 'model_not_found' }],
            ['unknown model in a stream', () => this.create('x', { model: 'nope', stream: true }), OpenAI.NotFoundError, { status: 404 }],
            ['unknown route', () => this.client.embeddings.create({ model: 'amazon-q', input: 'x', encoding_format: 'float' }),
                OpenAI.NotFoundError, { status: 404 }],
            ['rate limit', () => this.create('x', {}, { headers: { 'x-echo': 'error=429' } }), OpenAI.RateLimitError,
                { status: 429, code: 'rate_limit_exceeded' }],
            ['server error', () => this.create('x', {}, { headers: { 'x-echo': 'error=500' } }), OpenAI.InternalServerError,
                { status: 500, type: 'server_error' }],
            ['overload in a stream', () => this.create('x', { stream: true }, { headers: { 'x-echo': 'error=503' } }),
                OpenAI.InternalServerError, { status: 503, type: 'server_error' }],
            ['wrong key', () => this.make({ baseURL: keyed + '/v1', apiKey: 'sk-wrong-key' }).models.list(), OpenAI.AuthenticationError,
                { status: 401, code: 'invalid_api_key' }],
        ]) {
            const error = await thrown(call);
            if (!this.check(`${name}: class`, error instanceof type, error?.stack ?? 'nothing was thrown')) continue;
            for (const [member, value] of Object.entries(expected)) this.equal(`${name}: ${member}`, error[member], value);
            this.check(`${name}: a message of ours`, error.message && !error.message.includes('no body'), error.message);
            this.check(`${name}: request id`, error.requestID ?? error.request_id, 'none');
        }
        const completion = await this.make({ baseURL: keyed + '/v1', apiKey: key }).chat.completions.create(
            { model: 'amazon-q', messages: user('with the key') });
        this.equal('right key', completion.choices[0].message.content, 'with the key');
    }

    async retries() {
        for (const [script, calls] of [['error=503', 2], ['error=429', 2], ['error=500', 2], ['error=400', 1], ['error=401', 1]]) {
            let count = 0;
            const client = this.make({ maxRetries: 1, fetch: (...given) => { count++; return fetch(...given); } });
            const error = await thrown(() => client.chat.completions.create({ model: 'amazon-q', messages: user('x') },
                { headers: { 'x-echo': script } }));
            this.check(`${script}: thrown`, error, 'nothing');
            this.equal(`${script}: requests`, count, calls);
        }
    }

    async midStreamError() {
        const seen = [];
        const error = await thrown(async () => {
            for await (const chunk of await this.create('one two three four', { stream: true }, { headers: { 'x-echo': 'error-after=2' } }))
                seen.push(chunk.choices[0].delta.content);
        });
        this.check('mid-stream error: APIError', error instanceof this.OpenAI.APIError, error);
        this.equal('mid-stream error: pieces before it', seen.length, 2);
        this.check('mid-stream error: message', error?.message, 'none');
        const helped = await thrown(() => this.helpers().stream({ model: 'amazon-q', messages: user('one two three') },
            { headers: { 'x-echo': 'error-after=1' } }).finalChatCompletion());
        this.check('mid-stream error: helper', helped instanceof this.OpenAI.OpenAIError, helped);
    }

    async aborts() {
        for (const script of ['interval=20;tokens=100000', 'stall-after=1']) {
            const stream = await this.create('one two three', { stream: true }, { headers: { 'x-echo': script } });
            let count = 0;
            for await (const chunk of stream) {
                if (++count === 1) stream.controller.abort();
                if (count > 100 || !chunk) break;
            }
            this.check(`abort with ${script}`, count < 100, count);
        }
        const stream = await this.create('one two three', { stream: true }, { headers: { 'x-echo': 'interval=20;tokens=100000' } });
        for await (const chunk of stream) if (chunk) break;
        const control = new AbortController();
        setTimeout(() => control.abort(), 100);
        const error = await thrown(() => this.create('x', {}, { headers: { 'x-echo': 'delay=30000' }, signal: control.signal }));
        this.check('abort while waiting', error instanceof this.OpenAI.APIUserAbortError, error);
        const timeout = await thrown(() => this.create('x', {}, { headers: { 'x-echo': 'delay=30000' }, timeout: 200 }));
        this.check('timeout', timeout instanceof this.OpenAI.APIConnectionTimeoutError, timeout);
        this.equal('afterwards', (await this.create('still there')).choices[0].message.content, 'still there');
    }

    async options() {
        const counted = await this.collect(await this.create('one two three', { stream: true, stream_options: { include_usage: true } }));
        this.equal('include_usage: choices of the last chunk', counted.at(-1).choices, []);
        this.equal('include_usage: tokens', counted.at(-1).usage.completion_tokens, 3);
        this.check('include_usage: null before', counted.slice(0, -1).every((chunk) => chunk.usage === null));
        const several = await this.create('three times', { n: 3 });
        this.equal('n: completion', several.choices.map((choice) => choice.message.content), Array(3).fill('three times'));
        const streamed = await this.collect(await this.create('three times', { n: 3, stream: true }));
        this.equal('n: stream', [0, 1, 2].map((index) => this.text(streamed, index)), Array(3).fill('three times'));
        const stopped = await this.create('alpha beta gamma', { stop: ['ta ga'] });
        this.equal('stop', [stopped.choices[0].message.content, stopped.choices[0].finish_reason], ['alpha be', 'stop']);
        const limited = await this.create('one two three four', { max_tokens: 2 });
        this.equal('max_tokens', [limited.choices[0].finish_reason, limited.usage.completion_tokens], ['length', 2]);
        const reasoned = await this.collect(await this.create('so', { stream: true }, { headers: { 'x-echo': 'reasoning' } }));
        this.check('reasoning', reasoned.some((chunk) => chunk.choices[0]?.delta.reasoning_content));
        const parts = await this.create([{ type: 'text', text: 'two ' }, { type: 'text', text: 'parts' }]);
        this.equal('content parts', parts.choices[0].message.content, 'two parts');
    }

    async models() {
        const list = await this.client.models.list();
        const names = [];
        for await (const model of list) names.push(model.id);
        this.check('list', names.includes('echo') && names.includes('amazon-q'), names);
        const model = await this.client.models.retrieve('amazon-q');
        this.equal('retrieve', [model.id, model.object], ['amazon-q', 'model']);
        const error = await thrown(() => this.client.models.retrieve('no/such:model'));
        this.check('retrieve unknown', error instanceof this.OpenAI.NotFoundError && error.code === 'model_not_found', error);
    }

    async texts() {
        for (const [index, text] of texts.entries()) {
            this.equal(`text ${index}`, (await this.create(text)).choices[0].message.content, text);
            this.equal(`text ${index} streamed`, this.text(await this.collect(await this.create(text, { stream: true }))), text);
        }
    }
}

const majors = Number(process.versions.node.split('.')[0]) < 22 ? ['openai4', 'openai5', 'openai6'] :
    ['openai4', 'openai5', 'openai6', 'openai7'];
for (const name of majors) {
    const module = await load(name, 'openai');
    if (module) {
        if (process.env.VERBOSE) console.log(`      ${versionOf(name)}`);
        await new Suite(name, module).run();
    } else {
        skip(name, 'not installed');
    }
}
finish();
