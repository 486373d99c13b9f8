// AWS Signature Version 4, verified with nothing but node's crypto: independent of our server's
// signer and of the official one.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, data) => createHmac('sha256', key).update(data).digest();

function parseAuthorization(value) {
    const match =
        /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
            value,
        );
    if (!match) return undefined;
    const [, key_id, date, region, service, signed, signature] = match;
    return { key_id, date, region, service, signed: signed.split(';'), signature };
}

function canonicalQuery(query) {
    const encode = (text) =>
        encodeURIComponent(text).replace(
            /[!'()*]/g,
            (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
        );
    return [...new URLSearchParams(query)]
        .map(([name, value]) => `${encode(name)}=${encode(value)}`)
        .sort()
        .join('&');
}

// Why the signature is not that of `credentials` ({access_key_id, secret_access_key,
// session_token}), or undefined. `request`: {method, path, query, headers, body}.
export function signatureProblem(request, credentials, now = Date.now()) {
    const parsed = parseAuthorization(request.headers.authorization ?? '');
    if (!parsed) return 'the authorization field is malformed';
    const { key_id, date, region, service, signed, signature } = parsed;
    const stamp = request.headers['x-amz-date'] ?? '';
    if (key_id !== credentials.access_key_id) return 'the key id is unknown';
    if (service !== 'q') return `the service is ${service}`;
    if (region !== credentials.region) return `the region is ${region}`;
    if (!stamp.startsWith(date)) return 'x-amz-date and the scope differ';
    if (
        Math.abs(
            now - Date.parse(stamp.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5')),
        ) >
        5 * 60_000
    )
        return 'x-amz-date is not now';
    const wanted = [
        'host',
        'x-amz-date',
        ...(credentials.session_token ? ['x-amz-security-token'] : []),
    ];
    const unsigned = wanted.find((name) => !signed.includes(name));
    if (unsigned) return `${unsigned} is not signed`;
    if (
        credentials.session_token &&
        request.headers['x-amz-security-token'] !== credentials.session_token
    )
        return 'the session token is wrong';
    if (signed.join() !== [...signed].sort().join()) return 'the signed fields are not in order';

    const fields = signed
        .map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`)
        .join('');
    const canonical = [
        request.method,
        request.path,
        canonicalQuery(request.query),
        fields,
        signed.join(';'),
        sha256(request.body),
    ].join('\n');
    const scope = `${date}/${region}/${service}/aws4_request`;
    const key = [date, region, service, 'aws4_request'].reduce(
        hmac,
        `AWS4${credentials.secret_access_key}`,
    );
    const expected = hmac(key, ['AWS4-HMAC-SHA256', stamp, scope, sha256(canonical)].join('\n'));
    return timingSafeEqual(expected, Buffer.from(signature, 'hex'))
        ? undefined
        : 'the signature differs';
}
