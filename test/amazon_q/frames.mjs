// Event-stream frames, encoded by the official codec: whatever our server decodes from here was
// framed by code that is not ours. Damage is done to finished frames.
import { npmPackage } from './packages.mjs';

const { EventStreamCodec } = npmPackage('@smithy/eventstream-codec');
const { toUtf8, fromUtf8 } = npmPackage('@smithy/util-utf8');
const codec = new EventStreamCodec(toUtf8, fromUtf8);

const prelude_bytes = 12;
const crc_bytes = 4;

function encode(headers, payload) {
    const typed = Object.entries(headers).map(([name, value]) => [name, { type: 'string', value }]);
    return Buffer.from(
        codec.encode({ headers: Object.fromEntries(typed), body: fromUtf8(payload) }),
    );
}

// One event. A string payload is sent as it stands, so that tests choose every escape themselves.
export function eventFrame(type, payload) {
    return encode(
        { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' },
        typeof payload === 'string' ? payload : JSON.stringify(payload),
    );
}

export function exceptionFrame(type, payload) {
    return encode(
        {
            ':exception-type': type,
            ':content-type': 'application/json',
            ':message-type': 'exception',
        },
        JSON.stringify(payload),
    );
}

// An error that the service does not model: everything is in the headers.
export function errorFrame(code, message) {
    return encode({ ':message-type': 'error', ':error-code': code, ':error-message': message }, '');
}

export function decodeFrame(bytes) {
    const { headers, body } = codec.decode(bytes);
    const values = Object.entries(headers).map(([name, header]) => [name, header.value]);
    return { headers: Object.fromEntries(values), payload: toUtf8(body) };
}

const damages = {
    'message-crc': (frame) => {
        frame[frame.length - 1] ^= 0xff;
    },
    'prelude-crc': (frame) => {
        frame[prelude_bytes - 1] ^= 0xff;
    },
    payload: (frame) => {
        frame[frame.length - crc_bytes - 1] ^= 0x01;
    },
    'total-length': (frame) => {
        frame.writeUInt32BE(15, 0);
    },
};

export function damagedFrame(frame, kind) {
    const copy = Buffer.from(frame);
    damages[kind](copy);
    return copy;
}

// A prelude that is correct in itself and announces a frame of that many bytes.
export function announcedFrame(total_bytes) {
    const bytes = Buffer.alloc(prelude_bytes);
    bytes.writeUInt32BE(total_bytes, 0);
    bytes.writeUInt32BE(0, 4);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
    return bytes;
}

function crc32(bytes) {
    let crc = 0xffffffff;
    for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; ++bit) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return (crc ^ 0xffffffff) >>> 0;
}
