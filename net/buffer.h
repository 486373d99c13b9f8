#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace net {

// Heap memory, of any alignment.
struct FreeMemory {
    void operator()(char* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<char[], FreeMemory>;

// InputBuffer holds what has arrived and is not used up, contiguous. Behind the last byte there
// are always tail_slack allocated bytes, which a JSON parser may read (never use).
class InputBuffer {
public:
    static constexpr size_t tail_slack = 64;

    // Room for at least `bytes` more; may move the content.
    std::span<char> writable(size_t bytes);
    void commit(size_t bytes) { size_ += bytes; }

    // Valid until writable() or fit().
    char* data() { return data_.get(); }
    size_t size() const { return size_; }
    size_t capacity() const { return capacity_; }
    bool empty() const { return size_ == 0; }

    // Drops bytes from the front, or all behind the first `size`.
    void consume(size_t bytes);
    void truncate(size_t size) { size_ = size; }

    // Reallocates to the content's exact size; with no content frees all.
    void fit();

private:
    void reallocate(size_t capacity, size_t alignment);

    Memory data_;
    size_t size_ = 0;
    size_t capacity_ = 0;  // without the slack
};

// OutputBuffer is the build area of a worker: what its connections write until it is sent. Bytes
// are appended at the end only; it grows when a single piece needs it.
class OutputBuffer {
public:
    // For turns of so many bytes.
    explicit OutputBuffer(size_t window);

    // Begins a turn: producers stop when they have written that much more.
    void open(size_t window) { limit_ = size_ + window; }
    bool has_room() const { return size_ < limit_; }

    // Room for `bytes` at the end; valid until the next call. commit_to() takes its end.
    char* reserve(size_t bytes) {
        if (capacity_ - size_ < bytes) grow(bytes);
        return data_.get() + size_;
    }
    void commit_to(const char* end) { size_ = static_cast<size_t>(end - data_.get()); }

    void append(std::string_view bytes) {
        char* to = reserve(bytes.size());
        bytes.copy(to, bytes.size());
        size_ += bytes.size();
    }

    // Valid until the buffer grows or is cleared.
    char* data() { return data_.get(); }
    size_t size() const { return size_; }
    std::string_view view() const { return {data_.get(), size_}; }
    void truncate(size_t size) { size_ = size; }

    // Empties it. Gives back what one large piece took.
    void clear();

private:
    void grow(size_t bytes);

    Memory data_;
    size_t size_ = 0;
    size_t capacity_;
    size_t usual_capacity_;
    size_t limit_ = 0;
};

// UnsentBytes keeps what the kernel did not take, at its exact size. It is small without content,
// which is nearly always.
class UnsentBytes {
public:
    bool empty() const { return !content_; }
    std::string_view view() const {
        return content_ ? std::string_view(content_->bytes).substr(content_->sent)
                        : std::string_view();
    }

    // Appends to what is there.
    void keep(std::string_view bytes);
    // Drops what was sent; frees the memory with the last byte. REQUIRES: not empty.
    void consume(size_t bytes);

private:
    struct Content {
        std::string bytes;
        size_t sent = 0;
    };

    std::unique_ptr<Content> content_;
};

}  // namespace net
