#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

namespace test {

// GuardedText holds a copy of a text, `slack` bytes of filling after it, and then a page that must
// not be touched: whoever reads further crashes.
class GuardedText {
public:
    explicit GuardedText(std::string_view text, size_t slack = 0, char filling = '}')
        : size_(text.size()) {
        auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
        readable_ = (text.size() + slack + page) / page * page;
        mapped_ = readable_ + page;
        void* memory =
            mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memory_ = static_cast<char*>(memory);
        mprotect(memory_ + readable_, page, PROT_NONE);
        begin_ = memory_ + readable_ - slack - text.size();
        if (!text.empty()) std::memcpy(begin_, text.data(), text.size());
        std::memset(begin_ + text.size(), filling, slack);
    }
    ~GuardedText() { munmap(memory_, mapped_); }
    GuardedText(const GuardedText&) = delete;
    GuardedText& operator=(const GuardedText&) = delete;

    std::string_view view() const { return {begin_, size_}; }

private:
    char* memory_;
    char* begin_;
    size_t size_, readable_, mapped_;
};

}  // namespace test
