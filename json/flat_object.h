#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "json/text.h"

namespace json {

// FlatObject walks an object of nothing but strings as machines write it: {"key":"value",...} in
// ASCII, without white space and without \uXXXX. That is what nearly all events are, and they are
// so short that Reader would cost them several times as much. It accepts no text that Reader would
// not; what it does not know, right or wrong, is for Reader.
class FlatObject {
public:
    // How many bytes after the text must be readable; their value does not matter.
    static constexpr size_t padding_bytes = 16;

    enum class Step : uint8_t { field, end, unknown };

    // Whether the text is {"key":"value"} and no more: then its value. The same limits and the same
    // padding; `key` holds nothing that must be escaped.
    static bool read_only_field(std::string_view text, std::string_view key, JsonText& value);

    // REQUIRES: padding_bytes readable bytes after the text's end.
    explicit FlatObject(std::string_view text) : next_(text.data()), end_(next_ + text.size()) {}

    // The next field, its key as it stands in the text. Step::end: all of it was an object.
    Step next(std::string_view& key, JsonText& value);

private:
    const char* next_;
    const char* const end_;
    char before_field_ = '{';
};

}  // namespace json
