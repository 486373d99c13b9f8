#include "net/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "net/fd.h"

namespace net {
namespace {

constexpr uint32_t own_descriptors = 64;  // what the program itself may need

}  // namespace

uint32_t core_count() {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
    return static_cast<uint32_t>(std::max(1, CPU_COUNT(&cores)));
}

uint32_t raise_descriptor_limit(uint32_t workers) {
    const rlim_t reserved = own_descriptors + rlim_t{8} * workers;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = limit.rlim_max = 1024;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t allowed = limit.rlim_cur > 2 * reserved ? limit.rlim_cur - reserved : reserved;
    return static_cast<uint32_t>(std::min<rlim_t>(allowed, 1'000'000));
}

void reserve_descriptors(uint32_t count) {
    constexpr uint32_t entries_max = 64 * 1024;  // of eight bytes each
    const int highest = static_cast<int>(std::min(count + own_descriptors, entries_max)) - 1;
    // Any open descriptor would do. Without one nothing is lost but the room.
    const Fd highest_used(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, highest));
}

void give_memory_back() {
    constexpr int large_bytes = 256 * 1024;
    ::mallopt(M_MMAP_THRESHOLD, large_bytes);
    ::mallopt(M_TRIM_THRESHOLD, 2 * large_bytes);
}

}  // namespace net
