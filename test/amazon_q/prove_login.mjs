// The login side of the stand-in against the official OIDC client.
import { check, equal, group, rejection } from './checks.mjs';
import { conversation, generate, newClient, textOf, user } from './official_client.mjs';
import { npmPackage } from './packages.mjs';

const oidc = npmPackage('@aws-sdk/client-sso-oidc');
const grantType = 'urn:ietf:params:oauth:grant-type:device_code';
const startUrl = 'https://view.awsapps.com/start';
const registration = {
    clientName: 'stand-in proof',
    clientType: 'public',
    scopes: ['codewhisperer:completions', 'codewhisperer:conversations'],
};

async function beginLogin(client) {
    const registered = await client.send(new oidc.RegisterClientCommand(registration));
    const { clientId, clientSecret } = registered;
    const start = { clientId, clientSecret, startUrl };
    const device = await client.send(new oidc.StartDeviceAuthorizationCommand(start));
    const { deviceCode } = device;
    const token = (more) =>
        client.send(new oidc.CreateTokenCommand({ clientId, clientSecret, ...more }));
    return { registered, device, token, poll: () => token({ grantType, deviceCode }) };
}

async function deviceLogin(stand_in, client) {
    stand_in.reset({ login: { pending: 2, interval_s: 0 } });
    const { registered, device, poll } = await beginLogin(client);
    check('a registration', registered.clientSecretExpiresAt > Date.now() / 1000, registered);
    check('a code to show', device.verificationUriComplete.includes(device.userCode), device);
    for (const attempt of [1, 2]) {
        const error = await rejection(`pending ${attempt}`, poll());
        check(`its type ${attempt}`, error instanceof oidc.AuthorizationPendingException, error);
    }
    const token = await poll();
    check('a token', token.accessToken && token.refreshToken && token.expiresIn === 3600, token);
    const chat = newClient(stand_in, 'rest', 'generateAssistantResponse', token.accessToken);
    equal('opens the chat', textOf(await generate(chat, conversation(user('hi')))), 'You said: hi');
    chat.destroy();
    await rejection('a code serves once', poll());
}

// Settings of a login, and the exception at the first poll.
const endings = [
    [{ slow_down: 1 }, 'SlowDownException', 'slow_down'],
    [{ outcome: 'access_denied' }, 'AccessDeniedException', 'access_denied'],
    [{ outcome: 'expired_token' }, 'ExpiredTokenException', 'expired_token'],
    [{ expires_s: -1 }, 'ExpiredTokenException', 'expired_token'],
];
const scripted = {
    invalid_request: 'InvalidRequestException',
    invalid_scope: 'InvalidScopeException',
    unauthorized_client: 'UnauthorizedClientException',
    unsupported_grant_type: 'UnsupportedGrantTypeException',
    server_error: 'InternalServerException',
};

async function loginErrors(stand_in, client) {
    for (const [settings, type, code] of endings) {
        stand_in.reset({ login: { interval_s: 0, ...settings } });
        const { poll } = await beginLogin(client);
        const error = await rejection(type, poll());
        check(`a ${type}`, error instanceof oidc[type], error);
        equal(`${type}: its code`, error.error, code);
    }
    stand_in.reset({ login: { pending: 5, interval_s: 1 } });
    const { poll } = await beginLogin(client);
    await rejection('pending', poll());
    const hasty = await rejection('hasty', poll());
    check('hasty polling is slowed down', hasty instanceof oidc.SlowDownException, hasty);
    for (const [fault, type] of Object.entries(scripted)) {
        stand_in.script({ operation: 'token', fault });
        const error = await rejection(fault, poll());
        check(`a ${type}`, error instanceof oidc[type], error);
    }
}

async function refresh(stand_in, client) {
    stand_in.reset({ login: { interval_s: 0 } });
    const { poll, token } = await beginLogin(client);
    const renew = (refreshToken, more) =>
        token({ grantType: 'refresh_token', refreshToken, ...more });
    const first = await poll();
    const second = await renew(first.refreshToken);
    check('a new access token', second.accessToken !== first.accessToken, second);
    check('a new refresh token', second.refreshToken !== first.refreshToken, second);
    const again = await rejection('again', renew(first.refreshToken));
    check('the old one is used up', again instanceof oidc.InvalidGrantException, again);
    const wrong = await rejection('wrong', renew(second.refreshToken, { clientSecret: 'wrong' }));
    check('a wrong secret', wrong instanceof oidc.InvalidClientException, wrong);
    equal('has its own status', wrong.$metadata?.httpStatusCode, 401);
    await otherForms(stand_in, second.refreshToken);
}

async function otherForms(stand_in, refreshToken) {
    const headers = { 'content-type': 'application/json' };
    const post = (path, init) => fetch(`${stand_in.url}${path}`, { method: 'POST', ...init });
    const social = await post('/refreshToken', { headers, body: JSON.stringify({ refreshToken }) });
    const { profileArn } = await social.json();
    check('a social refresh names the profile', profileArn?.startsWith('arn:aws:codewhisperer:'));
    const form = await post('/token', { body: new URLSearchParams({ refreshToken }) });
    equal('form encoding is refused', form.status, 400);
    const snake = await post('/token', {
        headers,
        body: JSON.stringify({ grant_type: 'refresh_token' }),
    });
    equal('snake case is refused', snake.status, 400);
}

export async function proveLogin(stand_in) {
    const client = new oidc.SSOOIDCClient({
        region: 'us-east-1',
        endpoint: stand_in.url,
        maxAttempts: 1,
    });
    for (const [name, run] of Object.entries({ deviceLogin, loginErrors, refresh })) {
        await group(name, () => run(stand_in, client));
    }
    client.destroy();
}
