#pragma once

#include <llhttp.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "net/line_check.h"
#include "net/upstream_limits.h"

namespace net {

// UpstreamHead reads the head of a response: llhttp, and the rules that it leaves to its callers.
// Interim responses before the head are skipped. llhttp says where it ends; its fields are gone
// over once, when it is whole. Before, bytes are kept only of a head that comes in pieces.
class UpstreamHead {
public:
    enum class State : uint8_t { need_more, complete, refused };

    // `limits` must outlive it.
    explicit UpstreamHead(const UpstreamLimits& limits);

    // Takes the bytes up to the end of the head; `used` says how many these are. REQUIRES: it has
    // needed more so far.
    State feed(std::string_view bytes, size_t& used);

    std::string_view refusal() const { return refusal_; }  // static; with State::refused

    // With State::complete:
    uint16_t status() const { return parser_.status_code; }
    bool is_chunked() const { return is_chunked_; }
    bool has_length() const { return length_count_ != 0; }
    uint64_t length() const { return parser_.content_length; }
    // Whether the connection can stay open behind the response.
    bool keeps_alive() const { return llhttp_should_keep_alive(&parser_) != 0; }
    // Whole lines, as they came; given away.
    std::string take_fields() { return std::move(fields_); }

    // The value of the first field of that name among those lines, trimmed.
    static std::string_view find_field(std::string_view fields, std::string_view name);

private:
    // The next head, which may be of an interim response.
    State feed_one(std::string_view bytes, size_t& used);
    State finish(std::string_view head);
    [[gnu::cold]] State skip_interim();
    bool take_fields_of(std::string_view fields);
    bool take_field(std::string_view line);
    bool has_one_framing();
    [[gnu::cold]] State refuse(std::string_view reason);

    const UpstreamLimits& limits_;
    llhttp_t parser_;
    std::string begun_;  // of a head that comes in pieces
    std::string fields_;
    std::string_view refusal_;
    size_t bytes_ = 0;          // with those of interim responses
    uint32_t field_count_ = 0;  // likewise
    uint32_t interim_count_ = 0;
    uint32_t length_count_ = 0;
    uint32_t coding_count_ = 0;
    bool is_chunked_ = false;
    LineCheck lines_;
};

}  // namespace net
