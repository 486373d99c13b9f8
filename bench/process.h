#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

// What /proc says about another process; zero when it is gone.
namespace bench {

// CPU time of all live threads, user and kernel, in nanoseconds. `stat` counts in ticks of 10 ms,
// `schedstat` in nanoseconds, but for one thread each.
inline int64_t cpu_ns(int pid) {
    int64_t sum = 0;
    std::error_code gone;
    const std::string threads = "/proc/" + std::to_string(pid) + "/task";
    for (const auto& thread : std::filesystem::directory_iterator(threads, gone)) {
        int64_t ns = 0;
        std::ifstream(thread.path() / "schedstat") >> ns;
        sum += ns;
    }
    return sum;
}

// A value of `smaps_rollup` in KiB. "Private_Dirty:" is the memory the process itself wrote.
inline int64_t memory_kib(int pid, const std::string& name) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    std::string word;
    while (file >> word) {
        int64_t kib = 0;
        if (word == name && file >> kib) return kib;
    }
    return 0;
}

}  // namespace bench
