#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "net/buffer.h"

namespace net {

// BodyWindow holds what of a response's body has come and was not consumed, contiguous and with
// InputBuffer::tail_slack readable bytes behind it. It owns memory only while it holds bytes.
class BodyWindow {
public:
    explicit BodyWindow(size_t limit) : limit_(limit) {}

    // Valid until reserve(), append(), or consume() of the last byte.
    std::string_view view() const { return {data_.get() + begin_, size()}; }
    size_t size() const { return end_ - begin_; }
    // How much may be appended.
    size_t room() const { return limit_ - std::min(limit_, size()); }
    void widen(size_t limit) { limit_ = std::max(limit_, limit); }

    // Makes room for so many at once, where they are appended in pieces.
    void reserve(size_t bytes) {
        if (capacity_ - end_ < bytes) make_room(bytes);
    }

    void append(std::string_view bytes) {
        if (bytes.empty()) return;
        reserve(bytes.size());
        std::memcpy(data_.get() + end_, bytes.data(), bytes.size());
        end_ += bytes.size();
    }

    void consume(size_t bytes) {
        begin_ += bytes;
        if (begin_ != end_) return;
        data_.reset();
        begin_ = end_ = capacity_ = 0;
    }

private:
    void make_room(size_t bytes) {
        const size_t held = size();
        if (held <= begin_ && held + bytes <= capacity_) {
            std::memcpy(data_.get(), data_.get() + begin_, held);  // they do not overlap
        } else {
            // As asked for at first, doubled for an event that comes in many pieces.
            capacity_ = std::max(held + bytes, held * 2);
            std::unique_ptr<char[]> data(new char[capacity_ + InputBuffer::tail_slack]);
            if (held != 0) std::memcpy(data.get(), data_.get() + begin_, held);
            data_ = std::move(data);
        }
        begin_ = 0;
        end_ = held;
    }

    std::unique_ptr<char[]> data_;
    size_t begin_ = 0;
    size_t end_ = 0;
    size_t capacity_ = 0;  // without the slack
    size_t limit_;
};

}  // namespace net
