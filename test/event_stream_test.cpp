#include "net/event_stream.h"

#include <doctest.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "event_frames.h"
#include "net/crc32.h"
#include "vectors.h"

using net::EventStreamParser;
using net::Frame;
using test::big_endian;
using test::event_frame;
using test::frame_of;
using test::string_header;
using Status = EventStreamParser::Status;

namespace {

struct Decoded {
    std::vector<std::string> frames;  // "message type|event type|exception|code|message|payload"
    Status end = Status::need_more;
    size_t left = 0;

    bool operator==(const Decoded&) const = default;
};

// Feeds the pieces as a connection does: the window grows at its end and shrinks at its front.
Decoded decode(const std::vector<std::string_view>& pieces, size_t bytes_max = 24u << 20) {
    EventStreamParser parser(bytes_max);
    Decoded out;
    std::string window;
    for (const std::string_view piece : pieces) {
        window += piece;
        Frame frame;
        while ((out.end = parser.next(window, frame)) == Status::frame) {
            std::string text;
            for (const auto part : {frame.message_type, frame.event_type, frame.exception_type,
                                    frame.error_code, frame.error_message}) {
                text.append(part) += '|';
            }
            out.frames.push_back(text.append(frame.payload));
            window.erase(0, frame.size);
        }
        if (out.end == Status::broken) break;
    }
    out.left = window.size();
    return out;
}

Decoded decode_whole(std::string_view bytes) {
    return decode({bytes});
}

Decoded decode_bytewise(std::string_view bytes) {
    std::vector<std::string_view> pieces;
    for (size_t i = 0; i < bytes.size(); ++i) pieces.push_back(bytes.substr(i, 1));
    return decode(pieces);
}

void check_broken(std::string_view bytes) {
    CHECK(decode_whole(bytes).end == Status::broken);
    CHECK(decode_bytewise(bytes).end == Status::broken);
}

const std::string two_frames =
    event_frame("assistantResponseEvent", R"({"content":"Grüße"})") +
    test::frame_with({{":message-type", "exception"}, {":exception-type", "throttlingException"}},
                     R"({"message":"slow down"})");

}  // namespace

TEST_CASE("crc32 agrees with the check value and with the slow one at every length") {
    CHECK(net::crc32("123456789") == 0xCBF43926);
    CHECK(net::crc32("") == 0);
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        CHECK(net::crc32(bytes) == test::slow_crc32(bytes));
        CHECK(net::crc32(bytes.substr(bytes.size() / 3),
                         net::crc32(bytes.substr(0, bytes.size() / 3))) == net::crc32(bytes));
        bytes += static_cast<char>(i * 37);
    }
}

TEST_CASE("EventStreamParser reads the smallest frame") {
    const std::string bytes = test::from_hex("00000010 00000000 05c248eb 7d98c8ff");
    const Decoded decoded = decode_whole(bytes);
    CHECK(decoded.frames == std::vector<std::string>{"|||||"});
    CHECK(decoded.left == 0);
    CHECK(frame_of("", "") == bytes);
}

TEST_CASE("EventStreamParser names the headers of events, exceptions and errors") {
    const std::string error = test::frame_with(
        {{":message-type", "error"}, {":error-code", "c"}, {":error-message", "m"}}, "");
    CHECK(decode_whole(two_frames + error).frames ==
          std::vector<std::string>{R"(event|assistantResponseEvent||||{"content":"Grüße"})",
                                   R"(exception||throttlingException|||{"message":"slow down"})",
                                   "error|||c|m|"});
}

TEST_CASE("EventStreamParser gives the same frames for every split of its input") {
    const Decoded whole = decode_whole(two_frames);
    REQUIRE(whole.frames.size() == 2);
    CHECK(decode_bytewise(two_frames) == whole);
    const std::string_view bytes = two_frames;
    for (size_t i = 0; i <= bytes.size(); ++i) {
        CHECK(decode({bytes.substr(0, i), bytes.substr(i)}) == whole);
    }
}

TEST_CASE("EventStreamParser skips headers of all types") {
    std::string headers;
    const size_t sizes[] = {0, 0, 1, 2, 4, 8, 2 + 3, 2 + 3, 8, 16};
    for (size_t type = 0; type < 10; ++type) {
        headers += big_endian(1, 1) + static_cast<char>('a' + type) + static_cast<char>(type);
        headers += sizes[type] == 5 ? big_endian(3, 2) + "xyz" : std::string(sizes[type], '\x7f');
    }
    CHECK(decode_whole(frame_of(headers, "p")).frames == std::vector<std::string>{"|||||p"});
    // Cut anywhere inside, the headers do not end where their length says.
    for (size_t i = 1; i < headers.size(); ++i) {
        const Decoded cut = decode_whole(frame_of(headers.substr(0, i), "p"));
        CHECK((cut.end == Status::broken || cut.frames.size() == 1));
    }
    CHECK(decode_whole(frame_of(headers.substr(0, headers.size() - 1), "")).end == Status::broken);
}

TEST_CASE(
    "EventStreamParser reads headers that differ anywhere from the usual ones like any others") {
    const std::string other("\1a\0", 3);  // one that is left out
    for (const std::string_view type : {"", "t", "assistantResponseEvent"}) {
        const std::string usual = string_header(":event-type", type) +
                                  string_header(":content-type", "application/json") +
                                  string_header(":message-type", "event");
        const std::string bytes = frame_of(usual, "p");
        Frame frame;
        REQUIRE(EventStreamParser().next(bytes, frame) == Status::frame);
        CHECK(frame.event_type == type);
        CHECK(frame.content_type == "application/json");
        CHECK(frame.message_type == "event");
        CHECK(frame.payload == "p");
        for (size_t at = 0; at < usual.size(); ++at) {
            for (const int change : {1, 0x20, 0x80}) {
                std::string changed = usual;
                changed[at] = static_cast<char>(changed[at] ^ change);
                const Decoded decoded = decode_whole(frame_of(changed, "p"));
                const Decoded with_other = decode_whole(frame_of(other + changed, "p"));
                CAPTURE(at);
                CHECK(decoded.end == with_other.end);
                CHECK(decoded.frames == with_other.frames);
            }
        }
        for (const std::string& cut : {usual.substr(1), usual.substr(0, usual.size() - 1)}) {
            CHECK(decode_whole(frame_of(cut, "p")).end == Status::broken);
        }
    }
}

TEST_CASE("EventStreamParser refuses malformed headers") {
    const std::string name = big_endian(1, 1) + "n";
    check_broken(frame_of(name, ""));                                         // no type
    check_broken(frame_of(name + '\x0a', ""));                                // unknown type
    check_broken(frame_of(name + '\5' + big_endian(1, 7), ""));               // cut int64
    check_broken(frame_of(name + '\7' + big_endian(4, 2) + "abc", ""));       // cut string
    check_broken(frame_of(big_endian(9, 1) + "n", ""));                       // cut name
    check_broken(frame_of(std::string(1, '\0') + std::string(1, '\0'), ""));  // empty name
    check_broken(frame_of(name + '\7' + big_endian(32'768, 2) + std::string(32'768, 'x'), ""));
    check_broken(frame_of(string_header("a", "1") + string_header("a", "2"), ""));
    check_broken(frame_of(string_header("", "1"), ""));
    check_broken(frame_of(big_endian(11, 1) + ":event-type" + '\2' + 'x', ""));  // not a string
    std::string many;
    for (size_t i = 0; i < EventStreamParser::headers_max; ++i) {
        many += string_header("h" + std::to_string(i), "");
    }
    CHECK(decode_whole(frame_of(many, "")).frames.size() == 1);
    check_broken(frame_of(many + string_header("one more", ""), ""));
}

TEST_CASE("EventStreamParser refuses a frame with any byte changed") {
    const std::string good = event_frame("e", R"({"a":1})");
    for (size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 0x10);
        CAPTURE(i);
        CHECK(decode_whole(bad).end == Status::broken);
    }
}

TEST_CASE("EventStreamParser believes lengths only after their CRC and within the limits") {
    const auto prelude = [](uint64_t total, uint64_t headers) {
        const std::string lengths = big_endian(total, 4) + big_endian(headers, 4);
        return lengths + big_endian(test::slow_crc32(lengths), 4);
    };
    check_broken(prelude(0, 0));
    check_broken(prelude(15, 0));
    check_broken(prelude(16, 1));
    check_broken(prelude(0xFFFFFFFF, 0));
    check_broken(prelude((24u << 20) + 1, 0));
    check_broken(prelude(1u << 20, (128u << 10) + 1));
    check_broken(big_endian(0xFFFFFFFF, 4) + big_endian(0, 4) + big_endian(0, 4));
    CHECK(decode_whole(prelude(24u << 20, 128u << 10)).end == Status::need_more);
    CHECK(decode({prelude(1001, 0)}, 1000).end == Status::broken);
    CHECK(decode({prelude(1000, 0)}, 1000).end == Status::need_more);

    EventStreamParser parser;
    Frame frame;
    CHECK(parser.bytes_wanted() == 12);
    CHECK(parser.next(prelude(1000, 0), frame) == Status::need_more);
    CHECK(parser.bytes_wanted() == 1000);
}

TEST_CASE("EventStreamParser stays broken and says why") {
    EventStreamParser parser;
    Frame frame;
    CHECK(parser.error().empty());
    CHECK(parser.next(std::string(12, 'x'), frame) == Status::broken);
    CHECK(!parser.error().empty());
    CHECK(parser.next(event_frame("e", "{}"), frame) == Status::broken);
}

TEST_CASE("EventStreamParser reads nothing past its window") {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    void* const area =
        mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(area != MAP_FAILED);
    char* const border = static_cast<char*>(area) + page;
    REQUIRE(mprotect(border, page, PROT_NONE) == 0);
    for (size_t size = 0; size <= two_frames.size(); ++size) {
        char* const begin = border - size;
        std::memcpy(begin, two_frames.data(), size);
        EventStreamParser parser;
        Frame frame;
        std::string_view window(begin, size);
        while (parser.next(window, frame) == Status::frame) window.remove_prefix(frame.size);
        CHECK(parser.error().empty());
    }
    munmap(area, 2 * page);
}

TEST_CASE("EventStreamParser does not check a frame twice when it comes in many pieces") {
    // A quadratic decoder would need minutes for this.
    const std::string bytes = event_frame("e", std::string(1u << 20, 'x'));
    EventStreamParser parser;
    Frame frame;
    const std::string_view all = bytes;
    for (size_t i = 0; i < all.size(); ++i) {
        if (parser.next(all.substr(0, i), frame) != Status::need_more) FAIL("early end");
    }
    CHECK(parser.next(all, frame) == Status::frame);
}

TEST_CASE("EventStreamParser agrees with other implementations' vectors") {
    const std::string index = test::read_vector("index.json");
    if (index.empty()) {
        MESSAGE("skipped: no folder " << test::vectors_folder());
        return;
    }
    simdjson::dom::parser json;
    simdjson::dom::array vectors;
    REQUIRE(json.parse(index)["vectors"].get(vectors) == simdjson::SUCCESS);
    for (const simdjson::dom::element vector : vectors) {
        std::string_view name, must, file;
        REQUIRE(vector["name"].get(name) == simdjson::SUCCESS);
        REQUIRE(vector["must"].get(must) == simdjson::SUCCESS);
        CAPTURE(name);
        std::string bytes;
        if (vector["file"].get(file) == simdjson::SUCCESS && !vector["recipe"].is_object()) {
            bytes = test::from_hex(test::read_vector(std::string(file)));
        }
        if (bytes.empty()) bytes = frame_of("", std::string((24u << 20) + 1, 'x'));
        const Decoded whole = decode_whole(bytes);
        if (bytes.size() < 100'000) CHECK(decode_bytewise(bytes).end == whole.end);
        if (must == "accept") {
            uint64_t messages = 1;
            if (vector["messages"].get(messages) != simdjson::SUCCESS) messages = 1;
            CHECK(whole.frames.size() == messages);
            CHECK(whole.end == Status::need_more);
            CHECK(whole.left == 0);
            std::string_view payload;
            if (vector["reference_analysis"]["payload_text"].get(payload) == simdjson::SUCCESS) {
                CHECK(whole.frames.at(0).ends_with("|" + std::string(payload)));
            }
        } else if (must == "reject") {
            CHECK(whole.end == Status::broken);
        } else if (must == "incomplete") {
            CHECK(whole.end == Status::need_more);
            CHECK(whole.left == bytes.size());
        }
    }
}
