#include "core/echo_words.h"

#include <bit>

#include "json/swar.h"

namespace core {
namespace {

constexpr size_t word_bytes_max = 16;

// One bit for each of the eight bytes at `from` that is a space, the lowest for the first.
uint32_t spaces_in_eight(const char* from) {
    auto word = json::load<uint64_t>(from);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    // A byte that is no space keeps a bit, or gets one in its highest by the addition.
    word ^= json::low_bits * ' ';
    const uint64_t others = ((word & ~json::high_bits) + ~json::high_bits) | word;
    // The product moves the lowest bit of byte i to bit 56 + i.
    return static_cast<uint32_t>((~others >> 7 & json::low_bits) * 0x0102040810204080 >> 56);
}

// Of the first 16 bytes; behind a shorter text stand spaces.
uint32_t spaces_in(std::string_view text) {
    char padded[word_bytes_max];
    const char* from = text.data();
    if (text.size() < word_bytes_max) {
        std::memset(padded, ' ', word_bytes_max);
        text.copy(padded, text.size());
        from = padded;
    }
    return spaces_in_eight(from) | spaces_in_eight(from + 8) << 8;
}

}  // namespace

json::JsonText first_word(json::JsonText text) {
    const std::string_view all = text.view();
    const uint32_t spaces = spaces_in(all);
    const uint32_t behind = spaces & (spaces + 1);  // without those the text begins with
    const size_t end = behind != 0 ? static_cast<size_t>(std::countr_zero(behind)) : word_bytes_max;
    if (end >= all.size()) return text;
    // A space is never inside an escape or a sequence; only a long word needs a closer look.
    return all[end] == ' ' ? json::JsonText::trusted(all.substr(0, end)) : text.cut(end);
}

uint32_t count_words(json::JsonText text) {
    uint32_t count = 0;
    for (; !text.empty(); ++count) text = text.after(first_word(text));
    return count;
}

}  // namespace core
