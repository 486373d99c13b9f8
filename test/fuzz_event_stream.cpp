// Event streams of any bytes, cut anywhere: the same frames for every cut, and no byte read twice.
// The first byte says what the rest is: raw bytes, or the headers and payload of a good frame.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "event_frames.h"
#include "json/amazon_q_events.h"
#include "net/event_stream.h"

namespace {

struct Outcome {
    std::vector<std::string> payloads;
    net::EventStreamParser::Status end = net::EventStreamParser::Status::need_more;
    bool operator==(const Outcome&) const = default;
};

void expect(bool holds) {
    if (!holds) std::abort();
}

Outcome decode(std::string_view bytes, size_t step) {
    static json::Reader reader(128);
    const json::ToolNames names;
    json::AmazonQEvents events(reader, names, 0);
    net::EventStreamParser parser;
    Outcome out;
    std::string window;
    for (size_t at = 0; at < bytes.size(); at += step) {
        window += bytes.substr(at, step);
        window.reserve(window.size() + json::Reader::padding_bytes);
        net::Frame frame;
        while ((out.end = parser.next(window, frame)) == net::EventStreamParser::Status::frame) {
            expect(frame.size >= net::EventStreamParser::frame_bytes_min);
            expect(frame.size <= window.size());
            out.payloads.emplace_back(frame.payload);
            if (events.feed(frame.event_type, frame.payload)) {
                for (json::Delta delta; events.next(delta);) {
                    out.payloads.emplace_back(delta.text.view());
                    json::JsonText again;
                    expect(json::check(delta.text.view(), again));
                }
            }
            window.erase(0, frame.size);
        }
        if (out.end == net::EventStreamParser::Status::broken) break;
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 3) return 0;
    std::string_view input(reinterpret_cast<const char*>(data), size);
    const size_t step = 1 + data[1] % 64;
    std::string bytes;
    if (data[0] % 3 == 0) {
        bytes = input.substr(2);
    } else if (data[0] % 3 == 1) {
        const std::string_view rest = input.substr(3);
        const size_t headers = data[2] < rest.size() ? data[2] : rest.size();
        bytes = test::frame_of(rest.substr(0, headers), rest.substr(headers));
    } else {
        const std::string_view types[] = {"assistantResponseEvent", "toolUseEvent", "metadataEvent",
                                          "reasoningContentEvent", "invalidStateEvent"};
        size_t kind = data[2];
        for (std::string_view rest = input.substr(3); !rest.empty();) {
            const std::string_view line = rest.substr(0, rest.find('\n'));
            bytes += test::event_frame(types[kind++ % std::size(types)], line);
            rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        }
    }
    expect(decode(bytes, step) == decode(bytes, bytes.size() + 1));
    return 0;
}
