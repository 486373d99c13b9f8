#pragma once

#include <cstdint>

#include "json/text.h"

namespace core {

// The first token of `text`, as the echo backend cuts it: spaces and the word behind them, 16
// bytes at most, no escape, surrogate pair or UTF-8 sequence split. Empty only for empty text.
json::JsonText first_word(json::JsonText text);

// How many tokens first_word() makes of `text`.
uint32_t count_words(json::JsonText text);

}  // namespace core
