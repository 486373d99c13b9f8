#!/usr/bin/env node
// A stand-in of Amazon Q Developer for tests: one HTTP server on loopback that plays the streaming
// service (both dialects), the list of models and profiles, and the login calls. It enforces the
// service's rules and answers as a script says.
//
//   node stand_in.mjs [--port N] [--key FILE --cert FILE]      prints its URL
//
// Control, as JSON over HTTP or as methods of what startStandIn() returns:
//   POST /_script    {"calls": [behaviour...], "settings": {...}}   script()
//   GET  /_calls     the requests received                          calls
//   POST /_reset     forgets scripts and calls                      reset()
//
// A behaviour is taken by the next valid call of its operation (default "chat"; also models,
// profiles, register, device, token, social) whose text contains `match`, if given; `times`
// repeats it.
//   what is said    text, reasoning, code: a string or a list of pieces; calls: [{name, input, id?,
//                   shape?: fragments|single|object|no-input|unstopped|cut, fragments?}];
//                   usage: object or null; stop_reason; unknown_events; events: [[type, payload]...]
//                   in place of all; empty: "text"|"body". Nothing of these: an echo, or the calls
//                   that lines "call NAME {json}" of the text ask for.
//   a refusal       fault: a name of errors.mjs, or refusal: {status, type, message, reason,
//                   retry_after, body, content_type}; for the login calls fault is an OAuth error
//   broken frames   damaged: {frame, kind}, cut_after, announced_bytes: {after, bytes},
//                   exception: {after, type, message, reason}, error: {after, code, message}
//   the wire        write: "frame"|"all"|bytes, framing: "chunked"|"length"|"close", content_type,
//                   head_delay_ms, first_byte_delay_ms, frame_delay_ms, stall_after, reset_after,
//                   reset: "before-head", interim: 100|103, repeat_for_ever,
//                   close: "after-answer"|"idle"|"on-reuse". Everything that counts, counts frames.
import http from 'node:http';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { answerFrames } from './answers.mjs';
import { models, modelsAnswer, profiles } from './catalog.mjs';
import { deliver, reset as resetSocket } from './delivery.mjs';
import { refusalAnswer, refusals } from './errors.mjs';
import { LoginService } from './login_service.mjs';
import { conversationViolation, headViolation } from './rules.mjs';
import { signatureProblem } from './signature.mjs';

export const default_settings = {
    opt_out_required: false,
    empty_content_with_results: true,
    profile: 'optional', // or "required", "refused"
    models_page: 0,
    keep_alive_ms: 60_000,
    iam: {
        access_key_id: 'AKIDTEST',
        secret_access_key: 'secret-key-of-the-test',
        session_token: undefined,
        region: 'us-east-1',
    },
    login: {
        interval_s: 1,
        expires_s: 600,
        pending: 0,
        slow_down: 0,
        outcome: 'granted',
        token_lifetime_s: 3600,
        rotate: true,
    },
};

const json_type = 'application/json';
const awsjson_type = 'application/x-amz-json-1.0';
const chat_target = 'AmazonCodeWhispererStreamingService.GenerateAssistantResponse';
const send_target = 'AmazonQDeveloperStreamingService.SendMessage';
const targets = {
    [chat_target]: { operation: 'chat' },
    [send_target]: { operation: 'chat', sigv4: true },
    'AmazonCodeWhispererService.ListAvailableModels': { operation: 'models' },
    'AmazonCodeWhispererService.ListAvailableProfiles': { operation: 'profiles' },
};
const paths = {
    'POST /generateAssistantResponse': { operation: 'chat' },
    'POST /SendMessageStreaming': { operation: 'chat', sigv4: true },
    'GET /ListAvailableModels': { operation: 'models' },
    'POST /ListAvailableProfiles': { operation: 'profiles' },
};

// Which call a request is: {operation, dialect, sigv4}, or undefined.
function route(method, path, headers) {
    const login = LoginService.operation(method, path);
    if (login) return { operation: login, dialect: 'oidc' };
    if (method === 'POST' && path === '/') {
        const known = targets[headers['x-amz-target']];
        return known && { ...known, dialect: 'awsjson' };
    }
    const known = paths[`${method} ${path}`];
    return known && { ...known, dialect: 'rest' };
}

async function readBody(request) {
    const parts = [];
    for await (const part of request) parts.push(part);
    return Buffer.concat(parts);
}

function parsed(body) {
    try {
        return JSON.parse(body);
    } catch {
        return undefined;
    }
}

class StandIn {
    constructor(settings) {
        this.initial_settings = settings;
        this.sockets = new Map(); // socket -> {id, requests}
        this.connections = 0;
        this.login = new LoginService();
        this.reset();
    }

    // Forgets scripts, calls and changed settings. Connections and tokens stay: their holders
    // live on.
    reset(settings = {}) {
        this.settings = structuredClone({
            ...default_settings,
            ...this.initial_settings,
            ...settings,
        });
        this.settings.login = { ...default_settings.login, ...this.settings.login };
        this.behaviours = [];
        this.calls = [];
        this.login.settings = this.settings.login;
    }

    script(...behaviours) {
        for (const behaviour of behaviours) {
            for (let i = 0; i < (behaviour.times ?? 1); ++i) this.behaviours.push(behaviour);
        }
        return this;
    }

    // The calls of one operation.
    of(operation) {
        return this.calls.filter((call) => call.operation === operation);
    }
    get chats() {
        return this.of('chat');
    }

    takeBehaviour(operation, text) {
        const fits = ({ operation: wanted = 'chat', match = '' }) =>
            wanted === operation && text.includes(match);
        const index = this.behaviours.findIndex(fits);
        return index < 0 ? {} : this.behaviours.splice(index, 1)[0];
    }

    async handle(request, response) {
        const url = new URL(request.url, 'http://stand-in');
        if (url.pathname.startsWith('/_')) return this.control(request, response, url.pathname);
        const connection = this.connectionOf(request.socket);
        connection.requests += 1;
        if (connection.dies_on_reuse) {
            this.log({ operation: 'reuse', connection: connection.id, outcome: 'reset' });
            return resetSocket(request.socket);
        }
        const call = this.log({
            ...route(request.method, url.pathname, request.headers),
            method: request.method,
            path: url.pathname,
            query: url.search.slice(1),
            headers: request.headers,
            connection: connection.id,
            sent_bytes: 0,
        });
        response.on('close', () => this.ended(call, response));
        call.raw = await readBody(request).catch(() => undefined);
        if (call.raw === undefined) return undefined;
        call.body = parsed(call.raw);
        return this.serve(call, response);
    }

    connectionOf(socket) {
        if (!this.sockets.has(socket)) {
            this.sockets.set(socket, { id: ++this.connections, requests: 0 });
            socket.once('close', () => this.sockets.delete(socket));
        }
        return this.sockets.get(socket);
    }

    log(call) {
        const entry = { at: performance.now(), ...call };
        this.calls.push(entry);
        return entry;
    }

    ended(call, response) {
        call.ended_at = performance.now();
        call.outcome ??= response.writableFinished ? 'answered' : 'gone';
    }

    async serve(call, response) {
        if (!call.operation)
            return this.refuse(call, response, {
                ...refusals.not_found,
                type: 'UnknownOperationException',
            });
        if (call.dialect === 'oidc') return this.serveLogin(call, response);
        const refusal = this.accessProblem(call) ?? this.requestProblem(call);
        if (refusal) return this.refuse(call, response, refusal);
        const text = call.raw.toString();
        const behaviour = this.takeBehaviour(call.operation, text);
        call.behaviour = behaviour;
        if (behaviour.reset === 'before-head') {
            call.outcome = 'reset';
            return resetSocket(response.req.socket);
        }
        if (behaviour.close === 'on-reuse')
            this.connectionOf(response.req.socket).dies_on_reuse = true;
        const scripted = behaviour.refusal ?? refusals[behaviour.fault];
        if (behaviour.fault && !scripted) throw new Error(`unknown fault ${behaviour.fault}`);
        if (scripted) return this.refuse(call, response, scripted, behaviour);
        if (call.operation === 'chat') return this.serveChat(call, response, behaviour);
        const answers = {
            models: () => modelsAnswer(this.member(call, 'nextToken'), this.settings.models_page),
            profiles: () => ({ profiles, nextToken: null }),
        };
        return this.sendJson(
            response,
            200,
            {},
            answers[call.operation](),
            call.dialect === 'awsjson' ? awsjson_type : json_type,
        );
    }

    // A parameter of a listing: in the body, or in the query.
    member(call, name) {
        return call.body?.[name] ?? new URLSearchParams(call.query).get(name) ?? undefined;
    }

    accessProblem(call) {
        const authorization = call.headers.authorization ?? '';
        if (authorization.startsWith('AWS4-HMAC-SHA256')) {
            call.signature_problem = call.sigv4
                ? signatureProblem({ ...call, body: call.raw }, this.settings.iam)
                : 'not an operation for signatures';
            return (
                call.signature_problem && {
                    ...refusals.unsigned,
                    rule: 'signature',
                    detail: call.signature_problem,
                }
            );
        }
        const [scheme, token] = authorization.split(' ');
        if (scheme !== 'Bearer' || !this.login.accepts(token)) return refusals.bad_token;
        if (this.settings.profile === 'refused' && call.body?.profileArn) return refusals.bad_token;
        return undefined;
    }

    requestProblem(call) {
        if (call.method === 'GET') return undefined;
        const content_type = call.dialect === 'awsjson' ? awsjson_type : json_type;
        const violation = headViolation(call.headers, content_type, this.settings);
        if (violation) return this.violated(call, violation);
        if (call.body === undefined)
            return {
                ...refusals.improper,
                reason: 'REQUEST_BODY_INVALID_JSON',
                rule: 'json',
                detail: '',
            };
        if (this.settings.profile === 'required' && !call.body.profileArn)
            return refusals.profile_required;
        if (call.operation !== 'chat') return undefined;
        const broken = conversationViolation(call.body, this.settings);
        if (broken) return this.violated(call, broken);
        const { modelId } = call.body.conversationState.currentMessage.userInputMessage;
        const known = modelId === undefined || models.some((model) => model.modelId === modelId);
        return known ? undefined : refusals.invalid_model;
    }

    violated(call, violation) {
        call.violation = violation;
        return { ...refusals.improper, ...violation };
    }

    refuse(call, response, refusal, behaviour = {}) {
        call.refusal = refusal.reason ?? refusal.type ?? refusal.status;
        const { status, fields, body } = refusalAnswer(refusal, call.dialect);
        if (behaviour.close === 'after-answer') response.setHeader('connection', 'close');
        response.writeHead(status, {
            ...fields,
            'x-amzn-requestid': randomUUID(),
            'content-length': Buffer.byteLength(body),
        });
        response.end(body);
    }

    serveChat(call, response, behaviour) {
        const frames = answerFrames(behaviour, call.body, call.dialect);
        call.frames = frames.length;
        const fields = { 'x-amzn-requestid': randomUUID() };
        if (call.dialect === 'rest') {
            fields['x-amzn-codewhisperer-conversation-id'] =
                call.body.conversationState.conversationId ?? randomUUID();
        }
        return deliver(response, frames, behaviour, fields, call);
    }

    async serveLogin(call, response) {
        const behaviour = this.takeBehaviour(call.operation, call.raw.toString());
        if (behaviour.reset === 'before-head') return resetSocket(response.req.socket);
        if (behaviour.head_delay_ms)
            await new Promise((done) => setTimeout(done, behaviour.head_delay_ms));
        const { status, fields, json } = this.login.answer(
            call.operation,
            call.headers,
            call.raw,
            behaviour.fault,
        );
        call.refusal = json.error;
        call.answer = json;
        return this.sendJson(response, status, fields, json, json_type);
    }

    sendJson(response, status, fields, value, type) {
        const body = JSON.stringify(value);
        response.writeHead(status, {
            ...fields,
            'content-type': type,
            'x-amzn-requestid': randomUUID(),
            'content-length': Buffer.byteLength(body),
        });
        response.end(body);
    }

    async control(request, response, path) {
        const body = parsed(await readBody(request)) ?? {};
        if (path === '/_script') {
            Object.assign(this.settings, body.settings);
            Object.assign(this.login.settings, body.settings?.login);
            this.script(...(body.calls ?? []));
        } else if (path === '/_reset') {
            this.reset(body.settings);
        }
        const calls = this.calls.map(({ raw, ...rest }) => rest);
        return this.sendJson(
            response,
            200,
            {},
            {
                calls,
                waiting: this.behaviours.length,
                open: this.sockets.size,
                connections: this.connections,
            },
            json_type,
        );
    }
}

// Starts one. Options: port, key and cert (PEM: https), settings. `url` says where, `close()`
// ends it.
export async function startStandIn({ port = 0, key, cert, settings = {} } = {}) {
    const stand_in = new StandIn(settings);
    const handler = (request, response) =>
        stand_in.handle(request, response).catch((error) => {
            console.error(error);
            response.destroy();
        });
    const server = key ? https.createServer({ key, cert }, handler) : http.createServer(handler);
    server.keepAliveTimeout = { ...default_settings, ...settings }.keep_alive_ms;
    server.requestTimeout = 0;
    server.on(key ? 'secureConnection' : 'connection', (socket) => {
        stand_in.connectionOf(socket);
        // Tests reset connections on purpose, on both sides.
        socket.on('error', () => {});
    });
    await new Promise((done) => server.listen(port, '127.0.0.1', done));
    stand_in.port = server.address().port;
    stand_in.url = `${key ? 'https' : 'http'}://127.0.0.1:${stand_in.port}`;
    stand_in.close = () =>
        new Promise((done) => {
            server.close(done);
            server.closeAllConnections();
        });
    return stand_in;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
    const { values } = parseArgs({
        options: {
            port: { type: 'string', default: '0' },
            key: { type: 'string' },
            cert: { type: 'string' },
        },
    });
    const stand_in = await startStandIn({
        port: Number(values.port),
        key: values.key && readFileSync(values.key),
        cert: values.cert && readFileSync(values.cert),
    });
    console.log(stand_in.url);
}
