// Plain conversations: what is asked arrives, what is answered comes back.
import { check, equal, group, includes } from './checks.mjs';
import { ask, chat, currentOf, historyOf, lastChat, stream, textsOf } from './chat_client.mjs';
import { assistant, conversations, result, system, toolCall, user } from './conversations.mjs';
import { parallelStreams, severalChoices } from './parallel_chats.mjs';
import { withBench } from './server_process.mjs';

const completion_keys = [
    'id',
    'object',
    'created',
    'model',
    'choices',
    'usage',
    'system_fingerprint',
    'service_tier',
    'prompt_logprobs',
    'kv_transfer_params',
];
const png =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const jpeg =
    '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AN//Z';
const naughty = 'Grüße 世界 🎈 "quotes" \\back\\ \u2028\u2029 \u0000 \t\r\n </script> \u007f';
const image = (url) => ({ type: 'image_url', image_url: { url } });
const seen = (bench) => textsOf(lastChat(bench)).join('\n');

const tools = ['alpha', 'beta'].map((name) => ({
    type: 'function',
    function: {
        name,
        description: `The tool ${name}`,
        parameters: { type: 'object', properties: {} },
    },
}));

const resultTexts = (body) =>
    [...historyOf(body), body.conversationState.currentMessage]
        .flatMap((turn) => turn.userInputMessage?.userInputMessageContext?.toolResults ?? [])
        .flatMap((item) => JSON.stringify(item.content));

async function plainChat(bench) {
    const answer = await chat(bench, ask(naughty));
    equal('status', answer.status, 200);
    equal('text', answer.json.choices[0].message.content, `You said: ${naughty}`);
    equal('keys in order', Object.keys(answer.json), completion_keys);
    equal('finish', answer.json.choices[0].finish_reason, 'stop');
    equal('model', answer.json.model, 'amazon-q');
    const { usage } = answer.json;
    check(
        'usage adds up',
        usage.prompt_tokens > 0 &&
            usage.completion_tokens > 0 &&
            usage.total_tokens === usage.prompt_tokens + usage.completion_tokens,
        usage,
    );

    const streamed = await stream(bench, ask(naughty));
    equal('streamed text', streamed.text, `You said: ${naughty}`);
    check('in several deltas', streamed.pieces.length > 3, streamed.pieces);
    equal('one role', streamed.roles, 1);
    equal('one finish', streamed.finishes, ['stop']);
    check('[DONE] and the end', streamed.done && streamed.complete, streamed.raw.slice(-200));
    equal(
        'no usage unasked',
        streamed.events.some((event) => 'usage' in event),
        false,
    );
    equal('one id', new Set(streamed.events.map((event) => event.id)).size, 1);
    equal('the type', streamed.fields['content-type'], 'text/event-stream; charset=utf-8');
}

async function seedExamples(bench) {
    const hello = { model: 'amazon-q', messages: [{ role: 'user', content: 'Hello' }] };
    equal(
        'without stream',
        (await chat(bench, hello)).json.choices[0].message.content,
        'You said: Hello',
    );
    const parts = {
        model: 'amazon-q',
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
    };
    equal('parts', (await chat(bench, parts)).json.choices[0].message.content, 'You said: Hello');
    equal('parts, streamed', (await stream(bench, parts)).text, 'You said: Hello');
    equal(
        'stream: null',
        (await chat(bench, { ...hello, stream: null })).json.object,
        'chat.completion',
    );
    // The reader of the previous server's document: it splits every network read by itself.
    const response = await fetch(`${bench.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...hello, stream: true }),
    });
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let received = '';
    for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        for (const line of decoder.decode(value).split('\n')) {
            if (!line.startsWith('data: ') || line.slice(6) === '[DONE]') continue;
            received += JSON.parse(line.slice(6)).choices[0]?.delta?.content ?? '';
        }
    }
    equal('the fetch example', received, 'You said: Hello');
}

async function conversationRepairs(bench) {
    for (const [what, { messages, texts = [], results = [] }] of Object.entries(conversations)) {
        bench.stand_in.reset();
        bench.stand_in.script({ text: 'fine' });
        const answer = await chat(bench, { model: 'amazon-q', messages, tools });
        equal(`${what}: status`, answer.status, 200);
        const [call] = bench.stand_in.chats;
        equal(`${what}: no rule broken`, call?.violation, undefined);
        if (answer.status !== 200) continue;
        texts.forEach((text) =>
            includes(`${what}: ${text} arrives`, textsOf(call.body).join('\n'), text),
        );
        results.forEach((text) =>
            includes(`${what}: result ${text} arrives`, resultTexts(call.body).join('\n'), text),
        );
    }
}

async function promptsInOrder(bench) {
    await chat(bench, {
        model: 'amazon-q',
        messages: [system('FIRST'), user('SECOND'), assistant('THIRD'), user('FOURTH')],
    });
    const all = seen(bench);
    const at = ['FIRST', 'SECOND', 'THIRD', 'FOURTH'].map((text) => all.indexOf(text));
    check(
        'in the order sent',
        at.every((position, i) => position >= 0 && (i === 0 || position > at[i - 1])),
        at,
    );
    equal('the last is current', currentOf(lastChat(bench)).content, 'FOURTH');
    equal('MANUAL', lastChat(bench).conversationState.chatTriggerType, 'MANUAL');
}

async function badConversations(bench) {
    const unrepairable = {
        'arguments that are no object': [
            user('U'),
            assistant('', { tool_calls: [toolCall('c1', 'alpha', '{"a":')] }),
            result('c1', 'R'),
        ],
    };
    for (const [what, messages] of Object.entries(unrepairable)) {
        const answer = await chat(bench, { model: 'amazon-q', messages, tools });
        check(
            `${what}: repaired or refused clearly`,
            answer.status === 200 ||
                (answer.status === 400 && answer.json.error.param?.startsWith('messages[1]')),
            answer,
        );
        check(
            `${what}: not in the service's words`,
            !answer.raw.includes('Improperly formed'),
            answer.raw,
        );
    }
}

async function images(bench) {
    const cases = {
        png: ['png', `data:image/png;base64,${png}`, png],
        jpg: ['jpeg', `data:image/jpg;base64,${jpeg}`, jpeg],
        jpeg: ['jpeg', `data:image/jpeg;base64,${jpeg}`, jpeg],
    };
    for (const [what, [format, url, bytes]] of Object.entries(cases)) {
        await chat(bench, {
            model: 'amazon-q',
            messages: [user([{ type: 'text', text: 'see' }, image(url)])],
        });
        equal(`${what} arrives`, currentOf(lastChat(bench)).images, [
            { format, source: { bytes } },
        ]);
    }
    equal(
        'only an image',
        (
            await chat(bench, {
                model: 'amazon-q',
                messages: [user([image(`data:image/png;base64,${png}`)])],
            })
        ).status,
        200,
    );
    const history = [
        user([image(`data:image/png;base64,${png}`), { type: 'text', text: 'see' }]),
        assistant('seen'),
        user('and?'),
    ];
    equal('in history', (await chat(bench, { model: 'amazon-q', messages: history })).status, 200);
    equal('stays there', historyOf(lastChat(bench))[0].userInputMessage.images?.length, 1);
    for (const [what, url] of Object.entries({
        'an http URL': 'http://127.0.0.1/x.png',
        'an https URL': 'https://example.invalid/x.png',
        'an unknown format': 'data:image/bmp;base64,Qk0=',
        'bad base64': 'data:image/png;base64,###',
    })) {
        const before = bench.stand_in.chats.length;
        const answer = await chat(bench, {
            model: 'amazon-q',
            messages: [user([{ type: 'text', text: 'see' }, image(url)])],
        });
        equal(`${what} is a 400`, answer.status, 400);
        equal(`${what} is an invalid request`, answer.json.error.type, 'invalid_request_error');
        equal(`${what} goes nowhere`, bench.stand_in.chats.length, before);
    }
}

async function reasoningAndUsage(bench) {
    bench.stand_in.script({ reasoning: ['Let me', ' think.'], text: ['Done', '.'], times: 2 });
    const whole = await chat(bench, ask('x'));
    equal('reasoning_content', whole.json.choices[0].message.reasoning_content, 'Let me think.');
    equal('content', whole.json.choices[0].message.content, 'Done.');
    const streamed = await stream(bench, ask('x'));
    equal('streamed reasoning', [streamed.reasoning, streamed.text], ['Let me think.', 'Done.']);
    const usage = {
        uncachedInputTokens: 100,
        cacheReadInputTokens: 20,
        cacheWriteInputTokens: 5,
        outputTokens: 7,
        totalTokens: 132,
    };
    bench.stand_in.script({ text: 'x', usage, times: 2 });
    const counted = (await chat(bench, ask('x'))).json.usage;
    equal(
        'tokenUsage',
        [
            counted.prompt_tokens,
            counted.completion_tokens,
            counted.total_tokens,
            counted.prompt_tokens_details?.cached_tokens,
        ],
        [125, 7, 132, 20],
    );
    const last = await stream(bench, ask('x', { stream_options: { include_usage: true } }));
    equal('include_usage', [last.events.at(-1).choices, last.usage.total_tokens], [[], 132]);
    check(
        'null before',
        last.events.slice(0, -1).every((event) => event.usage === null),
        last.events,
    );
    bench.stand_in.script({ text: 'estimated', usage: null });
    const estimate = (await chat(bench, ask('How many tokens are these?'))).json.usage;
    check(
        'an estimate otherwise',
        estimate.prompt_tokens > 0 && estimate.completion_tokens > 0,
        estimate,
    );
}

async function finishReasons(bench) {
    for (const [stop_reason, finish] of [
        ['END_TURN', 'stop'],
        ['MAX_TOKENS', 'length'],
        ['MODEL_CONTEXT_WINDOW_EXCEEDED', 'length'],
        ['CONTENT_FILTERED', 'content_filter'],
        ['STOP_SEQUENCE', 'stop'],
    ]) {
        bench.stand_in.script({ text: 'some text', usage: null, stop_reason, times: 2 });
        equal(`${stop_reason} streamed`, (await stream(bench, ask('x'))).finishes, [finish]);
        equal(stop_reason, (await chat(bench, ask('x'))).json.choices[0].finish_reason, finish);
    }
}

async function serverSideLimits(bench) {
    bench.stand_in.script({ text: ['one ', 'two ST', 'OP th', 'ree'], times: 2 });
    const stopped = await stream(bench, ask('x', { stop: ['STOP'] }));
    equal('stop', [stopped.text, stopped.finishes], ['one two ', ['stop']]);
    equal(
        'stop, whole',
        (await chat(bench, ask('x', { stop: 'STOP' }))).json.choices[0].message.content,
        'one two ',
    );
    bench.stand_in.script({ text: Array.from({ length: 200 }, (_, i) => `word${i} `), times: 2 });
    const cut = await stream(bench, ask('x', { max_tokens: 10 }));
    check(
        'max_tokens cuts',
        cut.text.startsWith('word0 ') && cut.text.length < 200 && cut.finishes[0] === 'length',
        [cut.text, cut.finishes],
    );
    equal(
        'max_completion_tokens',
        (await chat(bench, ask('x', { max_completion_tokens: 10 }))).json.choices[0].finish_reason,
        'length',
    );
}

async function responseFormats(bench) {
    await chat(bench, ask('x', { response_format: { type: 'json_object' } }));
    includes('json_object is asked for', JSON.stringify(lastChat(bench)), 'JSON');
    const schema = { type: 'object', properties: { marker_of_the_schema: { type: 'string' } } };
    await chat(
        bench,
        ask('x', { response_format: { type: 'json_schema', json_schema: { name: 's', schema } } }),
    );
    includes('the schema arrives', seen(bench), 'marker_of_the_schema');
    equal(
        'reasoning_effort is off',
        (await chat(bench, ask('x', { reasoning_effort: 'high' }))).status,
        200,
    );
    equal('and sends nothing', lastChat(bench).additionalModelRequestFields, undefined);
    equal(
        'sampling is taken',
        (await chat(bench, ask('x', { temperature: 0, top_p: 1, seed: 1, presence_penalty: 0 })))
            .status,
        200,
    );
}

async function withTheSdk(bench) {
    const client = bench.openai;
    equal(
        'create',
        (await client.chat.completions.create(ask('hi'))).choices[0].message.content,
        'You said: hi',
    );
    let text = '';
    for await (const chunk of await client.chat.completions.create(ask('hi', { stream: true })))
        text += chunk.choices[0]?.delta.content ?? '';
    equal('stream: true', text, 'You said: hi');
    const final = await client.chat.completions.stream(ask('hi')).finalChatCompletion();
    equal('the helper', final.choices[0].message.content, 'You said: hi');
}

const groups = {
    plainChat,
    seedExamples,
    withTheSdk,
    conversationRepairs,
    promptsInOrder,
    badConversations,
    images,
    reasoningAndUsage,
    finishReasons,
    serverSideLimits,
    severalChoices,
    responseFormats,
    parallelStreams,
};

export async function chatSuite(wanted) {
    for (const dialect of ['awsjson', 'rest']) {
        await withBench({ server: ['--dialect', dialect] }, async (bench) => {
            for (const [name, run] of Object.entries(groups)) {
                const title = `${name} (${dialect})`;
                if (!wanted(title)) continue;
                bench.stand_in.reset();
                await group(title, () => run(bench));
                const [broken] = bench.stand_in.chats.filter((call) => call.violation);
                equal(`${title}: no rule was broken`, broken?.violation, undefined);
                check(
                    `${title}: in its dialect`,
                    bench.stand_in.chats.every((call) => call.dialect === dialect),
                );
            }
        });
    }
}
