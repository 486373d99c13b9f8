// The official streaming client of the service, pointed at a stand-in.
import { npmPackage } from './packages.mjs';

export const streaming = npmPackage('@aws/codewhisperer-streaming-client');
const { AwsJson1_0Protocol } = npmPackage('@aws-sdk/core/protocols');

function addOptOut(client) {
    client.middlewareStack.add(
        (next) => (args) => {
            args.request.headers['x-amzn-codewhisperer-optout'] = 'true';
            return next(args);
        },
        { step: 'build' },
    );
}

// The registries are internal to the client: a client of its default protocol shows them.
const { errorTypeRegistries } = new streaming.CodeWhispererStreamingClient({ region: 'us-east-1' })
    .config.protocolSettings;

// The client speaks REST unless it is given the other protocol, which is official code as well.
const awsjson = (operation) => ({
    protocol: AwsJson1_0Protocol,
    protocolSettings: {
        defaultNamespace: 'com.amazon.aws.codewhisperer.streaming',
        errorTypeRegistries,
        version: '2023-11-27',
        serviceTarget:
            operation === 'sendMessage'
                ? 'AmazonQDeveloperStreamingService'
                : 'AmazonCodeWhispererStreamingService',
    },
});

export function newClient(stand_in, dialect, operation, token = 'test-access') {
    const client = new streaming.CodeWhispererStreamingClient({
        region: 'us-east-1',
        endpoint: stand_in.url,
        token: async () => ({ token }),
        maxAttempts: 1,
        ...(dialect === 'awsjson' && awsjson(operation)),
    });
    addOptOut(client);
    return client;
}

export const user = (content, more = {}) => ({
    userInputMessage: { content, origin: 'CLI', ...more },
});
export const assistant = (content, more = {}) => ({
    assistantResponseMessage: { content, ...more },
});
export const conversation = (currentMessage, history) => ({
    conversationState: { chatTriggerType: 'MANUAL', currentMessage, ...(history && { history }) },
});

export const weather = {
    toolSpecification: {
        name: 'get_weather',
        description: 'Weather of a city',
        inputSchema: {
            json: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        },
    },
};

export async function generate(client, input) {
    const { generateAssistantResponseResponse } = await client.send(
        new streaming.GenerateAssistantResponseCommand(input),
    );
    return collect(generateAssistantResponseResponse);
}

export async function sendMessage(client, input) {
    const answer = await client.send(new streaming.SendMessageCommand({ ...input, source: 'CLI' }));
    return collect(answer.sendMessageResponse);
}

async function collect(stream) {
    const events = [];
    for await (const event of stream) events.push(event);
    return events;
}

export const textOf = (events) =>
    events.map((event) => event.assistantResponseEvent?.content ?? '').join('');
export const usesOf = (events) => events.flatMap((event) => event.toolUseEvent ?? []);
export const kindsOf = (events) => events.map((event) => Object.keys(event)[0]);
