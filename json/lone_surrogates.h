#pragma once

#include <cstddef>
#include <string>

namespace json {

// Replaces each \uXXXX escape of half a surrogate pair by that of U+FFFD, from a place in a valid
// JSON text on: a lone half is legal JSON but no text that others could store.
void replace_lone_surrogates(std::string& json, size_t from);

}  // namespace json
