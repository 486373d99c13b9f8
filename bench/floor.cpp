// The floor: the least an epoll server can cost on this kernel. It looks for the end of a request
// and sends bytes prepared at start; it parses and formats nothing. What the real server costs
// above it is the price of HTTP, JSON and the conversation. Not a server for anybody's use.
//
//   floor [--port P] json BYTES                             one answer of BYTES, head included
//   floor [--port P] stream FRAMES BYTES FRAMES_PER_SEND    a stream, all frames ready at once
//   floor [--port P] paced FRAMES BYTES INTERVAL_MS         a stream, one frame per interval

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "bench/ready_server.h"

namespace {

using bench::Answer;

std::string frame_of(size_t bytes) {
    const std::string before =
        "data: {\"id\":\"chatcmpl-0000000000000000\",\"object\":\"chat.completion.chunk\","
        "\"created\":1700000000,\"model\":\"amazon-q\",\"choices\":[{\"index\":0,\"delta\":"
        "{\"content\":\"";
    const std::string after =
        "\"},\"finish_reason\":null}],\"system_fingerprint\":null,\"service_tier\":null}\n\n";
    const size_t fixed = before.size() + after.size();
    return before + std::string(bytes > fixed ? bytes - fixed : 1, 'x') + after;
}

Answer json_answer(size_t bytes) {
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
    const size_t fixed = head.size() + std::strlen("000\r\n\r\n{\"content\":\"\"}");
    return bench::json_answer_of(
        "application/json",
        "{\"content\":\"" + std::string(bytes > fixed ? bytes - fixed : 0, 'x') + "\"}");
}

Answer stream_answer(size_t frames, size_t frame_bytes, size_t frames_per_send) {
    const std::vector<std::string> pieces(frames, frame_of(frame_bytes));
    return bench::chunked_answer(bench::sse_head, pieces, "data: [DONE]\n\n", frames_per_send);
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    const uint16_t port = bench::take_port(words);
    std::vector<size_t> numbers;
    for (size_t i = 1; i < words.size(); ++i) numbers.push_back(std::stoul(words[i]));
    const bool json = words.size() == 2 && words[0] == "json";
    const bool stream = words.size() == 4 && words[0] == "stream";
    const bool paced = words.size() == 4 && words[0] == "paced";
    if ((!json && !stream && !paced) || std::count(numbers.begin(), numbers.end(), 0U) > 0) {
        std::fputs(
            "usage: floor [--port P] json BYTES | stream FRAMES BYTES FRAMES_PER_SEND"
            " | paced FRAMES BYTES INTERVAL_MS\n",
            stderr);
        return 2;
    }
    bench::allow_all_descriptors();
    Answer answer = json ? json_answer(numbers[0])
                         : stream_answer(numbers[0], numbers[1], paced ? 1 : numbers[2]);
    bench::ReadyServer floor(std::move(answer), paced ? numbers[2] : 0);
    floor.run(bench::listen_on("floor", port));
}
