#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/device_login.h"
#include "net/call_loop.h"

namespace core {

// TerminalScreen shows a login on standard output, and ends its loop when the login has ended: on a
// terminal with a line that counts down, else with a dot for every second.
class TerminalScreen final : public DeviceLogin::Screen {
public:
    // The loop must outlive it.
    explicit TerminalScreen(net::CallLoop& loop);

    void show(const json::DeviceAuthorization& code) override;
    void wait(int64_t seconds_left) override;
    void end(const std::string& problem) override;

    const std::string& problem() const { return problem_; }

private:
    net::CallLoop& loop_;
    const bool is_terminal_;
    bool is_waiting_ = false;
    std::string problem_;
};

// Text from outside, made safe for a terminal: line ends stay, other control characters go.
std::string printable(std::string_view text);

}  // namespace core
