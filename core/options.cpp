#include "core/options.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "core/amazon_q_options.h"
#include "core/option.h"
#include "json/text.h"
#include "net/http_text.h"
#include "net/url.h"

namespace core {
namespace {

constexpr uint32_t body_bytes_most = 1024u * 1024 * 1024;
constexpr uint32_t head_bytes_most = 1024 * 1024;
constexpr uint32_t workers_most = 256;

void add_key(Options& options, std::string_view key) {
    if (key.empty()) reject(key, "a key");
    options.api_keys.emplace_back(key);
}

// Each part of a list is a key; empty ones and comments are none.
void add_keys(Options& options, std::string_view list, char separator) {
    while (!list.empty()) {
        const size_t end = std::min(list.find(separator), list.size());
        const std::string_view key = net::trim(list.substr(0, end));
        if (!key.empty() && key.front() != '#') options.api_keys.emplace_back(key);
        list.remove_prefix(std::min(end + 1, list.size()));
    }
}

// The file may be a pipe.
void read_keys(Options& options, std::string_view path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
        std::fopen(std::string(path).c_str(), "re"), std::fclose);
    if (!file) throw UsageError("cannot read the key file " + std::string(path));
    std::string text;
    char piece[4096];
    while (const size_t size = std::fread(piece, 1, sizeof piece, file.get())) {
        text.append(piece, size);
    }
    std::replace(text.begin(), text.end(), '\r', '\n');
    const size_t before = options.api_keys.size();
    add_keys(options, text, '\n');
    if (options.api_keys.size() == before) {
        throw UsageError("there is no key in the key file " + std::string(path));
    }
}

// A variable that holds no key was meant to hold one: the server must not be open then.
void read_keys_from_environment(Options& options, bool& is_without_key) {
    const char* variable = std::getenv("AMAZON_Q_SERVER_API_KEY");
    if (variable) add_keys(options, variable, ',');
    is_without_key = variable && options.api_keys.empty();
}

void set_host(Options& options, std::string_view value) {
    if (value != "localhost" && !net::is_ip_address(value)) {
        reject(value, "an IP address or localhost");
    }
    options.host = value;
}

void set_backend(Options& options, std::string_view value) {
    if (value != "amazon-q" && value != "echo") reject(value, "a backend: amazon-q or echo");
    options.backend = value;
}

// The name stands in every frame as it is.
void set_model_name(Options& options, std::string_view value) {
    const bool is_plain = json::is_plain_ascii(value) && value.find(' ') == std::string_view::npos;
    if (!is_plain || value.empty() || value.size() > 128) {
        reject(value, "a model name: up to 128 printable ASCII characters, no quotes");
    }
    options.model_name = value;
}

void set_log_level(Options& options, std::string_view value) {
    using net::LogLevel;
    constexpr std::pair<std::string_view, LogLevel> levels[] = {{"debug", LogLevel::debug},
                                                                {"info", LogLevel::info},
                                                                {"warn", LogLevel::warn},
                                                                {"error", LogLevel::error}};
    for (const auto& [name, level] : levels) {
        if (name != value) continue;
        options.log_level = level;
        return;
    }
    reject(value, "one of debug, info, warn, error");
}

void set_log_format(Options& options, std::string_view value) {
    if (value != "text" && value != "json") reject(value, "one of text, json");
    options.log_format = value == "json" ? net::LogFormat::json : net::LogFormat::text;
}

void set_echo(Options& options, std::string_view key, std::string_view value) {
    std::string problem;
    if (!options.echo.apply(key, value, problem)) throw UsageError(problem);
}

constexpr Option table[] = {
    {"host", "ADDRESS", "address to listen on, or localhost (127.0.0.1)", set_host},
    {"port", "N", "port to listen on; 0 takes a free one and prints it (8080)",
     [](Options& o, std::string_view v) { o.port = static_cast<uint16_t>(number(v, 0, 65535)); }},
    {"backend", "NAME", "where answers come from: amazon-q or echo (amazon-q)", set_backend},
    {"model-name", "NAME", "the default model's name (the backend's)", set_model_name},
    {"api-key", "KEY", "a key that clients must send; repeatable", add_key},
    {"api-key-file", "FILE", "a file of such keys, one a line", read_keys},
    {"workers", "N", "event loops, each with a thread (one per core)",
     [](Options& o, std::string_view v) { o.workers = number(v, 1, workers_most); }},
    {"log-level", "LEVEL", "debug, info, warn or error (info)", set_log_level},
    {"log-format", "FORMAT", "text or json (text)", set_log_format},

    {"max-connections", "N", "client connections open at once (as descriptors allow)",
     [](Options& o, std::string_view v) { o.connections_max = number(v, 1, 10'000'000); }},
    {"max-body-bytes", "N", "longest request body (33554432)",
     [](Options& o, std::string_view v) { o.net.body_bytes_max = number(v, 1, body_bytes_most); }},
    {"max-head-bytes", "N", "longest request head (32768)",
     [](Options& o, std::string_view v) {
         o.net.head_bytes_max = number(v, 1024, head_bytes_most);
     }},
    {"head-timeout", "S", "for a request's head, from its first byte (10)",
     [](Options& o, std::string_view v) { o.net.head_timeout = seconds(v); }},
    {"body-silence-timeout", "S", "between two pieces of a body (15)",
     [](Options& o, std::string_view v) { o.net.body_silence_timeout = seconds(v); }},
    {"body-timeout", "S", "for a whole body, and 1 s per 64 KiB declared (60)",
     [](Options& o, std::string_view v) { o.net.body_timeout = seconds(v); }},
    {"keep-alive-timeout", "S", "between two requests of a connection (75)",
     [](Options& o, std::string_view v) { o.net.keep_alive_timeout = seconds(v); }},
    {"write-stall-timeout", "S", "for a client that does not read (30)",
     [](Options& o, std::string_view v) { o.net.write_stall_timeout = seconds(v); }},
    {"linger-timeout", "S", "for a client that still sends after its last answer (2)",
     [](Options& o, std::string_view v) { o.net.linger_timeout = seconds(v); }},
    {"ping-interval", "S", "of silence before a stream gets a comment (15)",
     [](Options& o, std::string_view v) { o.core.ping_interval = seconds(v); }},
    {"drain-timeout", "S", "for running answers after SIGTERM (30)",
     [](Options& o, std::string_view v) { o.core.drain_timeout = seconds_or_none(v); }},

    {"echo-delay", "MS", "echo: before the first token (0)",
     [](Options& o, std::string_view v) { set_echo(o, "delay", v); }},
    {"echo-interval", "MS", "echo: between tokens (0)",
     [](Options& o, std::string_view v) { set_echo(o, "interval", v); }},
    {"echo-tokens", "N", "echo: length of the reply, the message repeated",
     [](Options& o, std::string_view v) { set_echo(o, "tokens", v); }},
    {"echo-script", "LIST", "echo: as the x-echo request field, e.g. 'reasoning; stall-after=9'",
     [](Options& o, std::string_view v) {
         std::string problem;
         if (!o.echo.apply(v, problem)) throw UsageError(problem);
     }},

    {"help", "", "prints this",
     [](Options& o, std::string_view) { o.command = Options::Command::help; }},
    {"version", "", "prints the version",
     [](Options& o, std::string_view) { o.command = Options::Command::version; }},
};

const Option& find_option(std::string_view name) {
    for (const std::span<const Option> options :
         {std::span<const Option>(table), amazon_q_options()}) {
        for (const Option& option : options) {
            if (option.name == name) return option;
        }
    }
    throw UsageError("unknown option --" + std::string(name) + " (see --help)");
}

// Applies the option at `i` and returns the index of the next argument.
int apply(Options& options, std::span<char*> arguments, int i) {
    char* const argument = arguments[static_cast<size_t>(i)];
    const std::string_view text(argument + 2);
    const size_t equals = text.find('=');
    const Option& option = find_option(text.substr(0, equals));
    char* value = nullptr;
    if (equals != std::string_view::npos) value = argument + 2 + equals + 1;
    if (option.value.empty() && value) {
        throw UsageError("--" + std::string(option.name) + " takes no value");
    }
    if (!option.value.empty() && !value) {
        if (++i == static_cast<int>(arguments.size())) {
            throw UsageError("--" + std::string(option.name) +
                             " needs a value: " + std::string(option.value));
        }
        value = arguments[static_cast<size_t>(i)];
    }
    try {
        option.apply(options, value ? value : "");
    } catch (const UsageError& error) {
        throw UsageError("--" + std::string(option.name) + ": " + error.what());
    }
    if (option.name == "api-key") std::memset(value, '*', std::strlen(value));
    return i + 1;
}

// The word in front of the options, if there is one. Returns the index of what follows.
int find_command(Options& options, std::span<char*> arguments) {
    using Command = Options::Command;
    constexpr std::pair<std::string_view, Command> commands[] = {{"server", Command::serve},
                                                                 {"login", Command::login},
                                                                 {"logout", Command::logout},
                                                                 {"status", Command::status}};
    for (const auto& [name, command] : commands) {
        if (arguments.size() < 2 || name != arguments[1]) continue;
        options.command = command;
        return 2;
    }
    return 1;
}

void append_help(std::span<const Option> options, std::string& text) {
    constexpr size_t help_column = 31;
    for (const Option& option : options) {
        std::string line = "  --" + std::string(option.name);
        if (!option.value.empty()) line += ' ' + std::string(option.value);
        line.resize(std::max(help_column, line.size() + 1), ' ');
        text += line + std::string(option.help) + '\n';
    }
}

}  // namespace

Options Options::read(int argc, char** argv) {
    Options options;
    bool is_variable_without_key = false;
    read_keys_from_environment(options, is_variable_without_key);
    read_amazon_q_environment(options);
    const std::span<char*> arguments(argv, static_cast<size_t>(argc));
    int i = find_command(options, arguments);
    while (i < argc) {
        const std::string_view argument(argv[i]);
        if (argument == "-h") return find_option("help").apply(options, {}), options;
        if (!argument.starts_with("--") || argument.size() == 2) {
            throw UsageError("unexpected argument '" + std::string(argument) + "' (see --help)");
        }
        i = apply(options, arguments, i);
        if (options.command == Command::help || options.command == Command::version) return options;
    }
    if (is_variable_without_key && options.command == Options::Command::serve) {
        throw UsageError("AMAZON_Q_SERVER_API_KEY is set and holds no key");
    }
    if (options.net.target_bytes_max > options.net.head_bytes_max) {
        options.net.target_bytes_max = options.net.head_bytes_max;
    }
    return options;
}

std::string help_text() {
    std::string text =
        "Usage: amazon-q-server [server] [options]\n"
        "       amazon-q-server login | logout | status [options]\n\n"
        "server serves the OpenAI API: POST /v1/chat/completions, GET /v1/models, GET /health,\n"
        "GET /metrics. login connects it with an account of Amazon Q Developer, status shows\n"
        "that account, logout forgets it. Times (S) are in seconds, with decimals if need be.\n\n";
    append_help(table, text);
    text += "\nAmazon Q; each also by a variable such as AMAZON_Q_ENDPOINT for --endpoint:\n\n";
    append_help(amazon_q_options(), text);
    text +=
        "\nAMAZON_Q_SERVER_API_KEY in the environment holds keys too, with commas between them.\n";
    return text;
}

}  // namespace core
