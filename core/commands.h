#pragma once

#include "core/amazon_q_settings.h"

namespace net {
struct UpstreamSetup;
}

namespace core {

// The subcommands about the account. They write to standard output, errors to standard error, and
// return the exit status: 0 when all is well, 130 when they were interrupted, else 1. For a program
// of one thread.

// Makes a login and stores it.
int run_login(const AmazonQSettings& settings, const net::UpstreamSetup& upstreams);

// Removes the login that run_login() stores.
int run_logout(const AmazonQSettings& settings);

// Says whose login is used, until when, where the service is and which models it has.
int run_status(const AmazonQSettings& settings, const net::UpstreamSetup& upstreams);

}  // namespace core
