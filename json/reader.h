#pragma once

#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>

#include "json/stage_one.h"
#include "json/token.h"

namespace json {

// Node is a value met by Reader: its checked token. A container must be entered or skipped, once,
// during the visit that brought it.
struct Node {
    Token token;

    bool is(Token::Kind kind) const { return token.kind == kind; }
};

// Reader walks the tokens that simdjson's first stage finds, and checks the rest of RFC 8259: the
// grammar, every scalar, every key, every escape, the depth, and what follows the root. A text is
// accepted only if every byte of it has been visited. It owns no text. One serves all texts of a
// thread in turn.
//
// A visit is a callable bool(key, Node&) that returns false to stop, which is how a malformed text
// unwinds. An object's keys are std::string_views, unescaped, each valid until that object's next;
// an array's are indexes.
class Reader {
public:
    // How many bytes after the text must be readable; their value does not matter.
    static constexpr size_t padding_bytes = StageOne::padding_bytes;

    explicit Reader(uint32_t depth_max) : depth_max_(depth_max) {}

    // Visits the fields of the root object. False: the text is not a JSON object (see fault()), or
    // a visit returned false.
    // REQUIRES: padding_bytes readable bytes after the text's end.
    template <class Visit>
    [[nodiscard]] bool read(std::string_view text, const Visit& visit) {
        return end(begin(text) && visit_fields(visit));
    }

    // Visit what is inside a container, or nothing of a value. False: the text is malformed, or a
    // visit returned false.
    // REQUIRES: the node is an object, or an array.
    template <class Visit>
    [[nodiscard]] bool fields(const Node& object, const Visit& visit) {
        return enter(object) && visit_fields(visit);
    }
    template <class Visit>
    [[nodiscard]] bool elements(const Node& array, const Visit& visit) {
        return enter(array) && visit_elements(visit);
    }
    [[nodiscard]] bool skip(const Node& node);

    // The bytes of a container, brackets included.
    // REQUIRES: it is the last thing that was visited or skipped.
    std::string_view raw(const Node& container) const;

    // Why read() returned false: plain text, with a byte offset.
    const std::string& fault() const { return fault_; }

private:
    enum class Step : uint8_t { wrong, item, end };

    // A field on its way to a visit.
    struct Field {
        std::string_view key;
        Node value;
        std::string unescaped;  // the last key that had to be: visits below it have their own
    };

    template <class Visit>
    bool visit_fields(const Visit& visit) {
        Field field;
        Step step;
        while ((step = next_field(field)) == Step::item) {
            if (!visit(std::string_view(field.key), field.value)) return false;
        }
        return step == Step::end;
    }

    template <class Visit>
    bool visit_elements(const Visit& visit) {
        size_t index = 0;
        Node value;
        Step step;
        while ((step = next_element(value)) == Step::item) {
            if (!visit(index++, value)) return false;
        }
        return step == Step::end;
    }

    bool begin(std::string_view text);
    bool end(bool is_good);
    bool enter(const Node& container) {
        assert(container.token.text.data() == text_ + next_[-1]);
        static_cast<void>(container);
        return ++depth_ <= depth_max_ || too_deep();
    }
    // Each is one call: neither is worth splitting into a part that is inlined and one that is not.
    [[gnu::noinline]] Step next_element(Node& element);
    [[gnu::noinline]] Step next_field(Field& field);
    Step next_item(char open, char close);
    Step load(Token& token);

    // What is rare stays out of the way of the rest, which ends with it.
    [[gnu::noinline]] Step unescape_key(Field& field);
    [[gnu::noinline]] Step load_scalar(Token& token);
    [[gnu::noinline]] Step check_string(const Token& token);
    [[gnu::noinline]] bool check_escapes(std::string_view inside);
    [[gnu::cold]] Step wrong_step(const uint32_t* token);
    [[gnu::cold]] bool wrong_token(const uint32_t* token);
    [[gnu::cold]] bool too_deep();
    [[gnu::cold]] bool fail(std::string_view what, const char* at);

    StageOne tokens_;
    // The walk never runs past the last token, since that is a closing bracket and the one after it
    // an opening one, which is wrong wherever a closing one can be followed by something.
    const uint32_t* next_ = nullptr;
    const char* text_ = nullptr;       // what the tokens' offsets count from
    const char* backslash_ = nullptr;  // the first one that has not been checked, or the text's end
    std::string_view whole_;           // the text as it came
    uint32_t depth_max_;
    uint32_t depth_ = 0;  // of the container being visited; the root's is 1
    std::string fault_;
};

}  // namespace json
