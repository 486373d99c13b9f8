#include "core/options.h"

#include <doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

using core::Options;
using core::UsageError;
using std::chrono::milliseconds;

namespace {

// A command line that can be written to, as the real one can.
struct CommandLine {
    explicit CommandLine(std::vector<std::string> words) : arguments(std::move(words)) {
        arguments.insert(arguments.begin(), "amazon-q-server");
        for (std::string& argument : arguments) pointers.push_back(argument.data());
        pointers.push_back(nullptr);
    }
    Options read() { return Options::read(static_cast<int>(arguments.size()), pointers.data()); }

    std::vector<std::string> arguments;
    std::vector<char*> pointers;
};

Options read(std::vector<std::string> words) {
    return CommandLine(std::move(words)).read();
}

// What the user is told; empty when the line is good.
std::string complaint_about(std::vector<std::string> words) {
    try {
        (void)read(std::move(words));
    } catch (const UsageError& error) {
        return error.what();
    }
    return {};
}

// Sets the variable for as long as it lives.
struct Environment {
    explicit Environment(const char* value) { ::setenv(name, value, 1); }
    ~Environment() { ::unsetenv(name); }
    static constexpr const char* name = "AMAZON_Q_SERVER_API_KEY";
};

struct TemporaryFile {
    explicit TemporaryFile(std::string_view content) {
        const int fd = ::mkstemp(path);
        REQUIRE(fd >= 0);
        CHECK(::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
        ::close(fd);
    }
    ~TemporaryFile() { ::unlink(path); }
    char path[32] = "/tmp/options_test_XXXXXX";
};

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("Without options the defaults are those of the documentation") {
    const Options options = read({});
    CHECK(options.command == Options::Command::serve);
    CHECK(options.host == "127.0.0.1");
    CHECK(options.port == 8080);
    CHECK(options.backend == "amazon-q");
    CHECK(options.model_name.empty());
    CHECK(options.api_keys.empty());
    CHECK(options.workers == 0);
    CHECK(options.connections_max == 0);
    CHECK(options.log_level == net::LogLevel::info);
    CHECK(options.log_format == net::LogFormat::text);
    CHECK(options.net.keep_alive_timeout == milliseconds(75'000));
    CHECK(options.net.body_bytes_max == 32 * 1024 * 1024);
}

TEST_CASE("The previous server's command line still works") {
    const Options options = read({"server", "--port", "8081", "--host", "0.0.0.0", "--api-key",
                                  "KEY", "--model-name", "amazon-q"});
    CHECK(options.port == 8081);
    CHECK(options.host == "0.0.0.0");
    CHECK(options.api_keys == Keys{"KEY"});
    CHECK(options.model_name == "amazon-q");
}

TEST_CASE("Every option sets what it says") {
    const Options options =
        read({"--backend=echo", "--workers=3", "--log-level=debug", "--log-format=json",
              "--max-connections=1000", "--max-body-bytes=5000", "--max-head-bytes=2048",
              "--head-timeout=1", "--body-silence-timeout=2.5", "--body-timeout=3.25",
              "--keep-alive-timeout=0.001", "--write-stall-timeout=999999.999",
              "--linger-timeout=6", "--ping-interval=7", "--drain-timeout=0", "--echo-delay=9",
              "--echo-interval=10", "--echo-tokens=11", "--echo-script=reasoning; error-after=12"});
    CHECK(options.workers == 3);
    CHECK(options.log_level == net::LogLevel::debug);
    CHECK(options.log_format == net::LogFormat::json);
    CHECK(options.connections_max == 1000);
    CHECK(options.net.body_bytes_max == 5000);
    CHECK(options.net.head_bytes_max == 2048);
    CHECK(options.net.target_bytes_max == 2048);  // cannot be more than the head
    CHECK(options.net.head_timeout == milliseconds(1000));
    CHECK(options.net.body_silence_timeout == milliseconds(2500));
    CHECK(options.net.body_timeout == milliseconds(3250));
    CHECK(options.net.keep_alive_timeout == milliseconds(1));
    CHECK(options.net.write_stall_timeout == milliseconds(999'999'999));
    CHECK(options.net.linger_timeout == milliseconds(6000));
    CHECK(options.core.ping_interval == milliseconds(7000));
    CHECK(options.core.drain_timeout == milliseconds(0));
    CHECK(options.echo.delay == milliseconds(9));
    CHECK(options.echo.interval == milliseconds(10));
    CHECK(options.echo.tokens == 11u);
    CHECK(options.echo.reasoning);
    CHECK(options.echo.error_after == 12u);
}

TEST_CASE("Values come behind a space or an equals sign, and the last one wins") {
    CHECK(read({"--port", "1", "--port=2"}).port == 2);
    CHECK(read({"--host=::1"}).host == "::1");
    CHECK(read({"--model-name=a=b"}).model_name == "a=b");
    CHECK(read({"--api-key", "--port"}).api_keys == Keys{"--port"});
}

TEST_CASE("help and version stop the reading") {
    for (const char* help : {"-h", "--help"}) {
        CHECK(read({help, "--nonsense"}).command == Options::Command::help);
    }
    CHECK(read({"server", "--version"}).command == Options::Command::version);
    CHECK_FALSE(complaint_about({"--nonsense", "--help"}).empty());
}

TEST_CASE("The help names every option, in lines that fit a terminal") {
    const std::string help = core::help_text();
    for (const char* option : {"--host",
                               "--port",
                               "--backend",
                               "--model-name",
                               "--api-key",
                               "--api-key-file",
                               "--workers",
                               "--log-level",
                               "--log-format",
                               "--max-connections",
                               "--max-body-bytes",
                               "--max-head-bytes",
                               "--head-timeout",
                               "--body-silence-timeout",
                               "--body-timeout",
                               "--keep-alive-timeout",
                               "--write-stall-timeout",
                               "--linger-timeout",
                               "--ping-interval",
                               "--drain-timeout",
                               "--echo-delay",
                               "--echo-interval",
                               "--echo-tokens",
                               "--echo-script",
                               "--help",
                               "--version",
                               "AMAZON_Q_SERVER_API_KEY"}) {
        CAPTURE(option);
        CHECK(help.find(option) != std::string::npos);
    }
    for (size_t begin = 0; begin < help.size();) {
        const size_t end = help.find('\n', begin);
        CHECK(end - begin <= 110);
        begin = end + 1;
    }
}

TEST_CASE("A bad value is a usage error that names the option and the value") {
    struct Case {
        const char* option;
        std::vector<std::string> values;
    };
    for (const Case& c :
         {Case{"port", {"", "x", "-1", "65536", "80x", " 80", "8 0", "0x50", "1e3", "99999999999"}},
          Case{"workers", {"0", "257", "many"}}, Case{"max-connections", {"0", "10000001"}},
          Case{"max-body-bytes", {"0", "1073741825", "32M"}},
          Case{"max-head-bytes", {"1023", "1048577"}},
          Case{"head-timeout",
               {"0", "0.0", "0.000", "", ".", ".5", "1.", "1.2345", "1.2.3", "-1", "1e3", "x", "1s",
                "1000000", "9999999", "1,5", "+1"}},
          Case{"drain-timeout", {"", "x", "-1", "1."}}, Case{"ping-interval", {"0"}},
          Case{"backend", {"", "openai", "ECHO"}},
          Case{"model-name", {"", "a b", "a\"b", "a\\b", "\xC3\xA9", "a\n", std::string(129, 'a')}},
          Case{"log-level", {"", "INFO", "trace"}}, Case{"log-format", {"", "xml"}},
          Case{"host",
               {"", "name", "256.1.1.1", "1.2.3", "[::1]", "::g", "127.0.0.1 ", "LOCALHOST"}},
          Case{"echo-delay", {"x", "-1", "86400001"}}, Case{"echo-tokens", {"1000001", ""}},
          Case{"echo-script", {"nonsense", "delay=x"}}}) {
        for (const std::string& value : c.values) {
            const std::string option = std::string("--") + c.option;
            CAPTURE(option);
            CAPTURE(value);
            const std::string complaint = complaint_about({option, value});
            CHECK(complaint.starts_with(option + ": "));
            CHECK(complaint == complaint_about({option + '=' + value}));
            CHECK(
                complaint.find('\n') ==
                (value.find('\n') == std::string::npos ? std::string::npos : complaint.find('\n')));
        }
    }
}

TEST_CASE("What is no option is named") {
    CHECK(complaint_about({"--nonsense"}).find("--nonsense") != std::string::npos);
    CHECK(complaint_about({"--por", "1"}).find("--por ") != std::string::npos);
    CHECK(complaint_about({"nonsense"}).find("'nonsense'") != std::string::npos);
    CHECK(complaint_about({"-p", "1"}).find("'-p'") != std::string::npos);
    CHECK(complaint_about({"--"}).find("'--'") != std::string::npos);
    CHECK(complaint_about({""}).find("''") != std::string::npos);
    CHECK(complaint_about({"server", "server"}).find("'server'") != std::string::npos);
    CHECK(complaint_about({"--port"}).find("--port needs a value") != std::string::npos);
    CHECK(complaint_about({"--help=x"}).find("--help takes no value") != std::string::npos);
    CHECK_FALSE(complaint_about({"--=x"}).empty());
}

TEST_CASE("Keys given as arguments are wiped from the command line") {
    CommandLine line({"--api-key", "sk-one", "--api-key=sk-two", "--port", "1"});
    CHECK(line.read().api_keys == Keys{"sk-one", "sk-two"});
    CHECK(std::string(line.pointers[2]) == "******");
    CHECK(std::string(line.pointers[3]) == "--api-key=******");
    CHECK(std::string(line.pointers[5]) == "1");
}

TEST_CASE("A key is never repeated in a complaint") {
    CHECK(complaint_about({"--api-key", "sk-secret", "--port", "x"}).find("sk-") ==
          std::string::npos);
    CHECK(complaint_about({"--api-key", ""}).starts_with("--api-key: "));
}

TEST_CASE("Keys come from the environment, with commas between them") {
    {
        const Environment environment("sk-a,,sk-b,");
        CHECK(read({}).api_keys == Keys{"sk-a", "sk-b"});
        CHECK(read({"--api-key", "sk-c"}).api_keys == Keys{"sk-a", "sk-b", "sk-c"});
    }
    {
        const Environment environment(" sk-a ,\t, sk b\t");
        CHECK(read({}).api_keys == Keys{"sk-a", "sk b"});
    }
    CHECK(read({}).api_keys.empty());
}

TEST_CASE("A variable without a key does not leave the server open") {
    for (const char* value : {"", ",", " ", " ,\t,"}) {
        CAPTURE(value);
        const Environment environment(value);
        CHECK(complaint_about({}).starts_with("AMAZON_Q_SERVER_API_KEY"));
        CHECK(complaint_about({"--api-key", "k"}).starts_with("AMAZON_Q_SERVER_API_KEY"));
        CHECK(read({"--help"}).command == Options::Command::help);
        CHECK(read({"status"}).command == Options::Command::status);
    }
}

TEST_CASE("A bad value of the echo's options is told its range") {
    CHECK(complaint_about({"--echo-delay", "x"}).find("0 to 86400000") != std::string::npos);
    CHECK(complaint_about({"--echo-tokens", "-1"}).find("0 to 1000000") != std::string::npos);
    CHECK(complaint_about({"--echo-script", "error=200"}).find("400 to 599") != std::string::npos);
}

TEST_CASE("The server listens on addresses and on localhost") {
    for (const char* host : {"127.0.0.1", "0.0.0.0", "::", "::1", "localhost"}) {
        CHECK(read({"--host", host}).host == host);
    }
}

TEST_CASE("Keys come from a file, one a line") {
    const TemporaryFile file("# comment\n \tsk-a\n\n  \nsk-b \t\r\n#sk-c\nsk-d");
    CHECK(read({"--api-key-file", file.path}).api_keys == Keys{"sk-a", "sk-b", "sk-d"});
    CHECK(read({"--api-key", "x", "--api-key-file", file.path}).api_keys.size() == 4);
}

TEST_CASE("A key in a file may be of any length") {
    const std::string key(10'000, 'k');
    const TemporaryFile file(key + "\nsk-b");
    CHECK(read({"--api-key-file", file.path}).api_keys == Keys{key, "sk-b"});
}

TEST_CASE("A key file that is missing or has no key is a usage error") {
    const TemporaryFile empty("# nothing here\n\n");
    for (const std::string& path :
         {std::string(empty.path), std::string("/nonexistent/keys"), std::string()}) {
        const std::string complaint = complaint_about({"--api-key-file", path});
        CHECK(complaint.starts_with("--api-key-file: "));
        CHECK(complaint.find(path) != std::string::npos);
    }
}
