// The service's refusals, by a short name: what the HTTP answer looks like, as in the error tables
// of the protocol. A script may take one by name ({"fault": "throttled"}).

const refusal = (status, type, message, reason = null) => ({ status, type, message, reason });

export const refusals = {
    throttled: refusal(429, 'ThrottlingException', 'Rate exceeded'),
    capacity: refusal(
        429,
        'ThrottlingException',
        'I am experiencing high traffic, please try again shortly.',
        'INSUFFICIENT_MODEL_CAPACITY',
    ),
    monthly_quota: refusal(
        429,
        'ThrottlingException',
        'Maximum Request reached for this month.',
        'MONTHLY_REQUEST_COUNT',
    ),
    monthly_quota_400: refusal(
        400,
        'ThrottlingException',
        'Maximum Request reached for this month.',
        'MONTHLY_REQUEST_COUNT',
    ),
    daily_quota: refusal(
        429,
        'ThrottlingException',
        'Maximum Request reached for today.',
        'DAILY_REQUEST_COUNT',
    ),
    overage: refusal(
        402,
        'ServiceQuotaExceededException',
        'You have reached the limit for overages.',
        'OVERAGE_REQUEST_LIMIT_EXCEEDED',
    ),
    conversation_quota: refusal(
        402,
        'ServiceQuotaExceededException',
        'Conversation limit exceeded.',
        'CONVERSATION_LIMIT_EXCEEDED',
    ),
    bad_token: refusal(
        403,
        'AccessDeniedException',
        'The bearer token included in the request is invalid.',
    ),
    suspended: refusal(
        403,
        'AccessDeniedException',
        'Your User ID (d-0000000000.00000000) temporarily is suspended.',
        'TEMPORARILY_SUSPENDED',
    ),
    feature: refusal(
        403,
        'AccessDeniedException',
        'This feature is not supported.',
        'FEATURE_NOT_SUPPORTED',
    ),
    high_load: refusal(
        500,
        'InternalServerException',
        'Encountered unexpectedly high load when processing the request, please try again.',
    ),
    model_unavailable: refusal(
        500,
        'InternalServerException',
        'The model is temporarily unavailable.',
        'MODEL_TEMPORARILY_UNAVAILABLE',
    ),
    unavailable: refusal(503, 'ServiceUnavailableException', 'Service unavailable.'),
    context_overflow: refusal(
        400,
        'ValidationException',
        'Input is too long.',
        'CONTENT_LENGTH_EXCEEDS_THRESHOLD',
    ),
    prompt_too_long: refusal(400, 'ValidationException', 'Prompt is too long.', 'PROMPT_TOO_LONG'),
    invalid_model: refusal(
        400,
        'ValidationException',
        'Invalid model. Please select a different model to continue.',
        'INVALID_MODEL_ID',
    ),
    improper: refusal(
        400,
        'ValidationException',
        'Improperly formed request.',
        'REQUEST_BODY_INVALID',
    ),
    profile_required: refusal(
        400,
        'ValidationException',
        'profileArn is required for this request.',
    ),
    builder_id: refusal(
        403,
        'AccessDeniedException',
        'AWS Builder ID is not supported for this operation.',
        'FEATURE_NOT_SUPPORTED',
    ),
    conflict: refusal(
        409,
        'ConflictException',
        'The customer key is disabled.',
        'CUSTOMER_KMS_KEY_DISABLED',
    ),
    not_found: refusal(404, 'ResourceNotFoundException', 'No such resource.'),
    unsigned: refusal(
        403,
        'AccessDeniedException',
        'The request signature we calculated does not match the signature you provided.',
    ),
    // What a proxy in front of the service answers.
    html_502: {
        status: 502,
        content_type: 'text/html',
        body: '<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>',
    },
    empty_500: { status: 500, content_type: 'application/json', body: '' },
    // The name ends in "Error", as some code of the service's own makes it.
    throttled_short: refusal(429, 'ThrottlingError', 'Rate exceeded'),
};

// A refusal as the bytes and fields of an HTTP answer.
export function refusalAnswer(refusal, dialect) {
    const body =
        refusal.body ??
        JSON.stringify({
            __type: `com.amazon.aws.codewhisperer#${refusal.type}`,
            message: refusal.message,
            reason: refusal.reason,
        });
    const fields = {
        'content-type':
            refusal.content_type ??
            `application/${dialect === 'awsjson' ? 'x-amz-json-1.0' : 'json'}`,
    };
    if (refusal.type && dialect !== 'awsjson')
        fields['x-amzn-errortype'] =
            `${refusal.type}:http://internal.amazon.com/coral/com.amazon.aws.codewhisperer/`;
    if (refusal.retry_after !== undefined) fields['retry-after'] = String(refusal.retry_after);
    if (refusal.rule)
        fields['x-broken-rule'] = `${refusal.rule}: ${refusal.detail}`.replace(
            /[^\x20-\x7e]/g,
            '?',
        );
    return { status: refusal.status, fields, body };
}
