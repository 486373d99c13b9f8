#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "json/token.h"

namespace json {

struct Value;  // simdjson's value and object, which only reader.cpp sees
struct Object;

// Node is a value met by Reader: its checked token, and for a container the way into it. It is
// valid during the visit that brought it, and its container must be entered or skipped once.
struct Node {
    Token token;
    Value* value = nullptr;

    bool is(Token::Kind kind) const { return token.kind == kind; }
};

// Visitor refers to a callable bool(Key, Node&), which must outlive the call it is passed to. The
// callable returns false to stop, which is how a malformed text unwinds.
template <class Key>
class Visitor {
public:
    template <class Callable>
    Visitor(const Callable& callable)
        : callable_(&callable), call_([](const void* object, Key key, Node& node) -> bool {
              return (*static_cast<const Callable*>(object))(key, node);
          }) {}

    bool operator()(Key key, Node& node) const { return call_(callable_, key, node); }

private:
    const void* callable_;
    bool (*call_)(const void*, Key, Node&);
};

using FieldVisitor = Visitor<std::string_view>;  // the key, unescaped; valid until the next key
using ElementVisitor = Visitor<size_t>;          // the index

// Reader walks a JSON text with simdjson On-Demand and checks what On-Demand leaves unchecked:
// every scalar, every key, the depth, and what follows the root. A text is accepted only if every
// byte of it has been visited. It owns no text. One serves all texts of a thread in turn.
class Reader {
public:
    // How many bytes after the text must be readable; their value does not matter.
    static constexpr size_t padding_bytes = 64;

    explicit Reader(uint32_t depth_max);
    ~Reader();

    // Visits the fields of the root object. False: the text is not a JSON object (see fault()).
    // REQUIRES: padding_bytes readable bytes after the text's end.
    [[nodiscard]] bool read(std::string_view text, FieldVisitor visit);

    // Visit what is inside a container, or nothing of a value. False: the text is malformed, or the
    // visit returned false.
    // REQUIRES: the node is an object, or an array.
    [[nodiscard]] bool fields(Node& object, FieldVisitor visit);
    [[nodiscard]] bool elements(Node& array, ElementVisitor visit);
    [[nodiscard]] bool skip(Node& node);

    // The bytes of a container, brackets included.
    // REQUIRES: it is the last thing that was visited or skipped.
    std::string_view raw(const Node& container) const;

    // Why read() returned false: plain text, with a byte offset.
    const std::string& fault() const { return fault_; }

private:
    struct Parser;

    bool start(std::string_view text);
    bool visit_root(FieldVisitor visit);
    bool visit_each(Object& object, FieldVisitor visit);
    bool load(Node& node);
    bool load_key(std::string_view raw, std::string_view& key);
    bool enter();
    bool fail(std::string_view what, const char* at);
    bool fail(std::string_view what, size_t offset);
    bool fail(int simdjson_error);

    std::unique_ptr<Parser> parser_;
    std::string_view text_;
    std::string key_;  // the last key that had to be unescaped
    std::string fault_;
    uint32_t depth_max_;
    uint32_t depth_ = 0;  // of the container being visited; the root's is 1
};

}  // namespace json
