// Counts what holds. A group is one named set of checks; an exception in it is one failure.
import { isDeepStrictEqual, inspect } from 'node:util';

let passed = 0;
let failed = 0;
let skipped = 0;
let current = '';

// Under a sanitizer the server is slower, by this factor, and its memory tells nothing.
export const slowness = Number(process.env.SLOWNESS ?? 1);
const sanitizer = process.env.SANITIZER;

function fail(what, detail) {
    failed += 1;
    console.log(`FAILED ${current}: ${what}${detail ? `\n    ${detail}` : ''}`);
}

export function check(what, condition, detail = '') {
    if (condition) passed += 1;
    else
        fail(
            what,
            typeof detail === 'string' ? detail : inspect(detail, { depth: 6, breakLength: 120 }),
        );
    return Boolean(condition);
}

// A check of memory or processor time.
export function cost(what, condition, detail) {
    if (!sanitizer) return check(what, condition, detail);
    skipped += 1;
    console.log(`SKIPPED ${current}: ${what}: not to be measured under ${sanitizer}`);
    return true;
}

const shown = (value) => inspect(value, { depth: 6, maxStringLength: 300, breakLength: 120 });

export function equal(what, actual, expected) {
    return check(
        what,
        isDeepStrictEqual(actual, expected),
        `got ${shown(actual)}, expected ${shown(expected)}`,
    );
}

export function includes(what, text, part) {
    return check(
        what,
        String(text).includes(part),
        `${shown(text)} does not include ${shown(part)}`,
    );
}

// The error that a promise is rejected with; a failure if it is not.
export async function rejection(what, promise) {
    try {
        const value = await promise;
        fail(what, `no error, but ${shown(value)}`);
        return {};
    } catch (error) {
        passed += 1;
        return error;
    }
}

// Runs one group. A group that hangs must not hide the others.
export async function group(name, run, limit_ms = 30_000 * slowness) {
    current = name;
    const begin = performance.now();
    let timer;
    const limit = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not done after ${limit_ms} ms`)), limit_ms);
    });
    try {
        await Promise.race([run(), limit]);
    } catch (error) {
        fail('it ran to its end', error.stack ?? String(error));
    } finally {
        clearTimeout(timer);
        if (process.env.VERBOSE)
            console.log(`${name}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    }
}

// Prints the closing line and answers the exit status.
export function summary() {
    console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
    return failed === 0 ? 0 : 1;
}
