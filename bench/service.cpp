// A fast stand-in of the service behind the `amazon-q` backend, and of an OpenAI API that says the
// same. It looks for the end of a request and sends bytes prepared at start.
//
//   service [--port P] events FRAMES FRAMES_PER_SEND INTERVAL_MS TEXT   Amazon Q: event stream
//   service [--port P] sse FRAMES FRAMES_PER_SEND INTERVAL_MS TEXT      OpenAI: server-sent events
//   service [--port P] json TEXT                                        OpenAI: one JSON object
//
// Each frame brings TEXT once. INTERVAL_MS 0: everything is ready at once, with as many sends as
// FRAMES_PER_SEND asks for; else a send per interval.
//
// `sse` and `json` are what a proxy is compared by that only copies: behind it they bring the
// client, byte for byte but for the ids, what the server makes of `events`. So the load reads and
// checks the same on both ways, and the server pays alone for decoding one form into the other.

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/event_frame.h"
#include "bench/ready_server.h"

namespace {

using bench::Answer;

constexpr std::string_view events_head =
    "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n"
    "x-amzn-RequestId: 00000000-0000-0000-0000-000000000000\r\n";

constexpr std::string_view models =
    R"({"models":[{"modelId":"claude-sonnet-4","modelName":"Claude Sonnet 4",)"
    R"("tokenLimits":{"maxInputTokens":200000},"supportedInputTypes":["TEXT","IMAGE"]}],)"
    R"("defaultModel":{"modelId":"claude-sonnet-4"}})";

std::string chunk(std::string_view delta, std::string_view finish) {
    std::string frame =
        "data: {\"id\":\"chatcmpl-0000000000000000\",\"object\":\"chat.completion.chunk\","
        "\"created\":1700000000,\"model\":\"amazon-q\",\"choices\":[{\"index\":0,\"delta\":{";
    frame.append(delta).append("},\"logprobs\":null,\"finish_reason\":").append(finish);
    return frame + "}]}\n\n";
}

std::string content(std::string_view text) {
    return "\"content\":\"" + std::string(text) + "\"";
}

Answer sse_answer(size_t frames, size_t frames_per_send, const std::string& text) {
    std::vector<std::string> pieces(frames, chunk(content(text), "null"));
    pieces.front() = chunk("\"role\":\"assistant\"," + content(text), "null");
    return bench::chunked_answer(bench::sse_head, pieces,
                                 chunk("", "\"stop\"") + "data: [DONE]\n\n", frames_per_send);
}

Answer events_answer(size_t frames, size_t frames_per_send, const std::string& text) {
    const std::vector<std::string> pieces(
        frames, bench::event_frame("assistantResponseEvent", "{" + content(text) + "}"));
    return bench::chunked_answer(events_head, pieces, "", frames_per_send);
}

Answer json_answer(const std::string& text) {
    return bench::json_answer_of(
        "application/json",
        "{\"id\":\"chatcmpl-0000000000000000\",\"object\":\"chat.completion\",\"created\":"
        "1700000000,\"model\":\"amazon-q\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
        "\"assistant\"," +
            content(text) +
            ",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":"
            "{\"prompt_tokens\":40,\"completion_tokens\":64,\"total_tokens\":104}}");
}

struct Arguments {
    uint16_t port = 0;
    std::string mode, text;
    size_t frames = 1, frames_per_send = 1, interval_ms = 0;
};

bool read_arguments(std::vector<std::string> words, Arguments& out) {
    out.port = bench::take_port(words);
    if (words.size() < 2) return false;
    out.mode = words.front();
    out.text = words.back();
    // The text is sent as it is.
    if (out.text.find_first_of("\"\\\n") != std::string::npos) return false;
    if (out.mode == "json") return words.size() == 2;
    if ((out.mode != "events" && out.mode != "sse") || words.size() != 5) return false;
    out.frames = std::stoul(words[1]);
    out.frames_per_send = std::stoul(words[2]);
    out.interval_ms = std::stoul(words[3]);
    return out.frames > 0 && out.frames_per_send > 0;
}

Answer answer_for(const Arguments& arguments) {
    if (arguments.mode == "json") return json_answer(arguments.text);
    const auto make = arguments.mode == "sse" ? sse_answer : events_answer;
    return make(arguments.frames, arguments.frames_per_send, arguments.text);
}

[[noreturn]] void serve(const Arguments& arguments) {
    bench::allow_all_descriptors();
    bench::ReadyServer service(answer_for(arguments), arguments.interval_ms);
    service.add_other("ListAvailableModels",
                      bench::json_answer_of("application/x-amz-json-1.0", models));
    service.run(bench::listen_on("service", arguments.port));
}

}  // namespace

int main(int argc, char** argv) {
    try {
        Arguments arguments;
        if (read_arguments({argv + 1, argv + argc}, arguments)) serve(arguments);
        std::fputs(
            "usage: service [--port P] events|sse FRAMES FRAMES_PER_SEND INTERVAL_MS TEXT"
            " | json TEXT\n",
            stderr);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
