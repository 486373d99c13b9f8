#pragma once

#include <span>
#include <string>
#include <vector>

#include "json/delta.h"
#include "json/sse_writer.h"

namespace json {

// CollectedChoice gathers the deltas of one choice for an unstreamed answer. All text is kept as it
// will be written: escaped, and without line separators.
struct CollectedChoice {
    struct Call {
        std::string id, name, arguments;
    };
    std::string content;
    std::string reasoning;
    std::vector<Call> calls;
    Finish finish = Finish::stop;
    bool has_content = false;  // false with calls: content is null

    void add(const Delta& delta);  // usage and begin are not a choice's and are skipped
    void clear();                  // keeps the capacity of its strings
};

// Appends a chat.completion object (the previous server's key order).
void write_completion(const AnswerHead& head, std::span<const CollectedChoice> choices,
                      const Usage& usage, std::string& out);

}  // namespace json
