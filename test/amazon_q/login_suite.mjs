// The subcommands login, status and logout against the stand-in's login calls.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { check, equal, group, includes } from './checks.mjs';
import { ask, chat } from './chat_client.mjs';
import { newHome, runCommand, withBench } from './server_process.mjs';
import { startStandIn } from './stand_in.mjs';

const start_url = 'https://example.awsapps.com/start';
const fileOf = (home) => path.join(home, 'data/amazon-q-server/credentials.json');

async function login(stand_in, home, more = [], limit_ms) {
    return runCommand(
        [
            'login',
            '--oidc-endpoint',
            stand_in.url,
            '--start-url',
            start_url,
            '--region',
            'us-east-1',
            ...more,
        ],
        { home, limit_ms },
    );
}

async function wholeLogin(stand_in) {
    stand_in.reset({ login: { pending: 2 } });
    const home = newHome();
    const { status, text } = await login(stand_in, home);
    equal('exit status', status, 0);
    includes('the code is shown', text, 'TEST-CODE');
    includes('and where to go', text, 'https://device.example.invalid/');
    const [register] = stand_in.of('register');
    check(
        'scopes',
        register.body.scopes?.includes('codewhisperer:conversations') &&
            register.body.clientType === 'public',
        register.body,
    );
    equal('the start URL', stand_in.of('device')[0].body.startUrl, start_url);
    equal('polled until granted', stand_in.of('token').length, 3);

    const file = fileOf(home);
    equal('mode', (statSync(file).mode & 0o777).toString(8), '600');
    const stored = JSON.parse(readFileSync(file, 'utf8'));
    const granted = stand_in.of('token').at(-1).answer;
    equal(
        'tokens',
        [stored.accessToken, stored.refreshToken, stored.region, stored.startUrl],
        [granted.accessToken, granted.refreshToken, 'us-east-1', start_url],
    );
    check(
        'the registration',
        stored.clientId && stored.clientSecret && Date.parse(stored.expiresAt) > Date.now(),
        Object.keys(stored),
    );
    check(
        'no token is shown',
        !text.includes(granted.accessToken) && !text.includes(granted.refreshToken),
        text,
    );

    await withBench(
        { stand_in, file: null, env: { XDG_DATA_HOME: path.join(home, 'data') } },
        async (bench) => {
            equal('the server finds it', (await chat(bench, ask('x'))).status, 200);
        },
    );
    const report = await runCommand(
        ['status', '--endpoint', stand_in.url, '--oidc-endpoint', stand_in.url],
        { home },
    );
    equal('status', report.status, 0);
    includes('status names the endpoint', report.text, stand_in.url);
    includes('status names the models', report.text, 'claude-sonnet-4.5');
    check('status shows no token', !report.text.includes(granted.accessToken), report.text);

    equal('logout', (await runCommand(['logout'], { home })).status, 0);
    check('the file is gone', !existsSync(file));
    const after = await runCommand(['status', '--endpoint', stand_in.url], { home });
    includes('status says so', after.text, 'amazon-q-server login');
}

async function builderId(stand_in) {
    stand_in.reset();
    const home = newHome();
    const { status } = await runCommand(['login', '--oidc-endpoint', stand_in.url], { home });
    equal('exit status', status, 0);
    equal(
        'Builder ID by default',
        stand_in.of('device')[0].body.startUrl,
        'https://view.awsapps.com/start',
    );
}

async function slowedDown(stand_in) {
    stand_in.reset({ login: { slow_down: 1 } });
    const { status } = await login(stand_in, newHome());
    equal('exit status', status, 0);
    const [first, second] = stand_in.of('token').map((call) => call.at);
    check('waits five seconds more', second - first > 5500, `${second - first} ms`);
}

const failures = {
    'a refusal': [{ outcome: 'access_denied' }, /denied|refused/i],
    'an expired code': [{ outcome: 'expired_token' }, /expired/i],
    'a code that expires meanwhile': [{ pending: 100, expires_s: 2 }, /expired|time/i],
};

async function failedLogins(stand_in) {
    for (const [what, [settings, word]] of Object.entries(failures)) {
        stand_in.reset({ login: settings });
        const home = newHome();
        const { status, text } = await login(stand_in, home);
        equal(`${what}: exit status`, status, 1);
        check(`${what}: says so`, word.test(text), text);
        check(`${what}: stores nothing`, !existsSync(fileOf(home)));
    }
    const { status, text } = await runCommand(['login', '--oidc-endpoint', 'http://127.0.0.1:1'], {
        home: newHome(),
    });
    check('an unreachable service', status === 1 && text.length > 0, text);
}

// Plain http would carry tokens over the network in the clear.
async function plainHttpElsewhere() {
    for (const option of ['--endpoint', '--oidc-endpoint']) {
        const { status, text } = await runCommand(
            ['server', '--backend', 'amazon-q', '--port', '0', option, 'http://q.example.invalid'],
            { home: newHome(), limit_ms: 5000 },
        );
        check(
            `${option} http elsewhere is refused`,
            [1, 2].includes(status) && /https|loopback/i.test(text),
            `${status} ${text}`,
        );
    }
}

export async function loginSuite(wanted) {
    const stand_in = await startStandIn({
        settings: { opt_out_required: true, empty_content_with_results: false },
    });
    for (const [name, run] of Object.entries({
        wholeLogin,
        builderId,
        slowedDown,
        failedLogins,
        plainHttpElsewhere,
    })) {
        if (wanted(`login: ${name}`)) await group(`login: ${name}`, () => run(stand_in), 60_000);
    }
    await stand_in.close();
}
