// The turns of OpenAI conversations, and the conversations that gateways stumble over.

export const user = (content) => ({ role: 'user', content });
export const assistant = (content, more = {}) => ({ role: 'assistant', content, ...more });
export const system = (content, role = 'system') => ({ role, content });
export const toolCall = (id, name, args = '{}') => ({
    id,
    type: 'function',
    function: { name, arguments: args },
});
export const result = (id, content) => ({ role: 'tool', tool_call_id: id, content });
const part = (text) => ({ type: 'text', text });
const calls = (...names) =>
    assistant('', { tool_calls: names.map((name, i) => toolCall(`c${i + 1}`, name)) });
const row = (messages, texts, results) => ({ messages, texts, results });

// Conversations that clients send and the service refuses unless they are repaired: messages, the
// texts that must arrive, and the results that must arrive as tool results.
export const conversations = {
    'one system prompt': row([system('SYS-1'), user('U1')], ['SYS-1', 'U1']),
    'a developer prompt': row([system('DEV-1', 'developer'), user('U1')], ['DEV-1', 'U1']),
    'several prompts': row(
        [system('SYS-1'), system('SYS-2'), system('DEV-3', 'developer'), user('U1')],
        ['SYS-1', 'SYS-2', 'DEV-3', 'U1'],
    ),
    'a prompt in the middle': row(
        [user('U1'), assistant('A1'), system('SYS-2'), user('U2')],
        ['U1', 'A1', 'SYS-2', 'U2'],
    ),
    'a prompt at the end': row([user('U1'), system('SYS-2')], ['U1', 'SYS-2']),
    'only a prompt': row([system('SYS-1')], ['SYS-1']),
    'a prompt in parts': row(
        [system([part('SYS-1'), part('SYS-2')]), user('U1')],
        ['SYS-1', 'SYS-2'],
    ),
    'three turns': row(
        [user('U1'), assistant('A1'), user('U2'), assistant('A2'), user('U3')],
        ['U1', 'A1', 'U2', 'A2', 'U3'],
    ),
    'two users in a row': row([user('U1'), user('U2')], ['U1', 'U2']),
    'two assistants in a row': row(
        [user('U1'), assistant('A1'), assistant('A2'), user('U2')],
        ['U1', 'A1', 'A2', 'U2'],
    ),
    'an assistant first': row([assistant('A1'), user('U1')], ['A1', 'U1']),
    'a system and an assistant first': row(
        [system('S1'), assistant('A1'), user('U1')],
        ['S1', 'A1', 'U1'],
    ),
    prefill: row([user('U1'), assistant('A1')], ['U1', 'A1']),
    'an empty user': row([user('')], []),
    'an absent content': row([{ role: 'user' }], []),
    'an empty user in history': row([user(''), assistant('A1'), user('U2')], ['A1', 'U2']),
    'an empty assistant': row([user('U1'), assistant(''), user('U2')], ['U1', 'U2']),
    'a null assistant': row([user('U1'), assistant(null), user('U2')], ['U1', 'U2']),
    'a refusal': row(
        [user('U1'), { role: 'assistant', content: null, refusal: 'R1' }, user('U2')],
        ['U1', 'U2'],
    ),
    'text parts': row([user([part('P1'), part('P2')])], ['P1', 'P2']),
    'no parts': row([user([])], []),
    'calls and results': row(
        [
            user('U1'),
            assistant(null, { tool_calls: [toolCall('c1', 'alpha')] }),
            result('c1', 'R1'),
        ],
        ['U1'],
        ['R1'],
    ),
    'parallel calls': row(
        [user('U1'), calls('alpha', 'beta'), result('c1', 'R1'), result('c2', 'R2'), user('U2')],
        ['U1', 'U2'],
        ['R1', 'R2'],
    ),
    'results in another order': row(
        [user('U1'), calls('alpha', 'beta'), result('c2', 'R2'), result('c1', 'R1')],
        ['U1'],
        ['R1', 'R2'],
    ),
    'a missing result': row(
        [user('U1'), calls('alpha', 'beta'), result('c1', 'R1'), user('U2')],
        ['U1', 'U2'],
        ['R1'],
    ),
    'no result at all': row([user('U1'), calls('alpha'), user('U2')], ['U1', 'U2']),
    'an unanswered call at the end': row([user('U1'), calls('alpha')], ['U1']),
    'an orphan result': row(
        [user('U1'), result('c9', 'ORPHAN'), user('U2')],
        ['U1', 'ORPHAN', 'U2'],
    ),
    'an orphan result first': row([result('c9', 'ORPHAN'), user('U1')], ['ORPHAN', 'U1']),
    'a result twice': row(
        [user('U1'), calls('alpha'), result('c1', 'OLD'), result('c1', 'NEW')],
        ['U1'],
        ['NEW'],
    ),
    'an empty result': row([user('U1'), calls('alpha'), result('c1', '')], ['U1']),
    'a result in parts': row(
        [user('U1'), calls('alpha'), result('c1', [part('R1'), part('R2')])],
        ['U1'],
        ['R1', 'R2'],
    ),
    'a call of a vanished tool': row(
        [user('U1'), calls('no_longer_there'), result('c1', 'R1')],
        ['U1'],
        ['R1'],
    ),
    'empty arguments': row(
        [
            user('U1'),
            assistant('', { tool_calls: [toolCall('c1', 'alpha', '')] }),
            result('c1', 'R1'),
        ],
        ['U1'],
        ['R1'],
    ),
    'the legacy function role': row(
        [
            user('U1'),
            { role: 'assistant', content: null, function_call: { name: 'alpha', arguments: '{}' } },
            { role: 'function', name: 'alpha', content: 'FR1' },
        ],
        ['U1'],
    ),
    'ids used twice': row(
        [user('U1'), calls('alpha'), result('c1', 'R1'), calls('beta'), result('c1', 'R2')],
        ['U1'],
        ['R1', 'R2'],
    ),
};
