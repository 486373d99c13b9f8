// TLS to the service: who is believed, and who is not.
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { check, equal, group } from './checks.mjs';
import { ask, chat, stream } from './chat_client.mjs';
import { Authority } from './certificates.mjs';
import { newHome, withBench } from './server_process.mjs';
import { startStandIn } from './stand_in.mjs';

async function withTls(pair, server, use, host = 'localhost', env = {}) {
    const stand_in = await startStandIn({
        ...pair,
        settings: { opt_out_required: true, empty_content_with_results: false },
    });
    try {
        const endpoint = `https://${host}:${stand_in.port}`;
        await withBench({ stand_in, endpoint, server, env }, use);
    } finally {
        await stand_in.close();
    }
}

const believed = async (bench) => {
    equal('answered', (await chat(bench, ask('x'))).status, 200);
    equal('streamed', (await stream(bench, ask('secret'))).text, 'You said: secret');
    bench.stand_in.script({ write: 1, text: 'byte by byte' });
    equal('byte by byte', (await stream(bench, ask('x'))).text, 'byte by byte');
    bench.stand_in.script({ text: 'x'.repeat(200), reset_after: 6, frame_delay_ms: 10 });
    const cut = await stream(bench, ask('x'));
    check(
        'cut without a farewell',
        cut.error && cut.done && cut.finishes.length === 0,
        cut.raw.slice(-300),
    );
};

const refused = async (bench) => {
    const answer = await chat(bench, ask('x'));
    equal('refused', answer.status, 502);
    check('with an error object', answer.json.error?.message, answer.raw);
    equal('no request was sent', bench.stand_in.calls.length, 0);
};

// A proxy that tunnels, wherever to, to this machine: {url, tunnels, close()}.
async function startProxy() {
    const proxy = { tunnels: [] };
    const server = http.createServer((_, response) => response.writeHead(405).end());
    server.on('connect', (request, client) => {
        proxy.tunnels.push(request.url);
        const { port } = new URL(`http://${request.url}`);
        const upstream = net.connect(Number(port), '127.0.0.1', () => {
            client.write('HTTP/1.1 200 Connection established\r\n\r\n');
            upstream.pipe(client).pipe(upstream);
        });
        for (const socket of [client, upstream])
            socket.on('error', () => [client, upstream].forEach((s) => s.destroy()));
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    proxy.url = `http://127.0.0.1:${server.address().port}`;
    proxy.close = () => server.close();
    return proxy;
}

async function throughAProxy(good, trusting) {
    const proxy = await startProxy();
    const answered = async (bench) =>
        equal('answered', (await stream(bench, ask('x'))).text, 'You said: x');
    await withTls(good, trusting, answered, 'service.test', { HTTPS_PROXY: proxy.url });
    check(
        'through the proxy',
        proxy.tunnels.length > 0 &&
            proxy.tunnels.every((target) => target.startsWith('service.test:')),
        proxy.tunnels,
    );
    const before = proxy.tunnels.length;
    await withTls(good, trusting, answered, 'localhost', { HTTPS_PROXY: proxy.url });
    equal('loopback goes around it', proxy.tunnels.length, before);
    const unreachable = async (bench) => equal('unreachable', (await chat(bench, ask('x'))).status, 502);
    await withTls(good, trusting, unreachable, 'service.test', {
        HTTPS_PROXY: proxy.url,
        NO_PROXY: 'example.com,service.test',
    });
    equal('NO_PROXY goes around it', proxy.tunnels.length, before);
    proxy.close();
}

export async function tlsSuite(wanted) {
    if (!wanted('tls')) return;
    const authority = new Authority(path.join(newHome(), 'authority'));
    const trusting = ['--ca-file', authority.file];
    const good = authority.issue('good');
    const cases = [
        ['a good certificate', good, trusting, believed],
        ['a good certificate, by address', good, trusting, believed, '127.0.0.1'],
        ['an authority that is not known', good, [], refused],
        [
            'an expired certificate',
            authority.issue('expired', { expired: true }),
            trusting,
            refused,
        ],
        [
            'another name',
            authority.issue('other', { names: 'DNS:other.example' }),
            trusting,
            refused,
        ],
        [
            'another address',
            authority.issue('address', { names: 'DNS:localhost' }),
            trusting,
            refused,
            '127.0.0.1',
        ],
        ['a self-signed certificate', authority.selfSigned('alone'), trusting, refused],
    ];
    for (const [name, pair, server, use, host] of cases) {
        await group(`tls: ${name}`, () => withTls(pair, server, use, host));
    }
    // Such a zone is read with sscanf, when a certificate's dates are checked.
    await group('tls: a time zone that names no file', () =>
        withTls(good, trusting, believed, 'localhost', { TZ: 'CET-1CEST' }));
    await group('tls: through a proxy', () => throughAProxy(good, trusting));
}
