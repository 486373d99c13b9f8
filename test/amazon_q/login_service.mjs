// The stand-in's login side: the OIDC calls (client registration, device authorization, tokens)
// and the social refresh. It issues the access tokens that the chat side accepts.
import { randomUUID } from 'node:crypto';

const device_grant = 'urn:ietf:params:oauth:grant-type:device_code';

const failures = {
    authorization_pending: ['AuthorizationPendingException', 400],
    slow_down: ['SlowDownException', 400],
    expired_token: ['ExpiredTokenException', 400],
    access_denied: ['AccessDeniedException', 400],
    invalid_grant: ['InvalidGrantException', 400],
    invalid_client: ['InvalidClientException', 401],
    invalid_request: ['InvalidRequestException', 400],
    invalid_scope: ['InvalidScopeException', 400],
    unauthorized_client: ['UnauthorizedClientException', 400],
    unsupported_grant_type: ['UnsupportedGrantTypeException', 400],
    server_error: ['InternalServerException', 500],
};

function failure(error, description = `stand-in: ${error}`) {
    const [exception, status] = failures[error];
    return {
        status,
        fields: { 'x-amzn-errortype': exception },
        json: { error, error_description: description },
    };
}

export class LoginService {
    #clients = new Map(); // id -> secret
    #devices = new Map(); // device code -> how the login goes on
    #refresh_tokens = new Set();
    #access_tokens = new Map(); // token -> when it ends, in ms
    #issued = 0;

    settings = {}; // stand_in.mjs, default_settings.login

    constructor() {
        this.addClient('test-client', 'test-secret');
        this.addRefreshToken('test-refresh');
        this.addAccessToken('test-access', 3600);
    }

    addClient(id, secret) {
        this.#clients.set(id, secret);
    }
    addRefreshToken(token) {
        this.#refresh_tokens.add(token);
    }
    addAccessToken(token, lifetime_s) {
        this.#access_tokens.set(token, Date.now() + lifetime_s * 1000);
    }
    revokeAccessTokens() {
        this.#access_tokens.clear();
    }
    revokeRefreshTokens() {
        this.#refresh_tokens.clear();
    }
    accepts(token) {
        return (this.#access_tokens.get(token) ?? 0) > Date.now();
    }
    refreshTokens() {
        return [...this.#refresh_tokens];
    }

    // Which operation a request is, or undefined: it is not for this service.
    static operation(method, path) {
        if (method !== 'POST') return undefined;
        return {
            '/client/register': 'register',
            '/device_authorization': 'device',
            '/token': 'token',
            '/refreshToken': 'social',
        }[path];
    }

    // Answers {status, fields, json}. `scripted` is the name of a failure to give instead.
    answer(operation, headers, body, scripted) {
        if (headers['content-type'] !== 'application/json')
            return failure('invalid_request', 'content-type');
        if (scripted) return failure(scripted);
        let request;
        try {
            request = JSON.parse(body);
        } catch {
            return failure('invalid_request', 'not JSON');
        }
        const unknown = Object.keys(request).find((name) => name.includes('_'));
        if (unknown) return failure('invalid_request', `unknown member ${unknown}`);
        return this[`_${operation}`](request);
    }

    _register({ clientName, clientType, scopes }) {
        if (!clientName || clientType !== 'public')
            return failure('invalid_request', 'clientName, clientType');
        if ((scopes ?? []).some((scope) => !scope.startsWith('codewhisperer:')))
            return failure('invalid_scope');
        const clientId = `client-${randomUUID()}`;
        const clientSecret = `secret-${randomUUID()}`;
        this.addClient(clientId, clientSecret);
        const now = Math.floor(Date.now() / 1000);
        return {
            status: 200,
            json: {
                clientId,
                clientSecret,
                clientIdIssuedAt: now,
                clientSecretExpiresAt: now + 90 * 86400,
            },
        };
    }

    _device({ clientId, clientSecret, startUrl }) {
        if (this.#clients.get(clientId) !== clientSecret) return failure('invalid_client');
        if (!/^https?:\/\//.test(startUrl ?? '')) return failure('invalid_request', 'startUrl');
        const deviceCode = randomUUID();
        const { interval_s, expires_s } = this.settings;
        this.#devices.set(deviceCode, {
            pending: this.settings.pending,
            slow_down: this.settings.slow_down,
            clientId,
            ends: Date.now() + expires_s * 1000,
        });
        const verificationUri = 'https://device.example.invalid/';
        const userCode = 'TEST-CODE';
        return {
            status: 200,
            json: {
                deviceCode,
                userCode,
                verificationUri,
                verificationUriComplete: `${verificationUri}?user_code=${userCode}`,
                expiresIn: expires_s,
                interval: interval_s,
            },
        };
    }

    _token({ clientId, clientSecret, grantType, deviceCode, refreshToken }) {
        if (this.#clients.get(clientId) !== clientSecret) return failure('invalid_client');
        if (grantType === device_grant) return this.#poll(clientId, deviceCode);
        if (grantType === 'refresh_token') return this.#refresh(refreshToken);
        return failure(grantType ? 'unsupported_grant_type' : 'invalid_request');
    }

    _social({ refreshToken }) {
        const answer = this.#refresh(refreshToken);
        if (answer.status === 200)
            answer.json.profileArn = 'arn:aws:codewhisperer:us-east-1:111122223333:profile/SOCIAL';
        return answer;
    }

    #poll(clientId, code) {
        const device = this.#devices.get(code);
        if (!device || device.clientId !== clientId) return failure('invalid_grant');
        const now = Date.now();
        const hasty = now - (device.polled ?? 0) < this.settings.interval_s * 1000 * 0.9;
        device.polled = now;
        if (now > device.ends) return failure('expired_token');
        if (hasty || device.slow_down-- > 0) return failure('slow_down');
        if (device.pending-- > 0) return failure('authorization_pending');
        if (this.settings.outcome !== 'granted') return failure(this.settings.outcome);
        this.#devices.delete(code);
        return this.#issue();
    }

    #refresh(token) {
        if (!this.#refresh_tokens.has(token)) return failure('invalid_grant');
        if (!this.settings.rotate) return this.#issue(null);
        this.#refresh_tokens.delete(token);
        return this.#issue();
    }

    // A new access token, and a new refresh token unless the old one stays.
    #issue(refreshToken = `refresh-${++this.#issued}-${randomUUID()}`) {
        const accessToken = `access-${++this.#issued}-${randomUUID()}`;
        const expiresIn = this.settings.token_lifetime_s;
        this.addAccessToken(accessToken, expiresIn);
        if (refreshToken) this.addRefreshToken(refreshToken);
        return {
            status: 200,
            json: {
                accessToken,
                tokenType: 'Bearer',
                expiresIn,
                ...(refreshToken && { refreshToken }),
            },
        };
    }
}
