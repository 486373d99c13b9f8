// Our server as a process of its own, in a home of its own, in front of a stand-in.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { check, slowness } from './checks.mjs';
import { buildFolder, npmPackage } from './packages.mjs';
import { startStandIn } from './stand_in.mjs';

const { OpenAI } = npmPackage('openai');
// Another program with the same command line may be put in its place.
const binary = process.env.AMAZON_Q_SERVER ?? path.join(buildFolder, 'amazon-q-server');
const running = new Set();
const homes = [];
process.on('exit', () => {
    running.forEach((child) => child.kill('SIGKILL'));
    homes.forEach((home) => rmSync(home, { recursive: true, force: true }));
});

// What test/run tells a sanitizer in the server.
const sanitizer_options = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => name.endsWith('SAN_OPTIONS')),
);

// A home that knows of no credentials, and of no proxy between us and the stand-in.
function environment(home, more) {
    return {
        PATH: process.env.PATH,
        HOME: home,
        XDG_DATA_HOME: path.join(home, 'data'),
        ...sanitizer_options,
        ...more,
    };
}

function launch(args, env) {
    const child = spawn(binary, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    child.out = '';
    child.log = '';
    child.stdout.on('data', (data) => {
        child.out += data;
    });
    child.stderr.on('data', (data) => {
        child.log += data;
    });
    child.ended = new Promise((done) => {
        const end = (status) => {
            running.delete(child);
            done(status);
        };
        child.on('close', end);
        child.on('error', (error) => {
            child.log += error;
            end(127);
        });
    });
    return child;
}

// Runs a subcommand to its end: {status, out, log, home}.
export async function runCommand(args, { home, env = {}, limit_ms = 20_000 * slowness } = {}) {
    const child = launch(args, environment(home, env));
    const timer = setTimeout(() => child.kill('SIGKILL'), limit_ms);
    const status = await child.ended;
    clearTimeout(timer);
    return { status, out: child.out, log: child.log, text: child.out + child.log };
}

export function newHome() {
    homes.push(mkdtempSync(path.join(tmpdir(), 'amazon-q-test-')));
    return homes.at(-1);
}

export function credentials(more = {}) {
    return {
        accessToken: 'test-access',
        refreshToken: 'test-refresh',
        expiresAt: new Date(Date.now() + 3600_000).toISOString(),
        clientId: 'test-client',
        clientSecret: 'test-secret',
        region: 'us-east-1',
        startUrl: 'https://view.awsapps.com/start',
        ...more,
    };
}

export async function waitUntil(condition, limit_ms = 5000) {
    const end = performance.now() + limit_ms * slowness;
    while (performance.now() < end) {
        const value = condition();
        if (value) return value;
        await sleep(5);
    }
    return condition();
}

async function addressOf(child) {
    const found = () => /http:\/\/[^\s/]*:(\d+)/.exec(child.out);
    await waitUntil(() => found() || !running.has(child), 10_000);
    if (!found()) throw new Error(`the server printed no address: ${child.out}${child.log}`);
    return `http://127.0.0.1:${found()[1]}`;
}

// Lets a server drain and cuts what still runs then. It must leave in order, and only when told
// to: a crash or a sanitizer's report shows in its status.
async function leave(child) {
    const left_untold = !running.has(child);
    for (const patience_ms of [500, 5000]) {
        if (!running.has(child)) break;
        child.kill('SIGTERM');
        await waitUntil(() => !running.has(child), patience_ms);
    }
    child.kill('SIGKILL');
    const status = await child.ended;
    check(
        'the server leaves when told to, not otherwise',
        !left_untold && (status === 0 || status === 1),
        `exit code ${status}: ${child.log}`,
    );
}

// A stand-in and a server in front of it. Options: `server` (more arguments), `env`, `settings`
// (of the stand-in), `stand_in` (one that runs already), `endpoint`, `file` (the credentials,
// null: none).
export async function startBench({
    server = [],
    env = {},
    settings = {},
    stand_in,
    endpoint,
    file = credentials(),
} = {}) {
    const upstream =
        stand_in ??
        (await startStandIn({
            settings: { opt_out_required: true, empty_content_with_results: false, ...settings },
        }));
    const home = newHome();
    const credentials_file = path.join(home, 'credentials.json');
    if (file) writeFileSync(credentials_file, JSON.stringify(file), { mode: 0o600 });
    const child = launch(
        [
            'server',
            '--backend',
            'amazon-q',
            '--host',
            '127.0.0.1',
            '--port',
            '0',
            '--log-level',
            'warn',
            '--workers',
            '1',
            '--endpoint',
            endpoint ?? upstream.url,
            '--oidc-endpoint',
            upstream.url,
            ...(file ? ['--credentials', credentials_file] : []),
            ...server,
        ],
        environment(home, env),
    );
    const url = await addressOf(child);
    return {
        url,
        home,
        stand_in: upstream,
        credentials_file,
        process: child,
        openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 }),
        credentials: () => JSON.parse(readFileSync(credentials_file, 'utf8')),
        memory_kib: () =>
            Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]),
        async close() {
            await leave(child);
            if (!stand_in) await upstream.close();
        },
    };
}

// Runs `use` with a bench of its own.
export async function withBench(options, use) {
    const bench = await startBench(options);
    try {
        return await use(bench);
    } finally {
        await bench.close();
    }
}
