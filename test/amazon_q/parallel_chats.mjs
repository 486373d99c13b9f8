// Several generations at the same time: choices of one request, and requests of many clients.
import { check, equal, slowness } from './checks.mjs';
import { ask, chat, stream } from './chat_client.mjs';

export async function severalChoices(bench) {
    bench.stand_in.reset();
    const two = await chat(bench, ask('twice', { n: 2 }));
    equal(
        'indexes',
        two.json.choices?.map((choice) => choice.index),
        [0, 1],
    );
    check(
        'both answered',
        two.json.choices?.every((choice) => choice.message.content === 'You said: twice'),
        two.json,
    );
    equal('two calls', bench.stand_in.chats.length, 2);
    const streamed = await stream(bench, ask('twice', { n: 2 }));
    for (const index of [0, 1]) {
        const { text, roles, finishes } = streamed.choice(index);
        equal(`choice ${index}`, [text, roles, finishes], ['You said: twice', 1, ['stop']]);
    }
}

export async function parallelStreams(bench) {
    bench.stand_in.reset();
    bench.stand_in.script({ frame_delay_ms: 20, times: 20 });
    const begin = performance.now();
    const texts = Array.from({ length: 20 }, (_, i) => `stream number ${i} of them`);
    const answers = await Promise.all(texts.map((text) => stream(bench, ask(text))));
    equal(
        'each its own',
        answers.map((answer) => answer.text),
        texts.map((text) => `You said: ${text}`),
    );
    const taken_ms = performance.now() - begin;
    check('at the same time', taken_ms < 3000 * slowness, `${taken_ms} ms`);
}
