#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "core/amazon_q_settings.h"
#include "core/echo_script.h"
#include "core/limits.h"
#include "net/limits.h"
#include "net/log.h"

namespace core {

// UsageError is a command line that cannot be followed; what() is one line for the user.
class UsageError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Options is the whole configuration of a server.
struct Options {
    enum class Command { serve, login, logout, status, help, version };

    Command command = Command::serve;
    std::string host = "127.0.0.1";
    uint16_t port = 8080;
    std::string backend = "amazon-q";
    std::string model_name;  // empty: the backend's own
    std::vector<std::string> api_keys;
    uint32_t workers = 0;          // 0: one per core
    uint32_t connections_max = 0;  // of all workers; 0: what the descriptor limit allows
    net::LogLevel log_level = net::LogLevel::info;
    net::LogFormat log_format = net::LogFormat::text;
    net::Limits net;
    Limits core;
    EchoScript echo;
    AmazonQSettings amazon_q;

    // Reads the command line, the key file it names and the environment. Keys given as arguments
    // are wiped from argv, since others can see it. Throws UsageError.
    static Options read(int argc, char** argv);
};

// What --help prints.
std::string help_text();

inline constexpr char version_text[] = "amazon-q-server 1.0.0";

}  // namespace core
