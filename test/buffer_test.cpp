#include "net/buffer.h"

#include <doctest.h>

#include <cstdint>
#include <cstring>
#include <string>

using net::InputBuffer;
using net::OutputBuffer;
using net::UnsentBytes;

namespace {

void append(InputBuffer& buffer, std::string_view bytes) {
    const std::span<char> room = buffer.writable(bytes.size());
    REQUIRE(room.size() >= bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    buffer.commit(bytes.size());
}

std::string_view view(InputBuffer& buffer) {
    return {buffer.data(), buffer.size()};
}

// Touches every byte that a JSON parser may read behind the content.
void read_slack(InputBuffer& buffer) {
    std::memset(buffer.data() + buffer.size(), 'x', InputBuffer::tail_slack);
}

}  // namespace

TEST_CASE("InputBuffer keeps what arrives contiguous and in order") {
    InputBuffer buffer;
    CHECK(buffer.empty());
    std::string expected;
    for (int i = 1; i < 200; ++i) {
        const std::string piece(static_cast<size_t>(i), static_cast<char>('a' + i % 26));
        append(buffer, piece);
        expected += piece;
        REQUIRE(view(buffer) == expected);
        read_slack(buffer);
    }
    CHECK(buffer.capacity() >= expected.size());
}

TEST_CASE("InputBuffer drops bytes from the front and from the end") {
    InputBuffer buffer;
    append(buffer, "0123456789");
    buffer.consume(0);
    CHECK(view(buffer) == "0123456789");
    buffer.consume(4);
    CHECK(view(buffer) == "456789");
    buffer.truncate(3);
    CHECK(view(buffer) == "456");
    append(buffer, "x");
    CHECK(view(buffer) == "456x");
    buffer.consume(4);
    CHECK(buffer.empty());
}

TEST_CASE("InputBuffer fits its content exactly, and owns nothing without content") {
    InputBuffer buffer;
    (void)buffer.writable(1000);
    append(buffer, "abc");
    buffer.fit();
    CHECK(buffer.capacity() == 3);
    CHECK(view(buffer) == "abc");
    read_slack(buffer);
    append(buffer, "defg");
    CHECK(view(buffer) == "abcdefg");
    buffer.consume(7);
    buffer.fit();
    CHECK(buffer.capacity() == 0);
    CHECK(buffer.data() == nullptr);
    append(buffer, "again");
    CHECK(view(buffer) == "again");
}

TEST_CASE("InputBuffer grows in proportion, so that a long body is copied a few times only") {
    InputBuffer buffer;
    int moves = 0;
    const char* before = nullptr;
    for (int i = 0; i < 1000; ++i) {
        append(buffer, std::string(1000, 'x'));
        if (buffer.data() != before) ++moves;
        before = buffer.data();
    }
    CHECK(moves < 20);
}

TEST_CASE("OutputBuffer has room until its limit is reached") {
    OutputBuffer buffer(10);
    buffer.open(10);
    CHECK(buffer.has_room());
    buffer.append("123456789");
    CHECK(buffer.has_room());
    buffer.append("0");
    CHECK_FALSE(buffer.has_room());
    buffer.append("beyond the limit is allowed, it only grows");
    CHECK(buffer.view() == "1234567890beyond the limit is allowed, it only grows");
    buffer.clear();
    CHECK(buffer.view().empty());
    buffer.open(5);
    CHECK(buffer.has_room());
    buffer.append("12345");
    CHECK_FALSE(buffer.has_room());
    buffer.open(2);
    CHECK(buffer.has_room());
    buffer.append("67");
    CHECK_FALSE(buffer.has_room());
    CHECK(buffer.view() == "1234567");
}

TEST_CASE("OutputBuffer takes back what was reserved and not used") {
    OutputBuffer buffer(16);
    for (const size_t room : {size_t{1}, size_t{16}, size_t{100}, size_t{5000}}) {
        const std::string before(buffer.view());
        char* to = buffer.reserve(room);
        std::memset(to, 'r', room);
        to[0] = 'k';
        buffer.commit_to(to + 1);
        CHECK(buffer.view() == before + 'k');
    }
    buffer.truncate(2);
    CHECK(buffer.view() == "kk");
}

TEST_CASE("OutputBuffer keeps its content when it grows, and shrinks when it is cleared") {
    OutputBuffer buffer(8);
    const char* usual = buffer.data();
    buffer.append("abc");
    buffer.append(std::string(100'000, 'x'));
    CHECK(buffer.view().substr(0, 4) == "abcx");
    CHECK(buffer.size() == 100'003);
    buffer.clear();
    CHECK(buffer.size() == 0);
    usual = buffer.data();
    buffer.append("small");
    buffer.clear();
    CHECK(buffer.data() == usual);
}

TEST_CASE("What the kernel copies to and from begins on a page") {
    const auto is_page = [](const void* memory) {
        return reinterpret_cast<uintptr_t>(memory) % 4096 == 0;
    };
    OutputBuffer out(1000);
    CHECK(is_page(out.data()));
    (void)out.reserve(5000);
    CHECK(is_page(out.data()));
    out.clear();
    CHECK(is_page(out.data()));
    InputBuffer in;
    CHECK(is_page(in.writable(1000).data()));
}

TEST_CASE("UnsentBytes keeps what is appended and drops what was sent") {
    UnsentBytes bytes;
    CHECK(bytes.empty());
    CHECK(bytes.view().empty());
    bytes.keep("abcdef");
    bytes.consume(2);
    CHECK(bytes.view() == "cdef");
    bytes.keep("ghi");
    CHECK(bytes.view() == "cdefghi");
    bytes.consume(6);
    CHECK(bytes.view() == "i");
    CHECK_FALSE(bytes.empty());
    bytes.consume(1);
    CHECK(bytes.empty());
    bytes.keep("x");
    CHECK(bytes.view() == "x");
}
