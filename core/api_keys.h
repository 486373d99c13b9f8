#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/exchange.h"

namespace core {

// ApiKeys decides whether a request may use the API. Without keys every request may.
class ApiKeys {
public:
    enum class Verdict { good, missing, wrong };

    explicit ApiKeys(std::vector<std::string> keys) : keys_(std::move(keys)) {}

    // Reads Authorization: Bearer, x-api-key and api-key. The time it takes does not depend on
    // how much of a wrong key is right.
    Verdict check(const net::Request& request) const;

private:
    bool is_known(std::string_view key) const;

    std::vector<std::string> keys_;
};

}  // namespace core
