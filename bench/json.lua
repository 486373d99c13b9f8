-- wrk: one chat request of 309 bytes, answered by one JSON object. The system message pads it.
wrk.method = "POST"
wrk.headers["Host"] = "127.0.0.1"
wrk.headers["Content-Type"] = "application/json"

local request_bytes = 309
local before = '{"model":"amazon-q","messages":[{"role":"system","content":"'
local after = '"},{"role":"user","content":"What does a server answer?"}]}'

function init(args)
    wrk.path = "/v1/chat/completions"
    wrk.body = before .. after
    local missing = request_bytes - #wrk.format() - 1 -- the length gains a third digit
    wrk.body = before .. string.rep("x", missing) .. after
end

function done(summary, latency, requests)
    local e = summary.errors
    local errors = e.connect + e.read + e.write + e.status + e.timeout
    io.write(string.format("requests %d\nerrors %d\nper_second %.0f\n", summary.requests, errors,
        summary.requests * 1e6 / summary.duration))
end
