#pragma once

#include <cstdint>
#include <string>

#include "json/text.h"

namespace json {

// DataUrl is a base64 data URL (RFC 2397), taken apart: the way images come inside a request.
struct DataUrl {
    std::string media_type;  // lower case, without parameters
    JsonText base64;         // the standard alphabet with its padding, still escaped
};

enum class DataUrlError : uint8_t {
    none,
    other_scheme,  // it is not a data URL
    malformed,     // no base64 data URL, or the data are not base64
};

// Reads an URL. Data in the URL-safe alphabet, without padding or with line breaks are put in order
// in `repaired`, which `out` then refers to; otherwise `out` refers to the URL's own bytes.
[[nodiscard]] DataUrlError read_data_url(JsonText url, DataUrl& out, std::string& repaired);

}  // namespace json
