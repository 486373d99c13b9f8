#pragma once

#ifdef __x86_64__

#ifndef __clang__
#include <sys/platform/x86.h>
#endif

namespace net {

// What this processor can, as libc has found out at start. __builtin_cpu_supports would ask the
// processor again, before main(), and in a virtual machine each question takes 10 us; but clang
// does not take libc's header for C++.
#ifdef __clang__
inline bool has_avx2() {
    return __builtin_cpu_supports("avx2");
}
inline bool has_clmul() {
    return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}
#else
inline bool has_avx2() {
    return CPU_FEATURE_ACTIVE(AVX2);
}
inline bool has_clmul() {
    return CPU_FEATURE_ACTIVE(PCLMULQDQ) && CPU_FEATURE_ACTIVE(SSE4_1);
}
#endif

}  // namespace net

#endif
