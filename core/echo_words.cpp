#include "core/echo_words.h"

#include <algorithm>

namespace core {
namespace {

constexpr size_t word_bytes_max = 16;

}  // namespace

json::JsonText first_word(json::JsonText text) {
    const std::string_view all = text.view();
    const size_t limit = std::min(all.size(), word_bytes_max);
    size_t end = 0;
    while (end < limit && all[end] == ' ') ++end;
    while (end < limit && all[end] != ' ') ++end;
    if (end == all.size()) return text;
    // A space is never inside an escape or a sequence; only a long word needs a closer look.
    return all[end] == ' ' ? json::JsonText::trusted(all.substr(0, end)) : text.cut(end);
}

uint32_t count_words(json::JsonText text) {
    uint32_t count = 0;
    for (; !text.empty(); ++count) text = text.after(first_word(text));
    return count;
}

}  // namespace core
