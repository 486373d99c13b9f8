#include "json/stage_one.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>

#include "json/utf8.h"

namespace json {
namespace {

static_assert(StageOne::padding_bytes >= simdjson::SIMDJSON_PADDING);

// The list takes four bytes per byte of the longest text so far. One that has grown beyond this is
// not kept.
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

StageOne::Fault explain(int simdjson_error, std::string_view text) {
    const auto place = [text](size_t at) { return text.data() + std::min(at, text.size()); };
    switch (simdjson_error) {
        case simdjson::EMPTY:
            return {"it is empty"};
        case simdjson::UTF8_ERROR:
            return {"a byte that is not UTF-8", place(find_bad_utf8(text))};
        case simdjson::UNESCAPED_CHARS:
            return {"a control character in a string", place(find_bad_string(text))};
        case simdjson::UNCLOSED_STRING:
            return {"a string without an end", place(find_bad_string(text))};
        default:
            return {"it is too large"};
    }
}

}  // namespace

StageOne::StageOne() = default;
StageOne::~StageOne() = default;

bool StageOne::run(std::string_view text, Fault& fault) {
    int error = capacity_ < text.size() || !stages_ ? reserve(text.size()) : simdjson::SUCCESS;
    if (error == simdjson::SUCCESS) {
        const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
        error = stages_->stage1(bytes, text.size(), simdjson::stage1_mode::regular);
    }
    if (error != simdjson::SUCCESS) {
        fault = explain(error, text);
        return false;
    }
    // Simdjson has room for more entries than a text has bytes, and ends the list with its own.
    uint32_t* const list = stages_->structural_indexes.get();
    begin_ = list;
    end_ = list + stages_->n_structural_indexes;
    list[stages_->n_structural_indexes] = list[0];
    return true;
}

int StageOne::reserve(size_t bytes) {
    // In powers of two, so that slowly growing texts do not allocate each time.
    const size_t capacity = std::bit_ceil(std::max(bytes, capacity_min));
    constexpr size_t depth_max = 1;  // for the second stage, which never runs
    capacity_ = 0;
    const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
        capacity, depth_max, stages_);
    if (error == simdjson::SUCCESS) capacity_ = capacity;
    return error;
}

void StageOne::tidy() {
    if (capacity_ <= kept_capacity_max) return;
    stages_.reset();
    capacity_ = 0;
}

}  // namespace json
