#!/usr/bin/env node
// Cline itself at work through our server:  node cline.mjs [BUILD]
// The program from npm gets a task and does it in a loop of tool calls that the stand-in asks for:
// it writes a file, reads it, edits it and runs a command, and sends every result back.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { check, equal, group, includes, slowness, summary } from './checks.mjs';
import { currentOf, historyOf } from './chat_client.mjs';
import { clientsFolder } from './packages.mjs';
import { newHome, withBench } from './server_process.mjs';

const program = path.join(
    clientsFolder,
    `cline/node_modules/@cline/cli-linux-${process.arch}/bin/cline`,
);
const key = 'sk-cline-0123456789';
const last_event = /^\{.*"type":"run_result".*\n/m;
const limit_ms = 60_000 * slowness;

// Cline in a home of its own, until it leaves or has said its last word: it would stay for many
// seconds after that, to reach its makers at a port that is closed here.
function cline(home, args, last_word) {
    const env = {
        PATH: process.env.PATH,
        HOME: home,
        HTTPS_PROXY: 'http://127.0.0.1:9',
        NO_PROXY: '127.0.0.1',
        // No daemon that would live on.
        CLINE_SESSION_BACKEND_MODE: 'local',
    };
    const child = spawn(program, [...args, '--data-dir', path.join(home, 'data')], {
        cwd: path.join(home, 'project'),
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: limit_ms,
        killSignal: 'SIGKILL',
    });
    let output = '';
    const hear = (data) => {
        output += data;
        if (last_word.test(output)) child.kill('SIGKILL');
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', hear);
    return new Promise((done) => {
        child.on('error', (error) => done(String(error)));
        child.on('close', () => done(output));
    });
}

// A home with a project in it, where Cline knows our server as its OpenAI-compatible provider.
async function configured(bench) {
    const home = newHome();
    mkdirSync(path.join(home, 'project'));
    const told = await cline(
        home,
        [
            ...['auth', '--provider', 'openai', '--apikey', key],
            ...['--modelid', 'amazon-q', '--baseurl', `${bench.url}/v1`],
        ],
        /configured/,
    );
    includes('it is configured', told, 'configured');
    return home;
}

// Gives it a task; the event with which it ends, {} if none came.
async function result(home, task) {
    const output = await cline(home, ['--json', task], last_event);
    const [line] = last_event.exec(output) ?? [];
    check('it comes to an end', line, output.slice(-2000));
    return line ? JSON.parse(line) : {};
}

const contentOf = (file) => existsSync(file) && readFileSync(file, 'utf8');
const resultsOf = (call) => currentOf(call.body).userInputMessageContext?.toolResults ?? [];

async function toolLoop(bench) {
    const home = await configured(bench);
    const file = path.join(home, 'project/greeting.txt');
    const text = 'Grüße, "世界" 🎈\n\tC:\\temp\n';
    const answer = path.join(home, 'project/answer.txt');
    const command = 'echo $((6 * 7)) >answer.txt; cat answer.txt';
    bench.stand_in.script(
        {
            reasoning: 'A file is wanted.',
            text: 'I write it.',
            calls: [{ name: 'editor', input: { path: file, new_text: text } }],
        },
        { calls: [{ name: 'read_files', input: { files: [{ path: file }] } }] },
        {
            text: 'Two things at once.',
            calls: [
                { name: 'editor', input: { path: file, old_text: '世界', new_text: 'world' } },
                { name: 'run_commands', input: { commands: [command] } },
            ],
        },
        // What the server tries again by itself.
        { fault: 'throttled', match: 'answer.txt' },
        { text: 'The greeting is written.', match: 'answer.txt' },
    );
    const end = await result(home, 'Write a greeting into greeting.txt');
    equal('it ends well', [end.finishReason, end.text], ['completed', 'The greeting is written.']);
    equal('the file was written and edited', contentOf(file), text.replace('世界', 'world'));
    equal('the command was run', contentOf(answer), '42\n');

    const turns = bench.stand_in.chats.filter((call) => !call.refusal);
    equal('turns', turns.length, 4);
    const results = turns.map(resultsOf);
    equal('a result for every call', results.map((each) => each.length), [0, 1, 1, 2]);
    check(
        'all succeeded',
        results.flat().every((each) => each.status === 'success'),
        results,
    );
    includes('what it read comes back', JSON.stringify(results[2]), '世界');
    includes('what it ran comes back', JSON.stringify(results[3]), '42');
    const [first] = turns;
    includes('the task arrives', currentOf(first.body).content, 'Write a greeting');
    equal('the history grows', turns.map((call) => historyOf(call.body).length), [0, 2, 4, 6]);
}

// An error reaches the user as what it is.
async function toldErrors(bench) {
    const home = await configured(bench);
    bench.stand_in.script({ fault: 'suspended', times: 20 });
    const end = await result(home, 'Say hello');
    equal('it fails', end.finishReason, 'error');
    includes('in plain words', end.text, 'AWS has suspended your Amazon Q account');
}

await withBench({ server: ['--api-key', key] }, async (bench) => {
    for (const run of [toolLoop, toldErrors]) {
        bench.stand_in.reset();
        await group(run.name, () => run(bench), 2 * limit_ms);
        const broken = bench.stand_in.chats.find((call) => call.violation);
        equal(`${run.name}: no rule was broken`, broken?.violation, undefined);
    }
});
process.exit(summary());
