#include "net/buffer.h"

#include <algorithm>

namespace net {

std::span<char> InputBuffer::writable(size_t bytes) {
    if (capacity_ - size_ < bytes) reallocate(std::max(size_ + bytes, capacity_ * 2));
    return {data_.get() + size_, capacity_ - size_};
}

void InputBuffer::consume(size_t bytes) {
    size_ -= bytes;
    if (size_ != 0) std::memmove(data_.get(), data_.get() + bytes, size_);
}

void InputBuffer::fit() {
    if (size_ == 0) {
        data_.reset();
        capacity_ = 0;
    } else if (size_ != capacity_) {
        reallocate(size_);
    }
}

void InputBuffer::reallocate(size_t capacity) {
    std::unique_ptr<char[]> data(new char[capacity + tail_slack]);
    if (size_ != 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = capacity;
}

OutputBuffer::OutputBuffer(size_t window)
    // Twice the window: the last piece begins below the limit and usually ends inside.
    : data_(new char[window * 2]),
      capacity_(window * 2),
      usual_capacity_(window * 2),
      limit_(window) {}

void OutputBuffer::restart(size_t limit) {
    size_ = 0;
    limit_ = limit;
    if (capacity_ == usual_capacity_) return;
    data_.reset(new char[usual_capacity_]);
    capacity_ = usual_capacity_;
}

void OutputBuffer::grow(size_t bytes) {
    const size_t capacity = std::max(size_ + bytes, capacity_ * 2);
    std::unique_ptr<char[]> data(new char[capacity]);
    std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = capacity;
}

void UnsentBytes::keep(std::string_view bytes) {
    const std::string_view old = view();
    std::unique_ptr<char[]> data(new char[old.size() + bytes.size()]);
    if (!old.empty()) std::memcpy(data.get(), old.data(), old.size());
    std::memcpy(data.get() + old.size(), bytes.data(), bytes.size());
    end_ = old.size() + bytes.size();
    begin_ = 0;
    data_ = std::move(data);
}

void UnsentBytes::consume(size_t bytes) {
    begin_ += bytes;
    if (begin_ != end_) return;
    data_.reset();
    begin_ = end_ = 0;
}

}  // namespace net
