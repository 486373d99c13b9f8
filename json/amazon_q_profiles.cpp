#include "json/amazon_q_profiles.h"

#include "json/reader.h"
#include "json/values.h"

namespace json {
namespace {

bool read_profile(Reader& reader, Node& node, std::string& arn) {
    return reader.fields(node, [&](std::string_view key, Node& value) {
        if (key == "arn") take(value, arn);
        return reader.skip(value);
    });
}

}  // namespace

bool read_profiles(std::string_view body, std::vector<std::string>& arns) {
    Reader reader(64);
    PaddedCopy copy;
    bool has_profiles = false;
    const bool ok = reader.read(copy.of(body), [&](std::string_view key, Node& node) {
        if (key != "profiles" || !node.is(Token::Kind::array)) return reader.skip(node);
        has_profiles = true;
        return reader.elements(node, [&](size_t, Node& element) {
            if (!element.is(Token::Kind::object)) return reader.skip(element);
            std::string arn;
            if (!read_profile(reader, element, arn)) return false;
            if (!arn.empty()) arns.push_back(std::move(arn));
            return true;
        });
    });
    return ok && has_profiles;
}

}  // namespace json
