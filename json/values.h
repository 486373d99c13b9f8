#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json/reader.h"

namespace json {

// PaddedCopy makes texts readable for Reader that have nothing readable behind them. Its capacity
// is kept, and a view it gave out is valid until the next.
class PaddedCopy {
public:
    std::string_view of(std::string_view text);

private:
    std::string bytes_;
};

// The values of small answers, where a value of a wrong type counts as absent: then `out` stays as
// it is. Text comes out unescaped, in UTF-8. None of them enters a container.
void take(const Node& node, std::string& out);
void take(const Node& node, int64_t& out);  // a fraction is cut off, too large a number bounded
void take(const Node& node, bool& out);

}  // namespace json
