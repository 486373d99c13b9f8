#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "json/chat_request.h"
#include "json/reader.h"
#include "json/swar.h"

namespace json {

// Path is where a value stands, as OpenAI writes it: messages[3].content[0].text. A chain of stack
// objects, put into words only when something is wrong there.
class Path {
public:
    explicit Path(std::string_view key) : key_(key) {}
    Path(const Path& parent, std::string_view key) : parent_(&parent), key_(key) {}
    Path(const Path& parent, size_t index) : parent_(&parent), index_(index) {}

    [[gnu::cold]] std::string text() const;

private:
    const Path* parent_ = nullptr;
    std::string_view key_;  // empty: an index
    size_t index_ = 0;
};

// How a number can be out of its range, in the words of the message and of the code.
struct Bound {
    std::string_view name, sign, code;
};

// FieldReader reads fields of known types and remembers what is wrong with the first wrong one, in
// the order of the text. All functions return false only if the text is malformed; a wrong field is
// skipped and reading goes on, since malformed JSON anywhere counts for more. What puts an error
// into words is cold: small, and out of the way of what is right.
class FieldReader {
public:
    template <class Number>
    struct Range {
        Number min, max;
    };

    // The error goes to `error`. References must outlive it.
    FieldReader(Reader& reader, DecodeError& error) : reader_(reader), error_(error) {}

    Reader& text() { return reader_; }

    // Optional fields: null empties `out`. A number outside its range is wrong.
    [[nodiscard]] bool boolean(Node&, const Path&, std::optional<bool>& out);
    [[nodiscard]] bool integer(Node&, const Path&, Range<int64_t>, std::optional<int64_t>& out);
    [[nodiscard]] bool decimal(Node&, const Path&, Range<double>, std::optional<double>& out);
    [[nodiscard]] bool string(Node&, const Path&, std::optional<JsonText>& out);
    [[nodiscard]] bool string(Node&, const Path&, JsonText& out);

    // Required fields: null is of the wrong type.
    [[nodiscard]] bool required_string(Node&, const Path&, std::optional<JsonText>& out);

    // An object, as the bytes it consists of. Null empties `out`.
    [[nodiscard]] bool raw_object(Node&, const Path&, std::string_view& out);

    // Remember an error and skip the node.
    [[nodiscard, gnu::cold]] bool wrong_type(Node&, const Path&, std::string_view expected);

    // Remember an error. Nodes are scalars here, or have been visited.
    [[gnu::cold]] void wrong_value(const Node&, const Path&,
                                   std::span<const std::string_view> supported);
    [[gnu::cold]] void wrong(const Node&, const Path&, std::string_view code,
                             std::string_view message);
    [[gnu::cold]] void missing(const Node& object, const Path&, std::string_view key);

    bool has_error() const { return at_ != nullptr; }

private:
    [[gnu::cold]] void out_of_range(const Node&, const Path&, const Bound&, int64_t limit);
    // Whether no error stands before the node: others are not even put into words, so that a body
    // full of faults costs no more than a good one.
    bool counts(const Node&) const;

    Reader& reader_;
    DecodeError& error_;
    const char* at_ = nullptr;  // where the remembered error stands
};

// Whether two names are the same. Like ==, but names are short: most are not worth a call.
inline bool is_same(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    if (a.size() > 16) return a == b;
    if (a.size() >= 8) return has_same_ends<uint64_t>(a, b);
    return a.size() >= 4 ? has_same_ends<uint32_t>(a, b) : a == b;
}

// Where `text` stands among `names`, also when some of it is escaped; names.size() if nowhere.
size_t index_among(std::span<const std::string_view> names, JsonText text);

// 'a', 'b', and 'c'.
[[gnu::cold]] std::string list_of(std::span<const std::string_view> names);

}  // namespace json
