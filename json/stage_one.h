#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace json {

// StageOne is simdjson's first stage. It finds where each token of a JSON text begins, and checks
// what takes no grammar: that strings are UTF-8, that they end, and that they hold no control
// character, except for what follows a backslash. Between a string's end and the next token it
// leaves nothing but white space. It owns the list of tokens. One serves all texts of a thread in
// turn.
class StageOne {
public:
    // How many bytes after the text must be readable; their value does not matter.
    static constexpr size_t padding_bytes = 64;

    // What is wrong with a text, and where: null if nowhere in particular.
    struct Fault {
        std::string_view what;
        const char* at = nullptr;
    };

    StageOne();
    ~StageOne();

    // False: `text` has no tokens, or is at fault.
    // REQUIRES: padding_bytes readable bytes after the text's end.
    [[nodiscard]] bool run(std::string_view text, Fault& fault);

    // The offsets of the tokens' first bytes; at least one. What end() points at may be read too:
    // it is the first offset once more. Valid until the next run() or tidy().
    const uint32_t* begin() const { return begin_; }
    const uint32_t* end() const { return end_; }

    // Gives the memory of an unusually long text back.
    void tidy();

private:
    int reserve(size_t bytes);

    std::unique_ptr<simdjson::internal::dom_parser_implementation> stages_;
    size_t capacity_ = 0;  // the longest text there is room for, in bytes
    const uint32_t* begin_ = nullptr;
    const uint32_t* end_ = nullptr;
};

}  // namespace json
