#include "net/process.h"

#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>

namespace net {

uint32_t core_count() {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
    return static_cast<uint32_t>(std::max(1, CPU_COUNT(&cores)));
}

uint32_t raise_descriptor_limit(uint32_t workers) {
    const rlim_t reserved = 64 + rlim_t{8} * workers;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = limit.rlim_max = 1024;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t allowed = limit.rlim_cur > 2 * reserved ? limit.rlim_cur - reserved : reserved;
    return static_cast<uint32_t>(std::min<rlim_t>(allowed, 1'000'000));
}

void give_memory_back() {
    constexpr int large_bytes = 256 * 1024;
    ::mallopt(M_MMAP_THRESHOLD, large_bytes);
    ::mallopt(M_TRIM_THRESHOLD, 2 * large_bytes);
}

}  // namespace net
