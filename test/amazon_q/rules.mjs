// The rules that the service enforces on a conversation, each as one function that returns nothing
// or the violation it found. The service itself says only "Improperly formed request."; the rule's
// name goes into a header of the answer (x-broken-rule) so that a failing test tells why.

const improper = 'Improperly formed request.';
const limits = {
    history_messages_max: 10_000,
    message_characters_max: 600_000,
    tool_result_characters_max: 800_000,
    description_bytes_max: 10_004,
    images_per_message_max: 10,
    image_bytes_max: 10 * 1024 * 1024,
};
const tool_name = /^[a-zA-Z][a-zA-Z0-9_-]{0,63}$/;
const origins = ['CLI', 'AI_EDITOR', 'KIRO_CLI', 'IDE', 'CHATBOT', 'CONSOLE'];

function broken(rule, detail, reason = 'REQUEST_BODY_INVALID', message = improper) {
    return { rule, detail, reason, message };
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === 'string';
const isBlank = (text) => text === '';

// ---- shape: known members with the right types -------------------------------------------------

const shapes = {
    request: {
        conversationState: 'object',
        profileArn: 'text',
        source: 'text',
        dryRun: 'boolean',
        agentMode: 'text',
        additionalModelRequestFields: 'object',
    },
    conversationState: {
        conversationId: 'text',
        workspaceId: 'text',
        history: 'list',
        currentMessage: 'object',
        chatTriggerType: 'text',
        customizationArn: 'text',
        agentContinuationId: 'text',
        agentTaskType: 'text',
    },
    userInputMessage: {
        content: 'text',
        userInputMessageContext: 'object',
        userIntent: 'text',
        origin: 'text',
        images: 'list',
        documents: 'list',
        modelId: 'text',
        cachePoint: 'object',
        clientCacheConfig: 'object',
    },
    userInputMessageContext: {
        editorState: 'object',
        shellState: 'object',
        gitState: 'object',
        envState: 'object',
        appStudioContext: 'object',
        diagnostic: 'object',
        consoleState: 'object',
        userSettings: 'object',
        additionalContext: 'list',
        toolResults: 'list',
        tools: 'list',
    },
    assistantResponseMessage: {
        content: 'text',
        messageId: 'text',
        toolUses: 'list',
        references: 'list',
        supplementaryWebLinks: 'list',
        followupPrompt: 'object',
        cachePoint: 'object',
        reasoningContent: 'object',
    },
    toolSpecification: { name: 'text', description: 'text', inputSchema: 'object' },
    toolResult: { toolUseId: 'text', content: 'list', status: 'text', toolName: 'text' },
    toolUse: { toolUseId: 'text', name: 'text', input: 'object' },
    image: { format: 'text', source: 'object' },
};
const required = {
    request: ['conversationState'],
    conversationState: ['currentMessage', 'chatTriggerType'],
    userInputMessage: ['content'],
    assistantResponseMessage: ['content'],
    toolSpecification: ['name', 'inputSchema'],
    toolResult: ['toolUseId', 'content'],
    toolUse: ['toolUseId', 'name', 'input'],
    image: ['format', 'source'],
};
const types = {
    object: isObject,
    text: isText,
    list: Array.isArray,
    boolean: (value) => typeof value === 'boolean',
};

function checkShape(kind, value, where) {
    if (!isObject(value)) return broken('shape', `${where} is not an object`);
    for (const [name, member] of Object.entries(value)) {
        const type = shapes[kind][name];
        if (!type) return broken('shape', `${where}.${name} is unknown`);
        if (!types[type](member)) return broken('shape', `${where}.${name} is no ${type}`);
    }
    const missing = (required[kind] ?? []).find((name) => !(name in value));
    return missing && broken('shape', `${where}.${missing} is missing`);
}

function first(values, check) {
    for (const [index, value] of values.entries()) {
        const violation = check(value, index);
        if (violation) return violation;
    }
}

// ---- the turns, with a name for messages -------------------------------------------------------

function* turns(state) {
    for (const [index, message] of (state.history ?? []).entries()) {
        yield { message, where: `history[${index}]`, current: false };
    }
    yield { message: state.currentMessage, where: 'currentMessage', current: true };
}

const userOf = (turn) => turn.message.userInputMessage;
const assistantOf = (turn) => turn.message.assistantResponseMessage;
const contextOf = (user) => user?.userInputMessageContext ?? {};
const resultsOf = (user) => contextOf(user).toolResults ?? [];
const toolsOf = (user) => contextOf(user).tools ?? [];
const usesOf = (assistant) => assistant?.toolUses ?? [];

function checkTurnShape({ message, where, current }) {
    if (!isObject(message) || Object.keys(message).length !== 1) {
        return broken('shape', `${where} is not a union of one member`);
    }
    const [kind] = Object.keys(message);
    const allowed = current
        ? ['userInputMessage']
        : ['userInputMessage', 'assistantResponseMessage'];
    if (!allowed.includes(kind)) return broken('R1', `${where} is a ${kind}`);
    return (
        checkShape(kind, message[kind], where) ??
        (kind === 'userInputMessage'
            ? checkUserShape(message[kind], where)
            : checkUses(message[kind], where))
    );
}

function checkUserShape(user, where) {
    if (user.origin && !origins.includes(user.origin))
        return broken('shape', `${where}.origin ${user.origin}`);
    if (!('userInputMessageContext' in user)) return undefined;
    return (
        checkShape('userInputMessageContext', user.userInputMessageContext, `${where}.context`) ??
        first(resultsOf(user), (result, i) => checkResult(result, `${where}.toolResults[${i}]`))
    );
}

function checkResult(result, where) {
    const violation = checkShape('toolResult', result, where);
    if (violation) return violation;
    if (!['success', 'error', undefined].includes(result.status))
        return broken('R4', `${where}.status`);
    if (result.content.length === 0) return broken('R4', `${where}.content is empty`);
    return first(result.content, (block) => {
        if (!isObject(block) || Object.keys(block).length !== 1)
            return broken('R4', `${where}: not a union`);
        if ('text' in block) {
            return (
                (!isText(block.text) || isBlank(block.text)) &&
                broken('R4', `${where}: text is empty`)
            );
        }
        return !('json' in block) && broken('R4', `${where}: neither text nor json`);
    });
}

function checkUses(assistant, where) {
    return first(usesOf(assistant), (use, i) => {
        const at = `${where}.toolUses[${i}]`;
        if (isObject(use) && !isObject(use.input))
            return broken('R10', `${at}.input is not an object`);
        return (
            checkShape('toolUse', use, at) ??
            (tool_name.test(use.name) ? undefined : broken('R8', `${at}.name ${use.name}`))
        );
    });
}

// ---- the rules ---------------------------------------------------------------------------------

function alternation(state) {
    return first([...turns(state)], (turn, index) => {
        const expected = index % 2 === 0 ? 'userInputMessage' : 'assistantResponseMessage';
        return !(expected in turn.message) && broken('R1', `${turn.where} should be a ${expected}`);
    });
}

function contents(state, settings) {
    return first([...turns(state)], (turn) => {
        const content = (userOf(turn) ?? assistantOf(turn)).content;
        if (!isBlank(content)) return undefined;
        const excused = resultsOf(userOf(turn)).length > 0 && settings.empty_content_with_results;
        return !excused && broken('R6', `${turn.where}.content is empty`);
    });
}

function pairing(state) {
    let open = [];
    return first([...turns(state)], (turn) => {
        if (assistantOf(turn)) {
            open = usesOf(assistantOf(turn)).map((use) => use.toolUseId);
            return (
                new Set(open).size !== open.length && mismatch(`${turn.where}: a toolUseId twice`)
            );
        }
        const given = resultsOf(userOf(turn)).map((result) => result.toolUseId);
        const expected = open;
        open = [];
        if (new Set(given).size !== given.length)
            return mismatch(`${turn.where}: two results for one call`);
        const orphan = given.find((id) => !expected.includes(id));
        if (orphan) return mismatch(`${turn.where}: result ${orphan} without its call`);
        const missing = expected.find((id) => !given.includes(id));
        return missing && mismatch(`${turn.where}: call ${missing} without its result`);
    });
}
const mismatch = (detail) => broken('R5', detail, 'TOOL_USE_RESULT_MISMATCH');

function declarations(state) {
    const declared = new Set(
        toolsOf(state.currentMessage.userInputMessage).map((tool) => tool.toolSpecification?.name),
    );
    return first([...turns(state)], (turn) => {
        if (!turn.current && toolsOf(userOf(turn)).length > 0)
            return broken('R7', `${turn.where} declares tools`);
        const unknown = usesOf(assistantOf(turn)).find((use) => !declared.has(use.name));
        return (
            unknown &&
            broken('R7', `${turn.where}: ${unknown.name} is not declared`, 'TOOL_CONFIG_MISSING')
        );
    });
}

function specifications(state) {
    const tools = toolsOf(state.currentMessage.userInputMessage);
    const names = new Set();
    return first(tools, (tool, index) => {
        const where = `tools[${index}]`;
        const specification = tool?.toolSpecification;
        const violation = checkShape('toolSpecification', specification, where);
        if (violation) return violation;
        if (!tool_name.test(specification.name))
            return broken('R8', `${where}.name ${specification.name}`);
        if (names.has(specification.name))
            return broken('R8', `${where}: a second ${specification.name}`, 'TOOL_DUPLICATE');
        names.add(specification.name);
        return (
            checkDescription(specification.description, where) ??
            checkSchema(specification.inputSchema, where)
        );
    });
}

function checkDescription(description, where) {
    if (!description?.trim()) return broken('R8', `${where}.description is empty`);
    return Buffer.byteLength(description) > limits.description_bytes_max
        ? broken('R8', `${where}.description is too long`)
        : undefined;
}

function checkSchema(inputSchema, where) {
    const bad = (detail) => broken('R8', `${where}.inputSchema ${detail}`, 'TOOL_SCHEMA_INVALID');
    const schema = inputSchema.json;
    if (!isObject(schema) || Object.keys(inputSchema).length !== 1)
        return bad('is not {json: object}');
    if (schema.type !== 'object') return bad('is not of type object');
    if ('properties' in schema && !isObject(schema.properties)) return bad('properties');
    if ('required' in schema && !(Array.isArray(schema.required) && schema.required.length))
        return bad('required');
    return undefined;
}

const signatures = { png: '89504e47', jpeg: 'ffd8ff', gif: '47494638', webp: '52494646' };

function images(state) {
    return first([...turns(state)], (turn) => {
        const list = userOf(turn)?.images ?? [];
        if (list.length > limits.images_per_message_max) {
            return broken('images', `${turn.where}: ${list.length} images`, 'IMAGE_COUNT_EXCEEDED');
        }
        return first(list, (image, index) => checkImage(image, `${turn.where}.images[${index}]`));
    });
}

function checkImage(image, where) {
    const violation = checkShape('image', image, where);
    if (violation) return violation;
    const signature = signatures[image.format];
    if (!signature)
        return broken('images', `${where}.format ${image.format}`, 'IMAGE_FORMAT_UNSUPPORTED');
    const text = image.source.bytes;
    const bytes = Buffer.from(text ?? '', 'base64');
    if (!isText(text) || bytes.length === 0 || bytes.toString('base64') !== text) {
        return broken('images', `${where}: not padded standard base64`);
    }
    if (bytes.length > limits.image_bytes_max)
        return broken('images', where, 'IMAGE_SIZE_EXCEEDED');
    return bytes.toString('hex').startsWith(signature)
        ? undefined
        : broken('images', `${where} is no ${image.format}`, 'IMAGE_MIME_MISMATCH');
}

function sizes(state) {
    const too_long = (detail) =>
        broken('R11', detail, 'CONTENT_LENGTH_EXCEEDS_THRESHOLD', 'Input is too long.');
    if ((state.history ?? []).length > limits.history_messages_max) return too_long('history');
    return first([...turns(state)], (turn) => {
        const user = userOf(turn);
        if (user?.content.length > limits.message_characters_max)
            return too_long(`${turn.where}.content`);
        const result = resultsOf(user).find(
            (candidate) =>
                JSON.stringify(candidate.content).length > limits.tool_result_characters_max,
        );
        return result && too_long(`${turn.where}: result ${result.toolUseId}`);
    });
}

// Returns undefined for a request that the service would take, else the first violation:
// {rule, detail, reason, message}. Settings: empty_content_with_results, whether "" beside tool
// results is excused (sources differ, so tests of our server run with false).
export function conversationViolation(request, settings) {
    const state = request?.conversationState;
    return (
        checkShape('request', request, 'request') ||
        checkShape('conversationState', state, 'conversationState') ||
        (state.chatTriggerType !== 'MANUAL' &&
            broken('shape', `chatTriggerType ${state.chatTriggerType}`)) ||
        first([...turns(state)], checkTurnShape) ||
        alternation(state) ||
        contents(state, settings) ||
        pairing(state) ||
        specifications(state) ||
        declarations(state) ||
        images(state) ||
        sizes(state) ||
        undefined
    );
}

// What the service demands of a request's head; `content_type` is that of the dialect.
// Settings: opt_out_required, whether x-amzn-codewhisperer-optout must be there.
export function headViolation(headers, content_type, settings) {
    const opt_out = headers['x-amzn-codewhisperer-optout'];
    if (!headers.authorization) return broken('head', 'no authorization');
    if (headers['content-type'] !== content_type)
        return broken('head', `content-type ${headers['content-type']}`);
    if (headers['transfer-encoding']) return broken('head', 'the request is chunked');
    if (!/^\d+$/.test(headers['content-length'] ?? '')) return broken('head', 'no content-length');
    if (!headers['user-agent']) return broken('head', 'no user-agent');
    if (opt_out !== undefined && !['true', 'false'].includes(opt_out))
        return broken('head', `opt-out ${opt_out}`);
    return !opt_out && settings.opt_out_required ? broken('head', 'no opt-out header') : undefined;
}
