#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

// The command line of `load`, and the one request that follows from it.
namespace bench {

constexpr const char* load_usage =
    "usage: load --port P [options]           only 127.0.0.1 is ever asked\n"
    "  --streams N      connections to open (1)\n"
    "  --rate R         connections opened per second, on a fixed schedule; 0: all at once (0)\n"
    "  --repeat K       requests per connection, one after the other; 0: until the time is over "
    "(1)\n"
    "  --seconds S      the run ends here at the latest (30)\n"
    "  --cut            open streams at the end of the time are not failures\n"
    "  --echo SPEC      value of x-echo; its tokens, delay and interval are verified\n"
    "  --message TEXT   what the user says\n"
    "  --plain          ask for one JSON answer in place of a stream\n"
    "  --request-bytes N  pad the whole request to N bytes with a system message\n"
    "  --no-check-text  the content is not an echo of the message\n"
    "  --pid PID        the server, for its CPU time and memory\n";

struct LoadOptions {
    uint16_t port = 0;
    size_t streams = 1;
    double rate = 0;
    size_t repeat = 1;
    double seconds = 30;
    bool cut = false;
    std::string echo;
    std::string message = "The quick brown fox jumps over the lazy dog, and 12 others follow it. ";
    bool plain = false;
    size_t request_bytes = 0;
    bool check_text = true;
    int pid = 0;
};

// The number of one key of an x-echo list, or 0.
inline size_t echo_number(const std::string& spec, std::string_view key) {
    for (size_t at = spec.find(key); at != std::string::npos; at = spec.find(key, at + 1)) {
        const size_t value = at + key.size();
        if (value < spec.size() && spec[value] == '=') {
            return std::strtoul(spec.c_str() + value + 1, nullptr, 10);
        }
    }
    return 0;
}

// A whole HTTP request; the padding is the text of a system message before the user's.
inline std::string request_with(const LoadOptions& options, size_t padding) {
    std::string content;
    for (const char c : options.message) {
        if (static_cast<unsigned char>(c) < 0x20) throw std::runtime_error("control in --message");
        if (c == '"' || c == '\\') content += '\\';
        content += c;
    }
    std::string body = "{\"model\":\"amazon-q\",\"messages\":[";
    if (padding > 0) {
        body += "{\"role\":\"system\",\"content\":\"" + std::string(padding, 'x') + "\"},";
    }
    body += "{\"role\":\"user\",\"content\":\"" + content + "\"}]";
    body += options.plain ? "}" : ",\"stream\":true}";
    std::string text = "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    if (!options.echo.empty()) text += "x-echo: " + options.echo + "\r\n";
    text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size());
    return text + "\r\n\r\n" + body;
}

inline std::string request_text(const LoadOptions& options) {
    if (options.request_bytes == 0) return request_with(options, 0);
    size_t padding = 1;
    while (request_with(options, padding).size() < options.request_bytes) ++padding;
    return request_with(options, padding);
}

inline LoadOptions parse_load_options(int argc, char** argv) {
    LoadOptions options;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--cut") {
            options.cut = true;
        } else if (name == "--plain") {
            options.plain = true;
        } else if (name == "--no-check-text") {
            options.check_text = false;
        } else if (i + 1 == argc) {
            throw std::runtime_error(load_usage);
        } else if (const std::string value = argv[++i]; name == "--port") {
            options.port = static_cast<uint16_t>(std::stoul(value));
        } else if (name == "--streams") {
            options.streams = std::stoul(value);
        } else if (name == "--rate") {
            options.rate = std::stod(value);
        } else if (name == "--repeat") {
            options.repeat = std::stoul(value);
        } else if (name == "--seconds") {
            options.seconds = std::stod(value);
        } else if (name == "--echo") {
            options.echo = value;
        } else if (name == "--request-bytes") {
            options.request_bytes = std::stoul(value);
        } else if (name == "--message") {
            options.message = value;
        } else if (name == "--pid") {
            options.pid = std::stoi(value);
        } else {
            throw std::runtime_error(load_usage);
        }
    }
    if (options.port == 0 || options.streams == 0) throw std::runtime_error(load_usage);
    return options;
}

}  // namespace bench
