#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "json/text.h"

namespace core {

// EchoWords is a cursor over a text that hands it out in the echo backend's tokens: spaces and the
// word behind them, 16 bytes at most, no escape, surrogate pair or UTF-8 sequence split. It does
// not own the text.
class EchoWords {
public:
    EchoWords() = default;
    // Of `text`, the first `done` bytes were handed out already.
    explicit EchoWords(json::JsonText text, size_t done = 0) : text_(text.view()), at_(done) {}

    json::JsonText text() const { return json::JsonText::trusted(text_); }
    size_t done() const { return at_; }
    bool is_over() const { return at_ == text_.size(); }

    // The next token. REQUIRES: it is not over.
    json::JsonText next();
    // As many as there are and `out` has room for; returns how many.
    size_t next(std::span<json::JsonText> out);
    // All that is left, in one piece that is `tokens` of them.
    json::JsonText rest(uint32_t& tokens);

    void rewind() { at_ = 0; }

private:
    std::string_view text_;
    size_t at_ = 0;
};

}  // namespace core
