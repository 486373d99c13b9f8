#include "net/buffer.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace net {
namespace {

// What the kernel copies to or from begins on a page, as its own socket memory does: processors
// with FSRM (Zen 3, Zen 4) copy twenty times slower to an address that lies 1 to 63 bytes above
// the source's, modulo a page.
constexpr size_t page_bytes = 4096;
constexpr size_t usual_alignment = alignof(std::max_align_t);

Memory allocate(size_t bytes, size_t alignment) {
    void* memory = nullptr;
    if (::posix_memalign(&memory, alignment, bytes) != 0) throw std::bad_alloc();
    return Memory(static_cast<char*>(memory));
}

}  // namespace

std::span<char> InputBuffer::writable(size_t bytes) {
    if (capacity_ - size_ < bytes) reallocate(std::max(size_ + bytes, capacity_ * 2), page_bytes);
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
        reallocate(size_, usual_alignment);  // not received into
    }
}

void InputBuffer::reallocate(size_t capacity, size_t alignment) {
    Memory data = allocate(capacity + tail_slack, alignment);
    if (size_ != 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = capacity;
}

OutputBuffer::OutputBuffer(size_t window)
    // Twice the window: the last piece begins below the limit and usually ends inside.
    : data_(allocate(window * 2, page_bytes)), capacity_(window * 2), usual_capacity_(window * 2) {}

void OutputBuffer::clear() {
    size_ = 0;
    if (capacity_ == usual_capacity_) return;
    data_ = allocate(usual_capacity_, page_bytes);
    capacity_ = usual_capacity_;
}

void OutputBuffer::grow(size_t bytes) {
    const size_t capacity = std::max(size_ + bytes, capacity_ * 2);
    Memory data = allocate(capacity, page_bytes);
    std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = capacity;
}

void UnsentBytes::keep(std::string_view bytes) {
    const std::string_view old = view();
    auto content = std::make_unique<Content>();
    content->bytes.reserve(old.size() + bytes.size());
    content->bytes.append(old).append(bytes);
    content_ = std::move(content);
}

void UnsentBytes::consume(size_t bytes) {
    content_->sent += bytes;
    if (content_->sent == content_->bytes.size()) content_.reset();
}

}  // namespace net
