#!/usr/bin/env node
// Proves the stand-in with the official clients: they must understand it, and it must understand
// them. Without this, a common misreading of the protocol in our server and our stand-in would go
// unseen.
//   node prove_stand_in.mjs [BUILD]
import { summary } from './checks.mjs';
import { proveChat } from './prove_chat.mjs';
import { proveControl } from './prove_control.mjs';
import { proveLogin } from './prove_login.mjs';
import { proveRules } from './prove_rules.mjs';
import { proveSignature } from './prove_signature.mjs';
import { startStandIn } from './stand_in.mjs';

const stand_in = await startStandIn({ settings: { opt_out_required: true } });
for (const prove of [proveChat, proveRules, proveSignature, proveLogin, proveControl])
    await prove(stand_in);
await stand_in.close();
process.exit(summary());
