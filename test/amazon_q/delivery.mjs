// How an answer travels: frames become writes, and the connection is treated as the behaviour
// says. Frame borders, write borders and the end of the body are independent of each other, as on
// the wire.
import { once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

const never = 2 ** 31 - 1;

// Splits the frames into writes: "frame" (one each, the default), "all", or a number of bytes.
function writesOf(frames, size) {
    if (size === 'all') return [Buffer.concat(frames)];
    if (typeof size !== 'number') return frames;
    const body = Buffer.concat(frames);
    const writes = [];
    for (let i = 0; i < body.length; i += size) writes.push(body.subarray(i, i + size));
    return writes;
}

// The frames that are sent at all, and what happens after them.
function cutFrames(frames, behaviour) {
    if (behaviour.cut_after !== undefined) {
        const torn = frames[behaviour.cut_after];
        return [
            ...frames.slice(0, behaviour.cut_after),
            torn.subarray(0, Math.floor(torn.length / 2)),
        ];
    }
    const last = behaviour.reset_after ?? behaviour.stall_after;
    return last === undefined ? frames : frames.slice(0, last);
}

// True once the kernel has taken the bytes and the reader left room for more.
async function write(response, bytes) {
    if (response.destroyed) return false;
    if (response.write(bytes)) {
        // Writes of one turn would be joined into one packet.
        await nextTurn();
    } else {
        await Promise.race([once(response, 'drain'), once(response, 'close')]).catch(() => {});
    }
    return !response.destroyed;
}

async function pause(response, ms) {
    if (!ms) return;
    const gone = new AbortController();
    const stop = () => gone.abort();
    response.once('close', stop);
    await sleep(ms, undefined, { signal: gone.signal }).catch(() => {});
    response.off('close', stop);
}

function lengthFields(behaviour, frames) {
    if (behaviour.framing === 'length') {
        return { 'content-length': String(frames.reduce((sum, frame) => sum + frame.length, 0)) };
    }
    return {};
}

async function repeatForever(response, frames, call) {
    for (;;) {
        for (const frame of frames) {
            if (!(await write(response, frame))) return;
            call.sent_bytes += frame.length;
        }
    }
}

// Sends the answer; `call` (the log's entry) learns how far it came.
export async function deliver(response, frames, behaviour, fields, call) {
    // Not response.socket: that is not set while an earlier answer on the connection is not ended.
    const { socket } = response.req;
    socket.setNoDelay(true);
    await pause(response, behaviour.head_delay_ms);
    if (behaviour.interim === 100) response.writeContinue();
    if (behaviour.interim === 103) response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    if (behaviour.close === 'after-answer') response.setHeader('connection', 'close');
    const whole = cutFrames(frames, behaviour);
    response.useChunkedEncodingByDefault = behaviour.framing !== 'close';
    response.writeHead(200, {
        'content-type': behaviour.content_type ?? 'application/vnd.amazon.eventstream',
        ...fields,
        ...lengthFields(behaviour, whole),
    });
    response.flushHeaders();
    await pause(response, behaviour.first_byte_delay_ms);
    if (behaviour.repeat_for_ever) return repeatForever(response, whole, call);
    for (const bytes of writesOf(whole, behaviour.write)) {
        if (!(await write(response, bytes))) return;
        call.sent_bytes += bytes.length;
        call.first_sent_at ??= performance.now();
        await pause(response, behaviour.frame_delay_ms);
    }
    if (behaviour.reset_after !== undefined) return reset(socket);
    if (behaviour.stall_after !== undefined) await pause(response, never);
    if (!response.destroyed) response.end();
    if (behaviour.close === 'idle') response.once('finish', () => socket.end());
}

// RST where the runtime can send one: TLS sockets can only be destroyed.
export function reset(socket) {
    if (typeof socket.resetAndDestroy === 'function' && !socket.encrypted) socket.resetAndDestroy();
    else socket.destroy();
}
