// The stand-in's models and profiles.

const model = (modelId, modelName, images = true) => ({
    modelId,
    modelName,
    description: `The ${modelName} model`,
    rateMultiplier: 1,
    rateUnit: 'credit',
    tokenLimits: { maxInputTokens: 200_000, maxOutputTokens: 64_000 },
    supportedInputTypes: images ? ['TEXT', 'IMAGE'] : ['TEXT'],
    supportsPromptCache: true,
});

export const models = [
    model('auto', 'Auto'),
    model('claude-sonnet-4.5', 'Claude Sonnet 4.5'),
    model('claude-haiku-4.5', 'Claude Haiku 4.5'),
    model('claude-sonnet-4', 'Claude Sonnet 4'),
    model('qwen3-coder-480b', 'Qwen3 Coder', false),
];

// One page of the list; `page_size` 0 puts all on one.
export function modelsAnswer(nextToken, page_size) {
    const begin = Number(nextToken ?? 0);
    const end = page_size ? begin + page_size : models.length;
    return {
        models: models.slice(begin, end),
        defaultModel: models[0],
        nextToken: end < models.length ? String(end) : null,
    };
}

export const profiles = [
    { arn: 'arn:aws:codewhisperer:us-east-1:111122223333:profile/TEST', profileName: 'test' },
];
