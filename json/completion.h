#pragma once

#include <limits>
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

// CompletionWriter turns collected choices into a chat.completion object (the previous server's
// key order). Like SseWriter it knows only char*, and one per thread serves all answers in turn:
// begin() sets what the object begins with, most of which is that of the last one.
class CompletionWriter {
public:
    void begin(const AnswerHead& head);

    // Room that write() needs; more than it uses.
    size_t bytes_max(std::span<const CollectedChoice> choices) const;

    // Writes the whole object and returns its end.
    char* write(char* to, std::span<const CollectedChoice> choices, const Usage& usage) const;

private:
    void build_prefix(const AnswerHead& head);

    std::string prefix_;  // {"id":...,"choices":[
    // What it was built for.
    int64_t created_ = std::numeric_limits<int64_t>::min();
    std::string model_;
};

}  // namespace json
