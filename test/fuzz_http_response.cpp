// Whatever an upstream sends, split anywhere: the outcome does not depend on the split, the window
// is not overrun, and nothing is kept alive that has not ended in order.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>

#include "net/response_parser.h"

namespace {

using State = net::ResponseParser::State;

void require(bool condition) {
    if (!condition) std::abort();
}

struct Outcome {
    State state = State::head;
    int status = 0;
    std::string body;
    std::string fields;
    bool keeps_alive = false;

    bool operator==(const Outcome&) const = default;
};

// Feeds pieces of sizes that `seed` draws, each in memory of its own size; 0 gives one piece.
Outcome parse(std::string_view text, uint32_t seed) {
    net::UpstreamLimits limits;
    limits.head_bytes_max = 512;
    limits.field_count_max = 8;
    limits.chunk_extension_bytes_max = 32;
    net::ResponseParser parser(limits);
    net::BodyWindow window(limits.window_bytes);
    while (!text.empty() && parser.state() != State::refused) {
        size_t size = text.size();
        if (seed != 0) {
            seed = seed * 1664525 + 1013904223;
            size = std::min<size_t>(size, 1 + (seed >> 24) % 16);
        }
        const std::unique_ptr<char[]> piece(new char[size]);
        std::memcpy(piece.get(), text.data(), size);
        parser.feed({piece.get(), size}, window);
        text.remove_prefix(size);
    }
    Outcome outcome;
    outcome.state = parser.state();
    require((outcome.state == State::refused) == !parser.refusal().empty());
    if (outcome.state == State::refused) return outcome;  // how much came before may differ
    outcome.body = window.view();
    outcome.keeps_alive = outcome.state == State::complete && parser.keeps_alive();
    require(!parser.ends_here() || outcome.state == State::body);
    if (outcome.state != State::head) {
        outcome.status = parser.status();
        require(outcome.status >= 200);
        outcome.fields = parser.take_fields();
        require(outcome.fields.empty() || outcome.fields.ends_with('\n'));
    }
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 4 || size > 4096) return 0;
    uint32_t seed;
    std::memcpy(&seed, data, 4);
    const std::string_view text(reinterpret_cast<const char*>(data) + 4, size - 4);
    require(parse(text, 0) == parse(text, seed | 1));
    return 0;
}
