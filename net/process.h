#pragma once

#include <cstdint>

namespace net {

// What a server settles with its system before it starts.

// The cores this process may use, at least one.
uint32_t core_count();

// Raises the descriptor limit as far as it goes and returns how many connections it allows beside
// what the program and its workers need for themselves.
uint32_t raise_descriptor_limit(uint32_t workers);

// Lets large blocks go back to the system when they are freed. By default glibc stops doing so
// after it has seen a few, and one large request would be paid for ever after.
void give_memory_back();

}  // namespace net
