// A page of another origin in headless Chromium: preflight, streaming reads, readable errors and request ids.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { base, check, deadline, equal, finish, key, keyed, load, skip, slowness, test } from './checks.mjs';

function chromium() {
    try {
        return execFileSync('sh', ['-c', 'command -v chromium || command -v chromium-browser']).toString().trim();
    } catch {
        return null;
    }
}

// An empty page on an origin of its own.
function servePage() {
    const server = http.createServer((_, response) => {
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        response.end('<!doctype html><title>page</title>');
    });
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

// Runs in the page: one request, with what a page may see of its answer.
async function askInPage({ url, method = 'POST', body, headers }) {
    const response = await fetch(url, { method, body: body && JSON.stringify(body), headers });
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let text = '', reads = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
        text += decoder.decode(part.value, { stream: true });
        reads++;
    }
    return { status: response.status, type: response.headers.get('content-type'), id: response.headers.get('x-request-id'), text, reads };
}

const content = (stream) => stream.split('\n\n').filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)).choices[0]?.delta.content ?? '').join('');
const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${key}`, 'X-Stainless-Lang': 'js', 'X-Stainless-Retry-Count': '0' };
const body = (message, members = {}) => ({ model: 'amazon-q', messages: [{ role: 'user', content: message }], ...members });

async function inPage(page) {
    const ask = (request) => deadline(page.evaluate(askInPage, request), 20_000);
    const chat = keyed + '/v1/chat/completions';
    const text = 'across origins \u6f22\u5b57 \u{1f600} \u2028 done';

    const completion = await ask({ url: chat, headers, body: body(text) });
    equal('completion', [completion.status, JSON.parse(completion.text).choices[0].message.content], [200, text]);
    check('completion: request id', completion.id, 'not exposed');

    const stream = await ask({ url: chat, headers, body: body(text, { stream: true }) });
    equal('stream', [stream.status, content(stream.text)], [200, text]);
    check('stream: type', stream.type.startsWith('text/event-stream'), stream.type);
    check('stream: ends with [DONE]', stream.text.endsWith('data: [DONE]\n\n'), stream.text.slice(-80));
    check('stream: request id', stream.id, 'not exposed');

    const pace = { 'x-echo': `delay=100;interval=${100 * slowness}` };
    const paced = await ask({ url: chat, headers: { ...headers, ...pace }, body: body('one two three four five', { stream: true }) });
    equal('paced stream', content(paced.text), 'one two three four five');
    check('paced stream: arrives in pieces', paced.reads >= 3, `${paced.reads} reads`);

    const bad = await ask({ url: chat, headers, body: body('x', { n: 0 }) });
    equal('error', [bad.status, JSON.parse(bad.text).error.param], [400, 'n']);
    check('error: request id', bad.id, 'not exposed');

    const refused = await ask({ url: chat, headers: { ...headers, Authorization: 'Bearer wrong' }, body: body('x') });
    equal('wrong key', [refused.status, JSON.parse(refused.text).error.code], [401, 'invalid_api_key']);
    const missing = await ask({ url: keyed + '/v1/nowhere', headers, body: {} });
    check('unknown path', missing.status === 404 && JSON.parse(missing.text).error.message, missing.text);
    const failing = await ask({ url: chat, headers: { ...headers, 'x-echo': 'error=500' }, body: body('x') });
    check('server error', failing.status === 500 && JSON.parse(failing.text).error.message, failing.text);

    const models = await ask({ url: keyed + '/v1/models', method: 'GET', headers: { Authorization: headers.Authorization } });
    check('models', JSON.parse(models.text).data.some((model) => model.id === 'amazon-q'), models.text);
    const open = await ask({ url: base + '/v1/chat/completions', body: body('a simple request without preflight') });
    equal('no preflight', JSON.parse(open.text).choices[0].message.content, 'a simple request without preflight');
    const health = await ask({ url: base + '/health', method: 'GET' });
    equal('health', health.status, 200);

    const aborted = await deadline(page.evaluate(async ({ url, given, request }) => {
        const control = new AbortController();
        const response = await fetch(url, { method: 'POST', headers: given, body: JSON.stringify(request), signal: control.signal });
        const reader = response.body.getReader();
        await reader.read();
        control.abort();
        return reader.read().then(() => 'went on', (error) => error.name);
    }, { url: chat, given: { ...headers, 'x-echo': 'interval=10;tokens=100000' }, request: body('x', { stream: true }) }), 20_000);
    equal('abort', aborted, 'AbortError');
}

async function run() {
    const playwright = await load('playwright', 'playwright-core');
    const executablePath = chromium();
    if (!playwright || !executablePath) return skip('Chromium', playwright ? 'not installed' : 'playwright-core is not installed');
    const profile = mkdtempSync(path.join(os.tmpdir(), 'amazon-q-chromium-'));
    const server = await servePage();
    let context;
    try {
        context = await (playwright.chromium ?? playwright.default.chromium).launchPersistentContext(profile, {
            executablePath, headless: true,
            args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
                '--disable-component-update', '--disable-sync'],
        });
    } catch (problem) {
        server.close();
        rmSync(profile, { recursive: true, force: true });
        return skip('Chromium', `does not start: ${problem.message.split('\n')[0]}`);
    }
    try {
        const page = await context.newPage();
        await page.goto(`http://127.0.0.1:${server.address().port}/`);
        await inPage(page);
    } finally {
        await context.close();
        server.close();
        rmSync(profile, { recursive: true, force: true });
    }
}

await test('Chromium', run);
finish();
