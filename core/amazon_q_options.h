#pragma once

#include <span>

#include "core/option.h"

namespace core {

// The options that are about Amazon Q.
std::span<const Option> amazon_q_options();

// Takes over the environment: AMAZON_Q_ and an option's name in capitals says what the option
// would, and AMAZON_Q_SIGV4 that AWS_ACCESS_KEY_ID and its companions are to be used. Throws
// UsageError.
void read_amazon_q_environment(Options& options);

}  // namespace core
