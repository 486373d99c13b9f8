#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bench {

// Counts of nanoseconds in buckets of at most .4 % width, so that millions of samples cost no
// memory.
class Histogram {
public:
    void add(int64_t ns) {
        const uint64_t value = ns > 0 ? static_cast<uint64_t>(ns) : 0;
        ++counts_[bucket(value)];
        ++total_;
        max_ = std::max(max_, value);
    }

    // The smallest value, in milliseconds, that the given share of the samples does not exceed.
    double quantile_ms(double share) const {
        const double wanted = share * static_cast<double>(total_);
        uint64_t seen = 0;
        for (size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen > 0 && static_cast<double>(seen) >= wanted) return milliseconds(upper(i));
        }
        return 0;
    }

    double max_ms() const { return milliseconds(max_); }
    uint64_t total() const { return total_; }

private:
    static constexpr unsigned bits = 8;  // 256 buckets per doubling

    static size_t bucket(uint64_t value) {
        if (value < (1U << bits)) return value;
        const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - bits - 1;
        return (size_t{shift + 1} << bits) + ((value >> shift) & ((1U << bits) - 1));
    }

    static uint64_t upper(size_t index) {
        if (index < (1U << bits)) return index;
        const size_t shift = (index >> bits) - 1;
        return (((1U << bits) + (index & ((1U << bits) - 1)) + 1) << shift) - 1;
    }

    double milliseconds(uint64_t ns) const { return static_cast<double>(std::min(ns, max_)) / 1e6; }

    std::array<uint64_t, (64 - bits + 1) << bits> counts_ = {};
    uint64_t total_ = 0;
    uint64_t max_ = 0;
};

}  // namespace bench
