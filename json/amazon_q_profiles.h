#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace json {

// Appends to `arns` the profiles that the answer to ListAvailableProfiles names. False: it is not
// such an answer.
[[nodiscard]] bool read_profiles(std::string_view body, std::vector<std::string>& arns);

}  // namespace json
