#include <array>

#include "json/decode_messages.h"

namespace json {
namespace {

// In the order of OpenAI's message; `kind_of` has the same order.
constexpr std::array<std::string_view, 6> type_names = {"text",    "image_url", "input_audio",
                                                        "refusal", "audio",     "file"};
constexpr std::array<Part::Kind, 6> kind_of = {Part::Kind::text,        Part::Kind::image_url,
                                               Part::Kind::input_audio, Part::Kind::refusal,
                                               Part::Kind::other,       Part::Kind::file};

// The object of an image, audio or file part.
struct Media {
    bool is_present = false;
    std::optional<JsonText> content;
    std::optional<JsonText> detail;
};

// A part's fields; which of them are required is known when all have been seen.
struct PartFields {
    std::optional<Part::Kind> kind;
    std::optional<JsonText> text, refusal;
    Media image, audio, file;
};

bool decode_type(FieldReader& fields, Node& node, const Path& path, PartFields& out) {
    out.kind = Part::Kind::other;
    if (!node.token.is_string()) return fields.wrong_type(node, path, "a string");
    size_t index = index_among(type_names, node.token.string());
    if (index == type_names.size()) {
        fields.wrong_value(node, path, type_names);
    } else {
        out.kind = kind_of[index];
    }
    return true;
}

bool decode_media(FieldReader& fields, Node& node, const Path& path, std::string_view content_key,
                  std::string_view detail_key, Media& out) {
    out = {};
    if (node.token.is_null()) return true;
    out.is_present = true;
    if (!node.is(Token::Kind::object)) return fields.wrong_type(node, path, "an object");
    auto visit = [&](std::string_view key, Node& value) {
        if (key == content_key) return fields.string(value, Path(path, key), out.content);
        if (key == detail_key) return fields.string(value, Path(path, key), out.detail);
        return fields.text().skip(value);
    };
    return fields.text().fields(node, visit);
}

bool decode_image(FieldReader& fields, Node& node, const Path& path, Media& out) {
    if (!node.token.is_string()) return decode_media(fields, node, path, "url", "detail", out);
    out = {true, node.token.string(), {}};  // the short form that some clients send
    return true;
}

bool decode_field(FieldReader& fields, std::string_view key, Node& value, const Path& path,
                  PartFields& out) {
    if (key == "type") return decode_type(fields, value, Path(path, key), out);
    if (key == "text") return fields.string(value, Path(path, key), out.text);
    if (key == "refusal") return fields.string(value, Path(path, key), out.refusal);
    if (key == "image_url") return decode_image(fields, value, Path(path, key), out.image);
    if (key == "input_audio") {
        return decode_media(fields, value, Path(path, key), "data", "format", out.audio);
    }
    if (key == "file") {
        return decode_media(fields, value, Path(path, key), "file_data", "filename", out.file);
    }
    return fields.text().skip(value);
}

void require(FieldReader& fields, const Node& node, const Path& path, std::string_view key,
             const Media& media, std::string_view content_key) {
    if (!media.is_present) return fields.missing(node, path, key);
    if (!media.content) fields.missing(node, Path(path, key), content_key);
}

// The part that the fields make up, with errors remembered for what it lacks.
Part part_of(FieldReader& fields, const Node& node, const Path& path, const PartFields& seen) {
    auto with = [&seen](const std::optional<JsonText>& text, const Media& media) {
        return Part{*seen.kind, text.value_or(JsonText()), media.detail.value_or(JsonText())};
    };
    switch (*seen.kind) {
        case Part::Kind::text:
            if (!seen.text) fields.missing(node, path, "text");
            return with(seen.text, {});
        case Part::Kind::refusal:
            if (!seen.refusal) fields.missing(node, path, "refusal");
            return with(seen.refusal, {});
        case Part::Kind::image_url:
            require(fields, node, path, "image_url", seen.image, "url");
            return with(seen.image.content, seen.image);
        case Part::Kind::input_audio:
            require(fields, node, path, "input_audio", seen.audio, "data");
            return with(seen.audio.content, seen.audio);
        case Part::Kind::file:
            // Its content may be a file_id, which means nothing to us.
            if (!seen.file.is_present) fields.missing(node, path, "file");
            return with(seen.file.content, seen.file);
        case Part::Kind::other:
            break;
    }
    return with({}, {});
}

bool decode_part(FieldReader& fields, Node& node, const Path& path, std::vector<Part>& out) {
    if (!node.is(Token::Kind::object)) return fields.wrong_type(node, path, "an object");
    PartFields seen;
    auto visit = [&](std::string_view key, Node& value) {
        return decode_field(fields, key, value, path, seen);
    };
    if (!fields.text().fields(node, visit)) return false;
    if (!seen.kind) {
        fields.missing(node, path, "type");
    } else {
        out.push_back(part_of(fields, node, path, seen));
    }
    return true;
}

}  // namespace

bool decode_parts(FieldReader& fields, Node& array, const Path& path, std::vector<Part>& out) {
    auto visit = [&](size_t index, Node& element) {
        return decode_part(fields, element, Path(path, index), out);
    };
    return fields.text().elements(array, visit);
}

}  // namespace json
