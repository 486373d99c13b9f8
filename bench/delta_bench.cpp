// What a delta costs without any socket: an event frame of Amazon Q in, a server-sent event out.
// And what a chat request costs to decode and to put into Amazon Q's form. Counts what is allocated
// after the first round; prints a table and exits 1 when a delta allocates anything.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/event_frame.h"
#include "json/amazon_q_events.h"
#include "json/amazon_q_request.h"
#include "json/chat_request.h"
#include "json/sse_writer.h"
#include "net/event_stream.h"

namespace {

uint64_t allocations = 0;

void* counted(size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(size_t size) {
    return counted(size);
}
void* operator new[](size_t size) {
    return counted(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, size_t) noexcept {
    std::free(memory);
}

namespace {

using Clock = std::chrono::steady_clock;

// The quickest of several rounds: the others were disturbed.
constexpr int rounds = 15;

struct Cost {
    double ns = 1e300;
    double allocated = 0;
};

// work() does `count` pieces of work and returns how many bytes it made, so that it is not left
// out.
template <class Work>
Cost measure(size_t count, const Work& work) {
    volatile size_t sink = work();
    Cost cost;
    const uint64_t before = allocations;
    for (int round = 0; round < rounds; ++round) {
        const Clock::time_point begin = Clock::now();
        sink = work();
        const std::chrono::duration<double, std::nano> took = Clock::now() - begin;
        cost.ns = std::min(cost.ns, took.count() / static_cast<double>(count));
    }
    cost.allocated =
        static_cast<double>(allocations - before) / rounds / static_cast<double>(count);
    static_cast<void>(sink);
    return cost;
}

void print(const char* what, const Cost& cost) {
    std::printf("%-58s %10.1f ns %9.3f allocations\n", what, cost.ns, cost.allocated);
}

// One answer's frames through the same steps as in AmazonQGeneration and ChatExchange.
class Stream {
public:
    explicit Stream(std::string frames) : frames_(std::move(frames)), out_(64 * 1024, '\0') {
        head_.model = json::JsonText::trusted("claude-sonnet-4");
        writer_.begin(head_, false);
        frames_.reserve(frames_.size() + json::Reader::padding_bytes);
    }

    // The answer goes on where it was, as if it were one long one.
    size_t translate() {
        std::string_view window = frames_;
        size_t written = 0;
        while (!window.empty()) {
            net::Frame frame;
            const bool is_frame =
                parser_.next(window, frame) == net::EventStreamParser::Status::frame;
            if (!is_frame || !events_.feed(frame.event_type, frame.payload)) {
                throw std::runtime_error("a frame was refused");
            }
            written += write_deltas();
            window.remove_prefix(frame.size);
        }
        return written;
    }

private:
    size_t write_deltas() {
        size_t written = 0;
        json::Delta delta;
        while (events_.next(delta)) {
            if (writer_.bytes_max(delta) > out_.size()) throw std::runtime_error("a large delta");
            written += static_cast<size_t>(writer_.write(out_.data(), delta, false) - out_.data());
        }
        return written;
    }

    std::string frames_, out_;
    json::Reader reader_{128};
    json::ToolNames names_;
    net::EventStreamParser parser_;
    json::AmazonQEvents events_{reader_, names_, 1000};
    json::AnswerHead head_;
    json::SseWriter writer_;
};

constexpr size_t frames_count = 1000;

Cost measure_frames(std::string_view type, const std::string& payload) {
    std::string frames;
    for (size_t i = 0; i < frames_count; ++i) frames += bench::event_frame(type, payload);
    Stream stream(std::move(frames));
    return measure(frames_count, [&] { return stream.translate(); });
}

// Code as models write it: an escape each dozen bytes.
std::string code(size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += R"(    return \"a\";\n)";
    return text;
}

std::string text_payload(const std::string& text) {
    return R"({"content":")" + text + R"("})";
}

// False: a delta allocated.
bool print_deltas() {
    const std::string tool =
        R"({"toolUseId":"tooluse_0123456789","name":"read_file","input":"{\"path\": \"src/a\""})";
    const Cost costs[] = {
        measure_frames("assistantResponseEvent", text_payload(std::string(16, 'x'))),
        measure_frames("assistantResponseEvent", text_payload(std::string(200, 'x'))),
        measure_frames("assistantResponseEvent", text_payload(code(200))),
        measure_frames("toolUseEvent", tool),
    };
    print("delta: 16 bytes of text", costs[0]);
    print("delta: 200 bytes of text", costs[1]);
    print("delta: 200 bytes of code", costs[2]);
    print("delta: a piece of a tool's arguments", costs[3]);
    return std::all_of(std::begin(costs), std::end(costs),
                       [](const Cost& cost) { return cost.allocated == 0; });
}

// A request of so many bytes: several turns, code in them.
std::string request_of(size_t bytes) {
    const std::string head = R"({"model":"claude-sonnet-4","stream":true,"messages":)"
                             R"([{"role":"system","content":"Be brief."})";
    const std::string tail = R"(,{"role":"user","content":"Go on."}]})";
    std::string body = head;
    for (size_t i = 0; body.size() + tail.size() + 3000 < bytes; ++i) {
        body +=
            i % 2 == 0 ? R"(,{"role":"user","content":")" : R"(,{"role":"assistant","content":")";
        body += code(2000) + "\"}";
    }
    const size_t room = bytes - std::min(bytes, body.size() + tail.size());
    const std::string filler = R"(,{"role":"user","content":""})";
    const size_t text = room > filler.size() ? room - filler.size() : 1;
    body += R"(,{"role":"user","content":")" + std::string(text, 'x') + "\"}" + tail;
    return body;
}

void print_request(const char* size, size_t bytes, size_t repeats) {
    std::string body = request_of(bytes);
    const size_t length = body.size();
    body.append(json::ChatDecoder::padding_bytes, ' ');
    const std::string_view view = std::string_view(body).substr(0, length);
    json::ChatDecoder decoder({});
    json::ChatRequest request;
    json::DecodeError error;
    const auto decode = [&] {
        for (size_t i = 0; i < repeats; ++i) {
            request.clear();
            if (!decoder.decode(view, request, error)) throw std::runtime_error(error.message);
        }
        return request.messages.size();
    };
    print((std::string("request of ") + size + ": decoded").c_str(), measure(repeats, decode));

    const json::AmazonQSettings settings;
    json::AmazonQRequestWriter writer(settings, {});
    json::ToolNames names;
    std::string out;
    const auto translate = [&] {
        for (size_t i = 0; i < repeats; ++i) {
            out.clear();
            if (!writer.write(request, "claude-sonnet-4", "c", names, out, error)) {
                throw std::runtime_error(error.message);
            }
        }
        return out.size();
    };
    print((std::string("request of ") + size + ": put into Amazon Q's form").c_str(),
          measure(repeats, translate));
}

}  // namespace

int main() {
    try {
        const bool is_free = print_deltas();
        print_request("309 bytes", 309, 2000);
        print_request("100 KB", 100'000, 20);
        if (!is_free) std::fputs("a delta allocates\n", stderr);
        return is_free ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
