// The stand-in's verification of signatures against the official signer.
import { equal, group } from './checks.mjs';
import { conversation, user } from './official_client.mjs';
import { npmPackage } from './packages.mjs';

const { SignatureV4 } = npmPackage('@smithy/signature-v4');
const { Sha256 } = npmPackage('@aws-crypto/sha256-js');

async function signedSend(stand_in, credentials, tamper = (request) => request) {
    const body = JSON.stringify({ ...conversation(user('signed')), source: 'CLI' });
    const signer = new SignatureV4({
        service: 'q',
        region: 'us-east-1',
        sha256: Sha256,
        applyChecksum: false,
        credentials: {
            accessKeyId: credentials.access_key_id,
            secretAccessKey: credentials.secret_access_key,
            sessionToken: credentials.session_token,
        },
    });
    const { host } = new URL(stand_in.url);
    const { headers } = await signer.sign({
        method: 'POST',
        protocol: 'http:',
        hostname: '127.0.0.1',
        path: '/',
        query: {},
        body,
        headers: {
            host,
            'content-type': 'application/x-amz-json-1.0',
            'x-amz-target': 'AmazonQDeveloperStreamingService.SendMessage',
            'x-amzn-codewhisperer-optout': 'true',
        },
    });
    const { host: _, ...sent } = headers;
    return fetch(`${stand_in.url}/`, { method: 'POST', ...tamper({ headers: sent, body }) });
}

export async function proveSignature(stand_in) {
    await group('SigV4, signed by the official signer', async () => {
        const plain = { access_key_id: 'AKIDTEST', secret_access_key: 'secret-key-of-the-test' };
        equal('a good signature', (await signedSend(stand_in, plain)).status, 200);
        equal(
            'a wrong secret',
            (await signedSend(stand_in, { ...plain, secret_access_key: 'other' })).status,
            403,
        );
        equal(
            'an unknown key',
            (await signedSend(stand_in, { ...plain, access_key_id: 'OTHER' })).status,
            403,
        );
        const changed = await signedSend(stand_in, plain, (request) => ({
            ...request,
            body: `${request.body} `,
        }));
        equal(
            'a changed body',
            changed.headers.get('x-broken-rule'),
            'signature: the signature differs',
        );
        stand_in.settings.iam.session_token = 'session';
        equal(
            'with a session token',
            (await signedSend(stand_in, { ...plain, session_token: 'session' })).status,
            200,
        );
        equal('without it', (await signedSend(stand_in, plain)).status, 403);
    });
}
