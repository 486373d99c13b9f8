#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace core {

// Every number of this room, with its reason. Operators change those that have an option.
struct Limits {
    using Milliseconds = std::chrono::milliseconds;

    // Deeper than any tool schema seen, far below what a recursive reader's stack bears.
    uint32_t json_depth_max = 128;
    // What Amazon Q's own client allows.
    uint32_t messages_max = 10'000;
    // Of one stop string. Nobody needs a page; four of them are kept for each choice.
    size_t stop_bytes_max = 4096;
    // A silent stream gets a comment this often: proxies in between drop idle connections after
    // 30 to 60 s, and a client that has gone is noticed when it is written to. WHATWG HTML 9.2.7
    // advises about 15 s.
    Milliseconds ping_interval{15'000};
    // How long SIGTERM lets running answers go on.
    Milliseconds drain_timeout{30'000};
    // An unstreamed answer must be held until it is whole.
    size_t answer_bytes_max = 64 * 1024 * 1024;
    // Pieces of an unstreamed answer that are taken before other connections have their turn.
    uint32_t deltas_per_turn = 4096;
};

}  // namespace core
