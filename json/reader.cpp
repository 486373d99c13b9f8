#include "json/reader.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "json/utf8.h"

namespace json {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(Reader::padding_bytes >= simdjson::SIMDJSON_PADDING);

// A parser keeps about six bytes per byte of the longest text it has seen. One that has grown
// beyond this is not kept.
constexpr size_t kept_capacity_max = 1 << 20;
constexpr size_t capacity_min = 4096;

// Where the first string with a control character or without an end goes wrong.
size_t find_bad_string(std::string_view text) {
    size_t opened = std::string_view::npos;
    bool is_escaped = false;
    for (size_t at = 0; at < text.size(); ++at) {
        if (opened == std::string_view::npos) {
            if (text[at] == '"') opened = at;
        } else if (static_cast<uint8_t>(text[at]) < 0x20) {
            return at;
        } else if (is_escaped) {
            is_escaped = false;
        } else if (text[at] == '\\') {
            is_escaped = true;
        } else if (text[at] == '"') {
            opened = std::string_view::npos;
        }
    }
    return opened;
}

}  // namespace

struct Value {
    ondemand::value place;
};

struct Object {
    ondemand::object fields;
};

struct Reader::Parser {
    ondemand::parser on_demand;
    ondemand::document document;
};

Reader::Reader(uint32_t depth_max) : depth_max_(depth_max) {}
Reader::~Reader() = default;

bool Reader::read(std::string_view text, FieldVisitor visit) {
    text_ = text;
    depth_ = 1;
    const bool is_good = start(text) && visit_root(visit);
    // What a long text needed is not kept: six bytes for each of its own.
    if (parser_ && parser_->on_demand.capacity() > kept_capacity_max) parser_.reset();
    return is_good;
}

bool Reader::visit_root(FieldVisitor visit) {
    ondemand::document& document = parser_->document;
    Object root;
    if (auto error = document.get_object().get(root.fields)) return fail(error);
    if (!visit_each(root, visit)) return false;
    if (document.at_end()) return true;
    const char* at = text_.data() + text_.size();
    if (auto error = document.current_location().get(at)) return fail(error);
    return fail("unexpected text after the object", at);
}

bool Reader::start(std::string_view text) {
    if (!parser_) parser_ = std::make_unique<Parser>();
    ondemand::parser& parser = parser_->on_demand;
    if (parser.capacity() < text.size()) {
        // In powers of two, so that slowly growing bodies do not allocate each time.
        size_t capacity = std::bit_ceil(std::max(text.size(), capacity_min));
        if (auto error = parser.allocate(capacity, parser.max_depth())) return fail(error);
    }
    simdjson::padded_string_view padded(text.data(), text.size(), text.size() + padding_bytes);
    if (auto error = parser.iterate(padded).get(parser_->document)) return fail(error);
    return true;
}

bool Reader::fields(Node& object, FieldVisitor visit) {
    if (!enter()) return false;
    Object inside;
    if (auto error = object.value->place.get_object().get(inside.fields)) return fail(error);
    if (!visit_each(inside, visit)) return false;
    --depth_;
    return true;
}

bool Reader::visit_each(Object& object, FieldVisitor visit) {
    Node node;
    Value value;
    node.value = &value;
    for (auto result : object.fields) {
        ondemand::field field;
        if (auto error = std::move(result).get(field)) return fail(error);
        std::string_view key;
        if (!load_key(field.key_raw_json_token(), key)) return false;
        value.place = field.value();
        if (!load(node) || !visit(key, node)) return false;
    }
    return true;
}

bool Reader::elements(Node& array, ElementVisitor visit) {
    if (!enter()) return false;
    ondemand::array inside;
    if (auto error = array.value->place.get_array().get(inside)) return fail(error);
    Node node;
    Value value;
    node.value = &value;
    size_t index = 0;
    for (auto result : inside) {
        if (auto error = std::move(result).get(value.place)) return fail(error);
        if (!load(node) || !visit(index++, node)) return false;
    }
    --depth_;
    return true;
}

bool Reader::skip(Node& node) {
    if (node.is(Token::Kind::object)) {
        return fields(node, [this](std::string_view, Node& field) { return skip(field); });
    }
    if (node.is(Token::Kind::array)) {
        return elements(node, [this](size_t, Node& element) { return skip(element); });
    }
    return true;
}

std::string_view Reader::raw(const Node& container) const {
    const char* begin = container.token.text.data();
    const char* next = text_.data() + text_.size();
    // At the end of a text that breaks off here there is no next token.
    if (parser_->document.current_location().get(next)) next = text_.data() + text_.size();
    std::string_view text(begin, static_cast<size_t>(next - begin));
    return text.substr(0, text.find_last_of("}]") + 1);
}

bool Reader::load(Node& node) {
    std::string_view raw = node.value->place.raw_json_token();
    // On-Demand can run over the end: {"a":[{} with a comma in the padding.
    if (raw.data() >= text_.data() + text_.size()) return fail("unexpected end", raw.data());
    node.token = read_token(raw);
    if (node.token.is_string()) {
        // Takes the string from On-Demand. One that it has to skip itself may be followed by a
        // colon, since it might be a key.
        ondemand::raw_json_string taken;
        if (auto error = node.value->place.get_raw_json_string().get(taken)) return fail(error);
        return true;
    }
    if (!node.is(Token::Kind::wrong)) return true;
    return fail(raw[0] == '"' ? "wrong escape" : "unexpected text", node.token.fault);
}

bool Reader::load_key(std::string_view raw, std::string_view& key) {
    // On-Demand has seen the quote it begins with; white space and a colon may follow the other.
    key = raw.substr(1, raw.rfind('"') - 1);
    if (!has_backslash(key)) return true;
    size_t bad = find_bad_escape(key);
    if (bad != std::string_view::npos) return fail("wrong escape", key.data() + bad);
    key_.clear();
    JsonText::trusted(key).unescape(key_);
    key = key_;
    return true;
}

bool Reader::enter() {
    if (++depth_ <= depth_max_) return true;
    fault_ = "it is nested deeper than " + std::to_string(depth_max_) + " levels";
    return false;
}

bool Reader::fail(std::string_view what, const char* at) {
    return fail(what, static_cast<size_t>(at - text_.data()));
}

bool Reader::fail(std::string_view what, size_t offset) {
    fault_ = std::string(what) + " at byte " + std::to_string(std::min(offset, text_.size()));
    return false;
}

bool Reader::fail(int simdjson_error) {
    const char* end = text_.data() + text_.size();
    switch (simdjson_error) {
        case simdjson::EMPTY:
            fault_ = "it is empty";
            return false;
        case simdjson::UTF8_ERROR:
            return fail("a byte that is not UTF-8", find_bad_utf8(text_));
        case simdjson::UNESCAPED_CHARS:
            return fail("a control character in a string", find_bad_string(text_));
        case simdjson::UNCLOSED_STRING:
            return fail("a string without an end", find_bad_string(text_));
        case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
            fault_ = "it does not end where its object ends";
            return false;
        case simdjson::INCORRECT_TYPE:
            fault_ = "it is not an object";
            return false;
        case simdjson::MEMALLOC:
        case simdjson::CAPACITY:
            fault_ = "it is too large";
            return false;
        default: {
            const char* at = end;
            if (parser_->document.current_location().get(at)) at = end;
            return fail("unexpected text", at);
        }
    }
}

}  // namespace json
