#pragma once

#include <string_view>

namespace net {

// LineCheck sees to it that lines end in CRLF and nothing else, that none begins with whitespace
// (obs-fold), and that no control character stands in one (RFC 9112 sections 2.2 and 5.2,
// RFC 9110 section 5.5). It reads a message's lines byte for byte, so it does not matter what a
// parser made of them, nor where the input was split.
class LineCheck {
public:
    // False from the first wrong byte on.
    bool feed(std::string_view bytes);

    // Whether the last line is whole. The next one may begin with anything.
    bool at_line_start() const { return previous_ == '\n'; }
    void reset() { previous_ = 0; }

private:
    char previous_ = 0;
};

}  // namespace net
