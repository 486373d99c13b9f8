// A certificate authority for one test run, made by the openssl command.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

// service.test is known to no resolver: only a proxy can lead there.
const local_names = 'DNS:localhost,IP:127.0.0.1,DNS:service.test';
const day_ms = 86_400_000;
const asn1Time = (ms) => new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');

const configuration = `
[ca]
default_ca = test
[test]
database = index.txt
new_certs_dir = issued
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
`;

export class Authority {
    // Makes the authority in `folder`. `file` is its certificate.
    constructor(folder) {
        this.folder = folder;
        mkdirSync(path.join(folder, 'issued'), { recursive: true });
        writeFileSync(path.join(folder, 'index.txt'), '');
        writeFileSync(path.join(folder, 'ca.cnf'), configuration);
        this.file = path.join(folder, 'ca.pem');
        this.#selfSigned('ca', '/CN=test authority', [
            '-addext',
            'keyUsage=critical,keyCertSign,cRLSign',
        ]);
    }

    // A certificate for `names`, valid around now, or long expired: {key, cert}.
    issue(name, { names = local_names, expired = false } = {}) {
        const end = Date.now() + (expired ? -day_ms : day_ms);
        this.#openssl(
            'req',
            '-new',
            '-newkey',
            'rsa:2048',
            '-nodes',
            '-subj',
            `/CN=${name}`,
            '-addext',
            `subjectAltName=${names}`,
            '-keyout',
            `${name}.key`,
            '-out',
            `${name}.csr`,
        );
        this.#openssl(
            'ca',
            '-batch',
            '-notext',
            '-config',
            'ca.cnf',
            '-cert',
            'ca.pem',
            '-keyfile',
            'ca.key',
            '-in',
            `${name}.csr`,
            '-out',
            `${name}.pem`,
            '-startdate',
            asn1Time(end - 10 * day_ms),
            '-enddate',
            asn1Time(end),
        );
        return this.#pair(name);
    }

    // One that nobody vouches for.
    selfSigned(name) {
        this.#selfSigned(name, `/CN=${name}`, ['-addext', `subjectAltName=${local_names}`]);
        return this.#pair(name);
    }

    #selfSigned(name, subject, more) {
        this.#openssl(
            'req',
            '-x509',
            '-newkey',
            'rsa:2048',
            '-nodes',
            '-days',
            '2',
            '-subj',
            subject,
            '-keyout',
            `${name}.key`,
            '-out',
            `${name}.pem`,
            ...more,
        );
    }

    #pair(name) {
        const read = (ending) => readFileSync(path.join(this.folder, name + ending));
        return { key: read('.key'), cert: read('.pem') };
    }

    #openssl(...args) {
        execFileSync('openssl', args, { cwd: this.folder, stdio: 'pipe' });
    }
}
