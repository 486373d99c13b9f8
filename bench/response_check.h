#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace bench {

// What every answer of a run must hold.
struct Expected {
    std::string text;   // what the content repeats from its start; empty: not compared
    size_t tokens = 0;  // content frames of a stream; 0: any number, the text exactly once
    bool is_stream = true;
};

// Reads one HTTP response, in any pieces, and verifies it: status, type, framing, every event, the
// text, [DONE], the end of the body. Owned by its stream; refers to the Expected given to `feed`.
class ResponseCheck {
public:
    enum class State { more, complete, failed };

    void restart() { *this = ResponseCheck(); }

    State feed(std::string_view bytes, const Expected& expected) {
        while (!bytes.empty() && reason_ == nullptr) step(bytes, expected);
        if (reason_ != nullptr) return State::failed;
        return phase_ == Phase::complete ? State::complete : State::more;
    }

    const char* reason() const { return reason_; }  // a static text; null: nothing wrong so far
    uint32_t frames() const { return frames_; }     // content frames so far
    uint64_t frame_bytes() const { return frame_bytes_; }  // of all content frames but the first
    uint64_t wire_bytes() const { return wire_bytes_; }    // head, framing and body

private:
    enum class Phase : uint8_t { head, size, data, data_end, last, body, complete };

    void fail(const char* reason) {
        if (reason_ == nullptr) reason_ = reason;
    }

    void step(std::string_view& bytes, const Expected& expected) {
        const size_t before = bytes.size();
        switch (phase_) {
            case Phase::head:
                read_head(bytes, expected);
                break;
            case Phase::size:
                read_size(bytes);
                break;
            case Phase::data:
                read_data(bytes, expected);
                break;
            case Phase::data_end:
                skip_line_end(bytes, Phase::size);
                break;
            case Phase::last:
                read_last(bytes, expected);
                break;
            case Phase::body:
                read_body(bytes, expected);
                break;
            case Phase::complete:
                fail("bytes after the end of the body");
                break;
        }
        wire_bytes_ += before - bytes.size();
    }

    void read_head(std::string_view& bytes, const Expected& expected) {
        const size_t held = pending_.size();
        pending_.append(bytes);
        const size_t end = pending_.find("\r\n\r\n");
        if (end == std::string::npos) {
            bytes = {};
            if (pending_.size() > 16384) fail("head without an end");
            return;
        }
        bytes.remove_prefix(end + 4 - held);
        pending_.resize(end + 2);
        std::transform(pending_.begin(), pending_.end(), pending_.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        check_head(expected);
        pending_.clear();
    }

    void check_head(const Expected& expected) {
        if (pending_.compare(0, 13, "http/1.1 200 ") != 0) return fail("status is not 200");
        const char* type = expected.is_stream ? "\r\ncontent-type: text/event-stream"
                                              : "\r\ncontent-type: application/json";
        if (pending_.find(type) == std::string::npos) return fail("wrong content-type");
        const char* length = "\r\ncontent-length: ";
        const size_t at = pending_.find(length);
        if (pending_.find("\r\ntransfer-encoding: chunked\r\n") != std::string::npos) {
            phase_ = Phase::size;
        } else if (at != std::string::npos && !expected.is_stream) {
            left_ = std::strtoul(pending_.c_str() + at + std::strlen(length), nullptr, 10);
            phase_ = Phase::body;
        } else {
            fail("wrong framing of the body");
        }
    }

    void read_size(std::string_view& bytes) {
        const char c = bytes.front();
        bytes.remove_prefix(1);
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit >= 0 && left_ < (size_t{1} << 32)) {
            left_ = left_ * 16 + static_cast<size_t>(digit);
        } else if (c == '\n') {
            phase_ = left_ == 0 ? Phase::last : Phase::data;
        } else if (c != '\r') {
            fail("bad chunk size");
        }
    }

    void read_data(std::string_view& bytes, const Expected& expected) {
        const size_t size = std::min(left_, bytes.size());
        split_events(bytes.substr(0, size), expected);
        bytes.remove_prefix(size);
        left_ -= size;
        if (left_ == 0) phase_ = Phase::data_end;
    }

    // Takes "\r\n", perhaps in two pieces; `left_` counts what was taken.
    void skip_line_end(std::string_view& bytes, Phase next) {
        if (bytes.front() != (left_ == 0 ? '\r' : '\n')) return fail("chunk without its line end");
        bytes.remove_prefix(1);
        if (++left_ == 2) {
            left_ = 0;
            phase_ = next;
        }
    }

    void read_last(std::string_view& bytes, const Expected& expected) {
        skip_line_end(bytes, Phase::complete);
        if (phase_ != Phase::complete) return;
        if (!pending_.empty()) fail("half an event at the end");
        if (!is_done_) fail("no [DONE]");
        if (finishes_ > 1) fail("more than one finish_reason");
        if (expected.tokens != 0 && frames_ != expected.tokens) fail("wrong number of frames");
        if (expected.text.empty()) return;
        if (finishes_ != 1) fail("no finish_reason");
        if (expected.tokens == 0 && text_bytes_ != expected.text.size())
            fail("text of wrong length");
    }

    void read_body(std::string_view& bytes, const Expected& expected) {
        const size_t size = std::min(left_, bytes.size());
        pending_.append(bytes.substr(0, size));
        bytes.remove_prefix(size);
        left_ -= size;
        if (left_ > 0) return;
        phase_ = Phase::complete;
        ++frames_;
        if (pending_.front() != '{' || pending_.back() != '}') fail("body is not an object");
        if (expected.text.empty()) return;
        const size_t at = pending_.find("\"content\":\"");
        if (at == std::string::npos) return fail("answer without content");
        read_text(std::string_view(pending_).substr(at + 11), expected);
        if (text_bytes_ != expected.text.size()) fail("text of wrong length");
    }

    // An event that is whole in `data` is never copied.
    void split_events(std::string_view data, const Expected& expected) {
        while (!data.empty()) {
            size_t end = data.find("\n\n");
            if (!pending_.empty() && pending_.back() == '\n' && data.front() == '\n') {
                end = 1;
            } else if (end != std::string_view::npos) {
                end += 2;
            } else {
                pending_.append(data);
                return;
            }
            if (pending_.empty()) {
                read_event(data.substr(0, end), expected);
            } else {
                pending_.append(data.substr(0, end));
                read_event(pending_, expected);
                pending_.clear();
            }
            data.remove_prefix(end);
        }
    }

    // `event` ends with its blank line.
    void read_event(std::string_view event, const Expected& expected) {
        if (event.front() == ':') return;
        if (is_done_) return fail("event after [DONE]");
        if (event == "data: [DONE]\n\n") {
            is_done_ = true;
            return;
        }
        if (!event.starts_with("data: {") || !event.ends_with("}\n\n")) return fail("bad event");
        const std::string_view key = "\"content\":\"";
        // All frames of a stream but the first begin alike.
        if (event.substr(std::min(content_at_, event.size()), key.size()) != key) {
            content_at_ = event.find(key);
        }
        if (content_at_ != std::string_view::npos) {
            if (frames_++ > 0) frame_bytes_ += event.size();
            if (!expected.text.empty()) read_text(event.substr(content_at_ + key.size()), expected);
        } else if (event.find("\"finish_reason\":\"") != std::string_view::npos) {
            ++finishes_;
        } else if (event.find("\"error\":") != std::string_view::npos) {
            fail("error event");
        }
        if (content_at_ == std::string_view::npos) content_at_ = 0;
    }

    // `rest` begins inside a JSON string; compares up to its closing quote.
    void read_text(std::string_view rest, const Expected& expected) {
        const size_t quote = rest.find('"');
        if (quote == std::string_view::npos) return fail("unclosed string");
        if (std::memchr(rest.data(), '\\', quote) == nullptr) {
            compare(rest.substr(0, quote), expected);
            return;
        }
        std::string text;
        while (!rest.empty() && rest.front() != '"') unescape(rest, text);
        if (rest.empty()) return fail("unclosed string");
        compare(text, expected);
    }

    void compare(std::string_view text, const Expected& expected) {
        while (!text.empty()) {
            const size_t at = text_bytes_ % expected.text.size();
            const size_t size = std::min(text.size(), expected.text.size() - at);
            if (std::memcmp(text.data(), expected.text.data() + at, size) != 0) {
                return fail("text differs");
            }
            text_bytes_ += size;
            text.remove_prefix(size);
        }
    }

    // Moves one character, only of the escapes that an echo of our own messages holds.
    void unescape(std::string_view& rest, std::string& text) {
        char c = rest.front();
        rest.remove_prefix(1);
        if (c == '\\') {
            const char kind = rest.empty() ? '"' : rest.front();
            c = kind == 'n' ? '\n' : kind == 't' ? '\t' : kind;
            if (std::strchr("nt\"\\/", kind) == nullptr) fail("unexpected escape");
            if (!rest.empty()) rest.remove_prefix(1);
        }
        text += c;
    }

    Phase phase_ = Phase::head;
    bool is_done_ = false;
    uint32_t frames_ = 0;
    uint32_t finishes_ = 0;
    size_t left_ = 0;        // of the chunk or body
    size_t content_at_ = 0;  // where the last frame had its content
    size_t text_bytes_ = 0;
    uint64_t frame_bytes_ = 0;
    uint64_t wire_bytes_ = 0;
    std::string pending_;  // a piece of the head, of an event or of the body
    const char* reason_ = nullptr;
};

}  // namespace bench
