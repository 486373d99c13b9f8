// What the service does wrong, and what the client is told: the failure tables, row by row.
import { check, cost, equal, group, includes } from './checks.mjs';
import { ask, chat, openStream, stream } from './chat_client.mjs';
import { waitUntil, withBench } from './server_process.mjs';

const quota = {
    status: [429],
    code: 'insufficient_quota',
    type: 'insufficient_quota',
    attempts: 1,
};
const overflow = {
    status: [400],
    code: 'context_length_exceeded',
    type: 'invalid_request_error',
    text: 'maximum context length',
    attempts: 1,
};
const busy = { status: [503, 429], retried: true, retry_after: true };

// Refusals before the first byte. `attempts`: exactly so many calls; `retried`: more than one.
const refusals = {
    throttled: { status: [429], code: 'rate_limit_exceeded', retried: true, retry_after: true },
    throttled_short: {
        status: [429],
        code: 'rate_limit_exceeded',
        retried: true,
        retry_after: true,
    },
    capacity: busy,
    monthly_quota: quota,
    monthly_quota_400: quota,
    daily_quota: quota,
    overage: quota,
    conversation_quota: quota,
    // Our credentials are refused also after the refresh.
    bad_token: { status: [401, 502, 503], attempts: 2 },
    suspended: { status: [403], text: 'suspended', attempts: 1 },
    feature: { status: [401, 403, 502], attempts: 1 },
    high_load: { status: [502, 503], retried: true },
    model_unavailable: { status: [502, 503], retried: true },
    unavailable: { status: [502, 503], retried: true },
    html_502: { status: [502, 503], without: '<' },
    empty_500: { status: [500, 502, 503] },
    context_overflow: overflow,
    prompt_too_long: overflow,
    invalid_model: { status: [404], code: 'model_not_found', attempts: 1 },
    improper: { status: [400], attempts: 1 },
    conflict: { status: [400], attempts: 1 },
    not_found: { status: [404], attempts: 1 },
};

// Other answers that are no stream; each is a 502 for the client.
const nonsense = {
    'a reset before the head': { reset: 'before-head' },
    'another content type': { content_type: 'text/html' },
    'a body without a frame': { empty: 'body' },
    'a stream without a word': { empty: 'text' },
    'a first frame that is broken': { damaged: { frame: 0, kind: 'prelude-crc' } },
    'a first frame that is cut': { cut_after: 0 },
    'an exception at once': { exception: { after: 0, message: 'at once' } },
};

// Faults after some text was delivered. Frame 0 and 1 are the metadata, text begins with frame 2.
const midstream = {
    'a wrong message CRC': { damaged: { frame: 5, kind: 'message-crc' } },
    'a wrong prelude CRC': { damaged: { frame: 5, kind: 'prelude-crc' } },
    'a flipped bit': { damaged: { frame: 5, kind: 'payload' } },
    'an impossible length': { damaged: { frame: 5, kind: 'total-length' } },
    'a cut frame': { cut_after: 5 },
    'a cut frame, with a length': { cut_after: 5, framing: 'length' },
    'a cut frame, closed': { cut_after: 5, framing: 'close' },
    'a reset': { reset_after: 5 },
    'an exception': { exception: { after: 5, message: 'in mid-stream' } },
    'an unmodelled exception': {
        exception: { after: 5, type: 'throttlingException', message: 'too fast' },
    },
    'an error message': { error: { after: 5, message: 'broken inside' } },
    'a frame of 64 MiB': { announced_bytes: { after: 5, bytes: 64 << 20 } },
};
const long_text = Array.from({ length: 12 }, (_, i) => `piece${i} `);

async function refusalsBeforeTheFirstByte(bench, fault, expected) {
    for (const mode of ['whole', 'stream']) {
        bench.stand_in.reset();
        bench.stand_in.script({ fault, times: 20 });
        const answer = await chat(bench, ask('x', { stream: mode === 'stream' }));
        const { error } = answer.json ?? {};
        check(
            `${fault} (${mode}): status`,
            expected.status.includes(answer.status),
            `${answer.status}: ${answer.raw}`,
        );
        equal(`${fault} (${mode}): an error object`, Object.keys(error ?? {}).sort(), [
            'code',
            'message',
            'param',
            'type',
        ]);
        if (!error) continue;
        if (expected.code) equal(`${fault} (${mode}): code`, error.code, expected.code);
        if (expected.type) equal(`${fault} (${mode}): type`, error.type, expected.type);
        if (expected.text) includes(`${fault} (${mode}): message`, error.message, expected.text);
        if (expected.without)
            check(
                `${fault} (${mode}): no markup`,
                !error.message.includes(expected.without),
                error.message,
            );
        check(
            `${fault} (${mode}): not only the service's words`,
            error.message !== 'Improperly formed request.',
            error.message,
        );
        if (expected.retry_after)
            check(
                `${fault} (${mode}): retry-after`,
                Number(answer.fields['retry-after']) >= 1,
                answer.fields,
            );
        const attempts = bench.stand_in.chats.length;
        if (expected.attempts) equal(`${fault} (${mode}): attempts`, attempts, expected.attempts);
        if (expected.retried)
            check(
                `${fault} (${mode}): retried, within bounds`,
                attempts > 1 && attempts <= 4,
                `${attempts} attempts`,
            );
    }
}

async function recovery(bench) {
    for (const fault of [
        'throttled',
        'capacity',
        'high_load',
        'unavailable',
        'model_unavailable',
    ]) {
        bench.stand_in.reset();
        bench.stand_in.script({ fault });
        const answer = await stream(bench, ask('again'));
        equal(
            `after one ${fault}`,
            [answer.status, answer.text, bench.stand_in.chats.length],
            [200, 'You said: again', 2],
        );
    }
    bench.stand_in.reset();
    bench.stand_in.script({ empty: 'text' });
    equal('after one empty stream', (await stream(bench, ask('again'))).text, 'You said: again');
}

async function answersThatAreNoStream(bench) {
    for (const [what, behaviour] of Object.entries(nonsense)) {
        for (const mode of [false, true]) {
            bench.stand_in.reset();
            bench.stand_in.script({ ...behaviour, times: 20 });
            const answer = await chat(bench, ask('x', { stream: mode }));
            check(
                `${what} (${mode ? 'stream' : 'whole'})`,
                [500, 502, 503, 504].includes(answer.status),
                `${answer.status} ${answer.raw}`,
            );
            check(`${what}: an error object`, answer.json?.error?.message, answer.raw);
        }
    }
}

async function faultsInMidStream(bench) {
    for (const [what, behaviour] of Object.entries(midstream)) {
        bench.stand_in.reset();
        const script = { text: long_text, frame_delay_ms: 10, ...behaviour };
        bench.stand_in.script(script, script);
        const answer = await stream(bench, ask('x'));
        equal(`${what}: begun`, [answer.status, answer.text.startsWith('piece0 ')], [200, true]);
        check(
            `${what}: an error event`,
            answer.error?.message && answer.error.type,
            answer.raw.slice(-400),
        );
        equal(`${what}: no finish`, answer.finishes, []);
        check(
            `${what}: [DONE] and a proper end`,
            answer.done && answer.complete,
            answer.raw.slice(-400),
        );
        equal(`${what}: not repeated`, bench.stand_in.chats.length, 1);
        const whole = await chat(bench, ask('x'));
        check(
            `${what}: whole`,
            whole.status >= 500 || whole.status === 429,
            `${whole.status} ${whole.raw}`,
        );
    }
}

async function sdkErrors(bench) {
    const { client, kinds } = {
        client: bench.openai,
        kinds: {
            monthly_quota: 'RateLimitError',
            context_overflow: 'BadRequestError',
            invalid_model: 'NotFoundError',
            unavailable: 'InternalServerError',
            suspended: 'PermissionDeniedError',
        },
    };
    for (const [fault, kind] of Object.entries(kinds)) {
        bench.stand_in.script({ fault, times: 5 });
        const error = await client.chat.completions.create(ask('x')).catch((caught) => caught);
        equal(`${fault} is a ${kind}`, error.constructor.name, kind);
        bench.stand_in.reset();
    }
    bench.stand_in.script({
        text: long_text,
        exception: { after: 5, message: 'in mid-stream' },
        frame_delay_ms: 10,
    });
    let text = '';
    const error = await (async () => {
        for await (const chunk of await client.chat.completions.create(ask('x', { stream: true })))
            text += chunk.choices[0]?.delta.content ?? '';
    })().catch((caught) => caught);
    check(
        'a loop over a stream throws',
        error?.constructor.name === 'APIError' && text.startsWith('piece0'),
        error ?? text,
    );
}

// The upstream call must end at once when the client has gone, wherever it was.
async function aborts(bench) {
    const situations = {
        'while the head is awaited': { head_delay_ms: 20_000 },
        'while the first byte is awaited': { first_byte_delay_ms: 20_000 },
        'in a stalled stream': { text: long_text, stall_after: 4 },
        'in a running stream': {
            text: Array.from({ length: 2000 }, () => 'x '),
            frame_delay_ms: 5,
        },
    };
    for (const [what, behaviour] of Object.entries(situations)) {
        const times = [];
        // The machine may be busy: the best of three counts.
        for (let attempt = 0; attempt < 3; ++attempt) times.push(await abortOnce(bench, behaviour));
        check(`${what}: dropped within 100 ms`, Math.min(...times) < 100, times);
        equal(`${what}: as gone`, bench.stand_in.chats.at(-1).outcome, 'gone');
    }
    equal(
        'and the server serves',
        (await stream(bench, ask('still there'))).text,
        'You said: still there',
    );
}

async function abortOnce(bench, behaviour) {
    bench.stand_in.reset();
    bench.stand_in.script(behaviour);
    const abort = new AbortController();
    const pending = fetch(`${bench.url}/v1/chat/completions`, {
        method: 'POST',
        signal: abort.signal,
        body: JSON.stringify(ask('x', { stream: true })),
    })
        .then((response) => response.text())
        .catch(() => {});
    await waitUntil(() => bench.stand_in.chats.length > 0);
    await new Promise((done) => setTimeout(done, 100));
    const begin = performance.now();
    abort.abort();
    await pending;
    await waitUntil(() => bench.stand_in.chats[0].ended_at);
    return bench.stand_in.chats[0].ended_at - begin;
}

// A client that does not read must stop the flow from the service, not fill our memory.
async function backpressure(bench) {
    bench.stand_in.script({ text: ['0123456789'.repeat(1000)], repeat_for_ever: true });
    const memory_before = bench.memory_kib();
    const { response, destroy } = await openStream(bench, ask('x'));
    response.pause();
    const call = bench.stand_in.chats[0];
    let before = -1;
    await waitUntil(() => {
        const still = before === call.sent_bytes && call.sent_bytes > 0;
        before = call.sent_bytes;
        // waitUntil asks every few ms: a quiet second tells that the flow has stopped.
        call.quiet = still ? (call.quiet ?? 0) + 1 : 0;
        return call.quiet > 100;
    }, 15_000);
    check(
        'the upstream is not read on',
        call.quiet > 100 && call.sent_bytes < 32 << 20,
        `${call.sent_bytes} bytes`,
    );
    const grown = bench.memory_kib() - memory_before;
    cost('memory stays small', grown < 16 << 10, `${grown} KiB more`);
    equal('others are served', (await stream(bench, ask('other'))).text, 'You said: other');
    const sent = call.sent_bytes;
    response.on('data', () => {});
    response.resume();
    check(
        'reading goes on',
        await waitUntil(() => call.sent_bytes > sent + (4 << 20), 10_000),
        `${call.sent_bytes - sent} bytes more`,
    );
    destroy();
    check('leaving ends it', await waitUntil(() => call.outcome === 'gone', 2000), call.outcome);
}

export async function faultsSuite(wanted) {
    for (const dialect of ['awsjson', 'rest']) {
        await withBench({ server: ['--dialect', dialect] }, async (bench) => {
            for (const [fault, expected] of Object.entries(refusals)) {
                const title = `refusal ${fault} (${dialect})`;
                if (wanted(title))
                    await group(
                        title,
                        () => refusalsBeforeTheFirstByte(bench, fault, expected),
                        120_000,
                    );
            }
        });
    }
    const groups = {
        recovery,
        answersThatAreNoStream,
        faultsInMidStream,
        sdkErrors,
        aborts,
        backpressure,
    };
    for (const [name, run] of Object.entries(groups)) {
        if (wanted(`faults: ${name}`))
            await withBench({}, (bench) => group(`faults: ${name}`, () => run(bench), 120_000));
    }
}
