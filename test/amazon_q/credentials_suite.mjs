// Credentials: read, refreshed once for everybody, written back safely, and missed with a clear
// word.
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { check, equal, group, includes } from './checks.mjs';
import { ask, chat, stream } from './chat_client.mjs';
import { credentials, newHome, runCommand, withBench } from './server_process.mjs';

const past = new Date(Date.now() - 60_000).toISOString();
const advice = 'amazon-q-server login';
const twentyAtOnce = (bench) =>
    Promise.all(Array.from({ length: 20 }, (_, i) => stream(bench, ask(`number ${i}`))));
const allAnswered = (answers) =>
    equal(
        'all are answered',
        answers.map((answer) => answer.text),
        answers.map((_, i) => `You said: number ${i}`),
    );

function writtenBack(bench, inode) {
    const { refreshToken, accessToken } = bench.credentials();
    const [issued] = bench.stand_in
        .of('token')
        .map((call) => call.answer)
        .filter((answer) => answer.accessToken);
    equal(
        'the new tokens are in the file',
        [accessToken, refreshToken],
        [issued.accessToken, issued.refreshToken],
    );
    equal('for its owner only', (statSync(bench.credentials_file).mode & 0o777).toString(8), '600');
    check('replaced as a whole', statSync(bench.credentials_file).ino !== inode);
    equal(
        'nothing is left beside it',
        readdirSync(bench.home).filter((name) => name.startsWith('credentials')),
        ['credentials.json'],
    );
    check(
        'the end is in the future',
        Date.parse(bench.credentials().expiresAt) > Date.now() + 600_000,
        bench.credentials(),
    );
}

async function expiredToken(bench) {
    const { ino } = statSync(bench.credentials_file);
    bench.stand_in.login.revokeAccessTokens();
    bench.stand_in.script({ operation: 'token', head_delay_ms: 200 });
    allAnswered(await twentyAtOnce(bench));
    equal('one refresh for all', bench.stand_in.of('token').length, 1);
    writtenBack(bench, ino);
}

async function revokedToken(bench) {
    const { ino } = statSync(bench.credentials_file);
    await chat(bench, ask('warm'));
    bench.stand_in.login.revokeAccessTokens();
    bench.stand_in.script({ operation: 'token', head_delay_ms: 200 });
    allAnswered(await twentyAtOnce(bench));
    equal('one refresh for all', bench.stand_in.of('token').length, 1);
    writtenBack(bench, ino);
}

async function manyWorkers(bench) {
    bench.stand_in.login.revokeAccessTokens();
    bench.stand_in.script({ operation: 'token', head_delay_ms: 200 });
    allAnswered(await twentyAtOnce(bench));
    equal('one refresh for all workers', bench.stand_in.of('token').length, 1);
}

async function unrotatedToken(bench) {
    await chat(bench, ask('x'));
    equal('the old refresh token stays', bench.credentials().refreshToken, 'test-refresh');
}

async function refreshRefused(bench) {
    bench.stand_in.login.revokeAccessTokens();
    bench.stand_in.login.revokeRefreshTokens();
    const answer = await chat(bench, ask('x'));
    check('status', [401, 503].includes(answer.status), answer.raw);
    includes('what to do', answer.json.error.message, advice);
    equal('the file is kept', bench.credentials().refreshToken, 'test-refresh');
}

async function refreshFailsOnce(bench) {
    bench.stand_in.script({ operation: 'token', fault: 'server_error' });
    equal('is tried again', (await chat(bench, ask('x'))).status, 200);
}

// Another program has refreshed: its token is in the file, ours is used up.
async function rotatedByAnother(bench) {
    await chat(bench, ask('warm'));
    bench.stand_in.login.revokeAccessTokens();
    bench.stand_in.login.revokeRefreshTokens();
    bench.stand_in.login.addAccessToken('from-another', 3600);
    writeFileSync(
        bench.credentials_file,
        JSON.stringify(credentials({ accessToken: 'from-another', refreshToken: 'theirs' })),
        { mode: 0o600 },
    );
    equal('the file is read again', (await chat(bench, ask('x'))).status, 200);
}

async function withoutCredentials(bench) {
    equal('health', (await fetch(`${bench.url}/health`)).status, 200);
    for (const mode of [false, true]) {
        const answer = await chat(bench, ask('x', { stream: mode }));
        equal('503', answer.status, 503);
        includes('what to do', answer.json.error.message, `run: ${advice}`);
    }
    equal('nothing was asked', bench.stand_in.calls.length, 0);
    check(
        'the alias is listed',
        (await (await fetch(`${bench.url}/v1/models`)).json()).data?.some(
            (model) => model.id === 'amazon-q',
        ),
    );
}

const answered = async (bench) => equal('it is used', (await chat(bench, ask('x'))).status, 200);

const snake = {
    access_token: 'test-access',
    refresh_token: 'test-refresh',
    expires_at: '2099-01-01T00:00:00.123456789+02:00',
    client_id: 'test-client',
    client_secret: 'test-secret',
    region: 'us-east-1',
    start_url: 'https://view.awsapps.com/start',
};
const social = {
    accessToken: 'old',
    refreshToken: 'test-refresh',
    expiresAt: past,
    authMethod: 'social',
    provider: 'Google',
    region: 'us-east-1',
};

async function socialRefresh(bench) {
    await answered(bench);
    equal('by its own call', bench.stand_in.of('social').length, 1);
}

async function fromTheEnvironment(bench) {
    await answered(bench);
    const [call] = bench.stand_in.chats;
    equal(
        'SendMessage',
        call.headers['x-amz-target'],
        'AmazonQDeveloperStreamingService.SendMessage',
    );
    equal('the signature holds', call.signature_problem, undefined);
    equal('the source', call.body.source, 'CLI');
    const second = await stream(bench, ask('Grüße'));
    equal('streamed', second.text, 'You said: Grüße');
}

// Settings of the stand-in's key and what the environment holds.
const iam = {
    access_key_id: 'AKIDTEST',
    secret_access_key: 'secret-key-of-the-test',
    region: 'us-east-1',
};
const iam_env = {
    AMAZON_Q_SIGV4: '1',
    AWS_ACCESS_KEY_ID: iam.access_key_id,
    AWS_SECRET_ACCESS_KEY: iam.secret_access_key,
    AWS_REGION: 'us-east-1',
};

const groups = [
    ['an expired token', { file: credentials({ expiresAt: past }) }, expiredToken],
    ['a revoked token', {}, revokedToken],
    [
        'four workers',
        { file: credentials({ expiresAt: past }), server: ['--workers', '4'] },
        manyWorkers,
    ],
    [
        'a token about to expire',
        { file: credentials({ expiresAt: new Date(Date.now() + 120_000).toISOString() }) },
        expiredToken,
    ],
    [
        'a refresh token that stays',
        { file: credentials({ expiresAt: past }), settings: { login: { rotate: false } } },
        unrotatedToken,
    ],
    ['a refresh that is refused', { file: credentials({ expiresAt: past }) }, refreshRefused],
    ['a refresh that fails once', { file: credentials({ expiresAt: past }) }, refreshFailsOnce],
    ['rotated by another program', {}, rotatedByAnother],
    ['none', { file: null }, withoutCredentials],
    ['snake case', { file: snake }, answered],
    ['a social login', { file: social }, socialRefresh],
    ['SigV4', { file: null, env: iam_env }, fromTheEnvironment],
    [
        'SigV4 with a session',
        {
            file: null,
            env: { ...iam_env, AWS_SESSION_TOKEN: 'session/token+=' },
            settings: { iam: { ...iam, session_token: 'session/token+=' } },
        },
        fromTheEnvironment,
    ],
    [
        'SigV4 with a wrong secret',
        { file: null, env: { ...iam_env, AWS_SECRET_ACCESS_KEY: 'wrong' } },
        async (bench) => {
            check('is told', [401, 403, 502, 503].includes((await chat(bench, ask('x'))).status));
            check('no secret in the log', !bench.process.log.includes('wrong'), bench.process.log);
        },
    ],
];

// The login that Kiro keeps: found by itself, and never rewritten.
async function fromKiro() {
    const home = newHome();
    const cache = path.join(home, '.aws/sso/cache');
    mkdirSync(cache, { recursive: true });
    const { clientId, clientSecret, ...token } = credentials({
        authMethod: 'IdC',
        clientIdHash: 'abc123',
    });
    writeFileSync(path.join(cache, 'kiro-auth-token.json'), JSON.stringify(token));
    writeFileSync(
        path.join(cache, 'abc123.json'),
        JSON.stringify({ clientId, clientSecret, expiresAt: token.expiresAt }),
    );
    await withBench({ file: null, env: { HOME: home } }, answered);
}

async function secretsStayInside() {
    await withBench(
        { server: ['--log-level', 'debug'], file: credentials({ expiresAt: past }) },
        async (bench) => {
            await chat(bench, ask('x'));
            const { accessToken, refreshToken } = bench.credentials();
            const said = bench.process.log + bench.process.out;
            const leaked = [
                'test-access',
                'test-refresh',
                'test-secret',
                accessToken,
                refreshToken,
            ].filter((secret) => said.includes(secret));
            equal('no secret in the log', leaked, []);
        },
    );
}

async function badFiles() {
    for (const [what, text] of Object.entries({
        'no JSON': '{',
        'no token': '{}',
        'a list': '[]',
    })) {
        const home = newHome();
        const file = path.join(home, 'credentials.json');
        writeFileSync(file, text, { mode: 0o600 });
        const { status, text: said } = await runCommand(['status', '--credentials', file], {
            home,
        });
        check(
            `${what}: a clear word`,
            status !== 127 && said.length > 0 && !said.includes('terminate'),
            said,
        );
    }
}

export async function credentialsSuite(wanted) {
    for (const [name, options, run] of groups) {
        if (wanted(`credentials: ${name}`))
            await group(`credentials: ${name}`, () => withBench(options, run));
    }
    for (const [name, run] of Object.entries({ fromKiro, secretsStayInside, badFiles })) {
        if (wanted(`credentials: ${name}`)) await group(`credentials: ${name}`, run);
    }
}
