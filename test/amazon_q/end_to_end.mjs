#!/usr/bin/env node
// The whole server against the stand-in:  node end_to_end.mjs [BUILD] [NAME...]
// A NAME selects the groups whose title contains it. BUILD/amazon-q-server is what is tested.
import { summary } from './checks.mjs';
import { chatSuite } from './chat_suite.mjs';
import { credentialsSuite } from './credentials_suite.mjs';
import { faultsSuite } from './faults_suite.mjs';
import { loginSuite } from './login_suite.mjs';
import { modelsSuite } from './models_suite.mjs';
import { tlsSuite } from './tls_suite.mjs';
import { toolsSuite } from './tools_suite.mjs';
import { wireSuite } from './wire_suite.mjs';
import { check, group } from './checks.mjs';

const names = process.argv.slice(3);
const wanted = (title) => names.length === 0 || names.some((name) => title.includes(name));

for (const suite of [
    chatSuite,
    toolsSuite,
    wireSuite,
    modelsSuite,
    credentialsSuite,
    faultsSuite,
    loginSuite,
    tlsSuite,
]) {
    // A suite that cannot even start has failed; the others still run.
    await suite(wanted).catch((error) =>
        group(suite.name, async () => check('it started', false, error.stack)),
    );
}
process.exit(summary());
