// Tools: declared, called in fragments, answered, over several turns.
import { check, equal, group, includes } from './checks.mjs';
import { ask, chat, currentOf, lastChat, stream } from './chat_client.mjs';
import { withBench } from './server_process.mjs';

const tool = (name, more = {}) => ({
    type: 'function',
    function: {
        name,
        description: `The tool ${name}`,
        parameters: {
            type: 'object',
            properties: { city: { type: 'string' } },
            required: ['city'],
        },
        ...more,
    },
});
const weather = tool('get_weather');
const declared = (bench) =>
    (currentOf(lastChat(bench)).userInputMessageContext?.tools ?? []).map(
        (item) => item.toolSpecification,
    );

async function loopOfThreeTurns(bench) {
    const messages = [
        { role: 'system', content: 'You are terse.' },
        { role: 'user', content: 'call get_weather {"city":"Paris"}' },
    ];
    for (const [turn, city] of ['Paris', 'Rome', 'Oslo'].entries()) {
        if (turn > 0) bench.stand_in.script({ calls: [{ name: 'get_weather', input: { city } }] });
        const answer = await stream(bench, { model: 'amazon-q', messages, tools: [weather] });
        const [call] = answer.calls;
        equal(`turn ${turn}: finish`, answer.finishes, ['tool_calls']);
        equal(`turn ${turn}: arguments`, JSON.parse(call?.arguments ?? 'null'), { city });
        check(
            `turn ${turn}: in fragments`,
            call.pieces > 2 && call.type === 'function' && call.name === 'get_weather',
            call,
        );
        messages.push({
            role: 'assistant',
            content: answer.text || null,
            tool_calls: [
                {
                    id: call.id,
                    type: 'function',
                    function: { name: call.name, arguments: call.arguments },
                },
            ],
        });
        messages.push({ role: 'tool', tool_call_id: call.id, content: `weather of ${city}` });
    }
    const end = await stream(bench, { model: 'amazon-q', messages, tools: [weather] });
    equal(
        'the last result is answered',
        [end.text, end.finishes],
        ['The tools said: weather of Oslo', ['stop']],
    );
    const history = JSON.stringify(lastChat(bench).conversationState.history);
    ['Paris', 'Rome'].forEach((city) =>
        includes(`${city} is in history`, history, `weather of ${city}`),
    );
}

async function shapesOfCalls(bench) {
    const expectations = {
        fragments: '{"city":"Paris"}',
        single: '{"city":"Paris"}',
        object: '{"city":"Paris"}',
        'no-input': '{}',
        unstopped: '{"city":"Paris"}',
    };
    for (const [shape, expected] of Object.entries(expectations)) {
        const calls = [
            { name: 'get_weather', input: '{"city":"Paris"}', shape },
            { name: 'get_weather', input: '{"city":"Rome"}' },
        ];
        bench.stand_in.script({ text: 'Two calls.', calls, times: 2 });
        const body = ask('x', { tools: [weather] });
        const streamed = await stream(bench, body);
        equal(
            `${shape}: streamed`,
            streamed.calls.map((call) => JSON.parse(call.arguments)),
            [JSON.parse(expected), { city: 'Rome' }],
        );
        equal(`${shape}: finish`, streamed.finishes, ['tool_calls']);
        check(
            `${shape}: own ids`,
            streamed.calls[0].id && streamed.calls[0].id !== streamed.calls[1].id,
            streamed.calls,
        );
        const { message, finish_reason } = (await chat(bench, body)).json.choices[0];
        equal(
            `${shape}: whole`,
            [message.content, message.tool_calls.map((call) => call.function.name), finish_reason],
            ['Two calls.', ['get_weather', 'get_weather'], 'tool_calls'],
        );
        equal(
            `${shape}: whole arguments`,
            JSON.parse(message.tool_calls[0].function.arguments),
            JSON.parse(expected),
        );
    }
}

async function fragmentsAnywhere(bench) {
    const input = JSON.stringify({ city: 'Zürich "\\\n\u0001 🎈' });
    for (const size of [1, 2, 5]) {
        const fragments = input.match(new RegExp(`[^]{1,${size}}`, 'gu'));
        bench.stand_in.script({ calls: [{ name: 'get_weather', fragments }] });
        const [call] = (await stream(bench, ask('x', { tools: [weather] }))).calls;
        equal(`pieces of ${size}`, call?.arguments, input);
    }
}

async function deltaFormat(bench) {
    bench.stand_in.script({ calls: [{ name: 'get_weather', input: { city: 'Paris' } }] });
    const { events } = await stream(bench, ask('x', { tools: [weather] }));
    const deltas = events.flatMap((event) => event.choices[0]?.delta.tool_calls ?? []);
    equal(
        'the first',
        [Object.keys(deltas[0]).sort(), deltas[0].function.arguments],
        [['function', 'id', 'index', 'type'], ''],
    );
    check(
        'the others',
        deltas
            .slice(1)
            .every(
                (delta) =>
                    !('id' in delta) &&
                    !('type' in delta) &&
                    !('name' in delta.function) &&
                    delta.index === 0,
            ),
        deltas,
    );
}

async function cutCall(bench) {
    bench.stand_in.script({
        calls: [{ name: 'get_weather', input: '{"city":"A long name of a city"}', shape: 'cut' }],
        times: 2,
    });
    const streamed = await stream(bench, ask('x', { tools: [weather] }));
    equal('finish', streamed.finishes, ['length']);
    check(
        'what came is delivered',
        '{"city":"A long name of a city"}'.startsWith(streamed.calls[0]?.arguments) &&
            streamed.calls[0].arguments.length > 5,
        streamed.calls,
    );
    equal(
        'whole',
        (await chat(bench, ask('x', { tools: [weather] }))).json.choices[0].finish_reason,
        'length',
    );
}

const strange_names = [
    'n'.repeat(80),
    `${'n'.repeat(79)}x`,
    'my.tool/with space',
    'my_tool_with_space',
    '1st_tool',
    '_hidden',
    'mcp--server--tool',
    'naïve-工具',
];

async function strangeNames(bench) {
    const tools = strange_names.map((name) => tool(name));
    for (const [index, name] of strange_names.entries()) {
        const answer = await stream(bench, ask(`call #${index + 1} {"city":"Paris"}`, { tools }));
        equal(`${name.slice(0, 30)} comes back`, answer.calls[0]?.name, name);
        const again = await chat(bench, {
            model: 'amazon-q',
            tools,
            messages: [
                { role: 'user', content: 'U' },
                {
                    role: 'assistant',
                    content: null,
                    tool_calls: [
                        { id: 'c1', type: 'function', function: { name, arguments: '{}' } },
                    ],
                },
                { role: 'tool', tool_call_id: 'c1', content: 'R' },
            ],
        });
        equal(`${name.slice(0, 30)} in history`, again.status, 200);
    }
    const names = declared(bench).map((specification) => specification.name);
    equal('all are declared, all differ', new Set(names).size, strange_names.length);
}

async function declarations(bench) {
    const tools = [
        tool('no_description', { description: undefined }),
        tool('empty_description', { description: '' }),
        tool('long_description', { description: 'd'.repeat(20_000) }),
        tool('no_parameters', { parameters: undefined }),
        tool('empty_parameters', { parameters: {} }),
        tool('null_members', { parameters: { type: 'object', properties: null, required: null } }),
        tool('empty_required', { parameters: { type: 'object', properties: {}, required: [] } }),
        tool('extras', { strict: true }),
        { type: 'custom', custom: { name: 'custom_tool' } },
        { type: 'web_search' },
    ];
    const answer = await chat(bench, ask('x', { tools }));
    equal('all are taken', answer.status, 200);
    equal('the functions are declared', declared(bench).length, 8);
    const twice = await chat(bench, ask('x', { tools: [weather, weather] }));
    check(
        'a name twice: one, or a clear 400',
        twice.status === 200 ||
            (twice.status === 400 && twice.json.error.param?.startsWith('tools')),
        twice.raw,
    );
    await chat(bench, ask('x', { tools: [weather] }));
    equal(
        'the schema arrives as it is',
        declared(bench)[0].inputSchema.json,
        weather.function.parameters,
    );
    await chat(bench, ask('x', { tools: [weather], tool_choice: 'none' }));
    equal('tool_choice none declares nothing', declared(bench), []);
    for (const tool_choice of [
        'auto',
        'required',
        { type: 'function', function: { name: 'get_weather' } },
    ]) {
        equal(
            `tool_choice ${JSON.stringify(tool_choice)}`,
            (await chat(bench, ask('x', { tools: [weather], tool_choice }))).status,
            200,
        );
    }
}

// The shape of Cline's requests: many tools, a long prompt, its history with null contents and
// reasoning.
async function likeCline(bench) {
    const tools = Array.from({ length: 25 }, (_, i) =>
        tool(`cline_tool_${i}`, {
            description: `Tool ${i}. ${'It does a thing. '.repeat(30)}`,
            parameters: {
                type: 'object',
                properties: {
                    path: { type: 'string', description: 'A path' },
                    lines: { type: 'array', items: { type: 'integer' } },
                },
                required: ['path'],
                additionalProperties: false,
                $schema: 'http://json-schema.org/draft-07/schema#',
            },
        }),
    );
    const called = (id, i) => ({
        role: 'assistant',
        content: null,
        reasoning_content: 'I should look.',
        tool_calls: [
            {
                id,
                type: 'function',
                function: { name: `cline_tool_${i}`, arguments: '{"path":"a.txt"}' },
            },
        ],
    });
    const body = {
        model: 'amazon-q',
        stream: true,
        stream_options: { include_usage: true },
        tools,
        tool_choice: 'auto',
        messages: [
            { role: 'system', content: 'You are Cline. '.repeat(270) },
            {
                role: 'user',
                content: [
                    { type: 'text', text: '<task>Do it</task>' },
                    { type: 'text', text: '<environment_details>none</environment_details>' },
                ],
            },
            called('call_1', 3),
            { role: 'tool', tool_call_id: 'call_1', content: '{"result":"file content"}' },
            called('call_2', 4),
            { role: 'tool', tool_call_id: 'call_2', content: '{"result":"second"}' },
            { role: 'user', content: 'call cline_tool_7 {"path":"out.txt"}' },
        ],
    };
    bench.stand_in.script({
        reasoning: 'Thinking.',
        calls: [{ name: 'cline_tool_7', input: { path: 'out.txt' } }],
    });
    const answer = await stream(bench, body);
    equal(
        'the call',
        [answer.calls[0]?.name, answer.calls[0]?.arguments, answer.finishes],
        ['cline_tool_7', '{"path":"out.txt"}', ['tool_calls']],
    );
    check('usage', answer.usage?.total_tokens > 0, answer.usage);
    equal('25 tools arrive', declared(bench).length, 25);
    check(
        'reasoning is not sent back',
        !JSON.stringify(lastChat(bench)).includes('I should look.'),
    );
}

async function sdkRunner(bench) {
    const runner = bench.openai.chat.completions.runTools({
        model: 'amazon-q',
        stream: true,
        messages: [{ role: 'user', content: 'call add {"a":2,"b":3}' }],
        tools: [
            {
                type: 'function',
                function: {
                    name: 'add',
                    description: 'Adds',
                    parse: JSON.parse,
                    function: ({ a, b }) => String(a + b),
                    parameters: {
                        type: 'object',
                        properties: { a: { type: 'number' }, b: { type: 'number' } },
                    },
                },
            },
        ],
    });
    equal('the SDK runs the loop', await runner.finalContent(), 'The tools said: 5');
}

const groups = {
    loopOfThreeTurns,
    shapesOfCalls,
    fragmentsAnywhere,
    deltaFormat,
    cutCall,
    strangeNames,
    declarations,
    likeCline,
    sdkRunner,
};

export async function toolsSuite(wanted) {
    await withBench({}, async (bench) => {
        for (const [name, run] of Object.entries(groups)) {
            if (!wanted(`tools: ${name}`)) continue;
            bench.stand_in.reset();
            await group(`tools: ${name}`, () => run(bench));
            equal(
                `${name}: no rule was broken`,
                bench.stand_in.chats.find((call) => call.violation)?.violation,
                undefined,
            );
        }
    });
}
