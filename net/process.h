#pragma once

#include <cstdint>

namespace net {

// What a server settles with its system before it starts.

// The cores this process may use, at least one.
uint32_t core_count();

// Raises the descriptor limit as far as it goes and returns how many connections it allows beside
// what the program and its workers need for themselves.
uint32_t raise_descriptor_limit(uint32_t workers);

// Makes room in the kernel's table of descriptors for `count` connections, within reason: with
// threads each doubling of the table is a pause of 10 ms (it waits for RCU).
// REQUIRES: no thread runs yet, and the limit has been raised.
void reserve_descriptors(uint32_t count);

// Lets large blocks go back to the system when they are freed. By default glibc stops doing so
// after it has seen a few, and one large request would be paid for ever after.
void give_memory_back();

}  // namespace net
