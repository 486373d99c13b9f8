// What the JavaScript suites share: where the servers are, and the counting of checks.
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

export const base = process.env.BASE_URL;
export const keyed = process.env.KEYED_URL;
export const key = process.env.API_KEY;
const clients = process.env.CLIENTS;
const verbose = Boolean(process.env.VERBOSE);
// How many times as long as usual everything may take: more than once under a sanitizer.
export const slowness = Number(process.env.SLOWNESS ?? 1);
let passed = 0, failed = 0, skipped = 0;

export function check(name, ok, detail = '') {
    if (ok) {
        passed++;
        if (verbose) console.log(`ok    ${name}`);
    } else {
        failed++;
        console.log(`FAIL  ${name}\n      ${String(detail).slice(0, 700)}`);
    }
    return Boolean(ok);
}

export function equal(name, got, want) {
    const [left, right] = [JSON.stringify(got), JSON.stringify(want)];
    return check(name, left === right, `got  ${left?.slice(0, 330)}\n      want ${right?.slice(0, 330)}`);
}

// Runs one test; what it throws is a failed check.
export async function test(name, body) {
    try {
        await deadline(body(), 60_000);
    } catch (problem) {
        check(name, false, problem?.stack ?? problem);
    }
}

export function deadline(promise, usual_milliseconds) {
    const milliseconds = usual_milliseconds * slowness;
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no end within ${milliseconds} ms`)), milliseconds);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// The error that the body throws, or null.
export async function thrown(body) {
    try {
        await body();
        return null;
    } catch (error) {
        return error;
    }
}

export function skip(name, why) {
    skipped++;
    console.log(`SKIP  ${name}: ${why}`);
}

// A client package installed below BUILD/clients, or null when it could not be.
export async function load(folder, name) {
    const root = path.resolve(clients, folder);
    if (!existsSync(path.join(root, 'stamp'))) return null;
    const require = createRequire(root + '/');
    try {
        return await import(pathToFileURL(require.resolve(name)));
    } catch (problem) {
        console.log(`      cannot load ${name} from ${folder}: ${problem.message.split('\n')[0]}`);
        return null;
    }
}

export function versionOf(folder) {
    return readFileSync(path.join(clients, folder, 'stamp'), 'utf8').trim();
}

export function finish() {
    console.log(`${passed} passed, ${failed} failed` + (skipped ? `, ${skipped} skipped` : ''));
    process.exit(failed ? 1 : 0);
}

export const texts = [
    'Hello', ' ', 'tabs\tand\nlines\r\n', 'quotes " and \\ backslashes', '\u0000\u0001\u001f\u007f\u0085',
    'line \u2028 and \u2029', 'caf\u00e9 \u6f22\u5b57 \ud55c\uad6d\uc5b4 \u0627\u0644\u0639', '\u{1f600} \u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u{1f1e9}\u{1f1ea}',
    '\ufeff BOM \ufffd \uffff \u{10ffff}', 'data: [DONE]\n\n', ': ping\n\nevent: x\n', '\\u0041 \\n', 'word '.repeat(500),
    '\u{1f600}'.repeat(200), "'; DROP TABLE users; --", '<script>alert(1)</script>', '${7*7} {{7*7}} %s %n',
];
