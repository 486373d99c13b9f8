#include "json/flat_object.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>

#include "json/swar.h"

namespace json {
namespace {

#ifdef __SSE2__

// The first byte that is not ASCII, a control character, a quote or a backslash, or some place
// behind the end.
inline const char* find_special(const char* from, const char* end) {
    static_assert(FlatObject::padding_bytes >= sizeof(__m128i));
    for (; from < end; from += sizeof(__m128i)) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        // As signed numbers, so that what is not ASCII is below the space as well.
        const __m128i others = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
        const __m128i special = _mm_or_si128(_mm_or_si128(quotes, backslashes), others);
        const auto found = static_cast<unsigned>(_mm_movemask_epi8(special));
        if (found != 0) return from + std::countr_zero(found);
    }
    return from;
}

#else

// The high bit of the first byte that is not ASCII, a control character, a quote or a backslash.
// Bits above it mean nothing.
constexpr uint64_t special_bits(uint64_t word) {
    const uint64_t quote = (word ^ low_bits * '"') - low_bits;
    const uint64_t backslash = (word ^ low_bits * '\\') - low_bits;
    const uint64_t control = word - low_bits * 0x20;
    return (word | quote | backslash | control) & high_bits;
}

// The first such byte, or some place behind the end.
inline const char* find_special(const char* from, const char* end) {
    for (; from < end; from += sizeof(uint64_t)) {
        const uint64_t found = special_bits(load_in_order(from));
        if (found != 0) return from + first_high(found);
    }
    return from;
}

#endif

constexpr bool is_short_escape(char letter) {
    return letter == 'n' || letter == '"' || letter == '\\' || letter == 't' || letter == 'r' ||
           letter == '/' || letter == 'b' || letter == 'f';
}

// The closing quote of the string that begins at `at`; null: there is none that is known here.
const char* find_end(const char* at, const char* end) {
    if (*at++ != '"') return nullptr;
    while ((at = find_special(at, end)) < end) {
        if (*at == '"') return at;
        if (*at != '\\' || !is_short_escape(at[1])) return nullptr;
        at += 2;
    }
    return nullptr;
}

}  // namespace

bool FlatObject::read_only_field(std::string_view text, std::string_view key, JsonText& value) {
    const char* const end = text.data() + text.size();
    const size_t value_at = key.size() + 4;  // with the quote
    if (text.size() <= value_at || !text.starts_with("{\"") || text.substr(2, key.size()) != key ||
        text.substr(key.size() + 2, 3) != "\":\"") {
        return false;
    }
    const char* const value_end = find_end(text.data() + value_at, end);
    if (value_end == nullptr || value_end + 2 != end || value_end[1] != '}') return false;
    value = JsonText::trusted({text.data() + value_at + 1, value_end});
    return true;
}

// It looks a few bytes beyond the end, but no string ends there, and no object.
FlatObject::Step FlatObject::next(std::string_view& key, JsonText& value) {
    if (*next_ != before_field_) {
        const bool is_whole = before_field_ == ',' && *next_ == '}' && next_ + 1 == end_;
        return is_whole ? Step::end : Step::unknown;
    }
    before_field_ = ',';
    const char* const key_end = find_end(next_ + 1, end_);
    if (key_end == nullptr || key_end[1] != ':') return Step::unknown;
    const char* const value_end = find_end(key_end + 2, end_);
    if (value_end == nullptr) return Step::unknown;
    key = {next_ + 2, key_end};
    value = JsonText::trusted({key_end + 3, value_end});
    next_ = value_end + 1;
    return Step::field;
}

}  // namespace json
