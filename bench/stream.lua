-- wrk: a chat request answered by a stream of 64 frames that are all ready at once. The text is not
-- looked at: bench/load does that; this one is for comparison with servers that answer otherwise.
wrk.method = "POST"
wrk.headers["Host"] = "127.0.0.1"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["x-echo"] = "tokens=64"
wrk.path = "/v1/chat/completions"
wrk.body = '{"model":"amazon-q","stream":true,"messages":[{"role":"user",'
    .. '"content":" administrations acknowledgement classifications characteristics"}]}'

local frames_per_answer = 64

function done(summary, latency, requests)
    local e = summary.errors
    local errors = e.connect + e.read + e.write + e.status + e.timeout
    io.write(string.format("requests %d\nerrors %d\nframes_per_second %.0f\n", summary.requests,
        errors, summary.requests * frames_per_answer * 1e6 / summary.duration))
end
