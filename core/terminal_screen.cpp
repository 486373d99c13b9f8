#include "core/terminal_screen.h"

#include <cstdio>

#include "net/file.h"

namespace core {

TerminalScreen::TerminalScreen(net::CallLoop& loop)
    : loop_(loop), is_terminal_(net::output_is_terminal()) {}

void TerminalScreen::show(const json::DeviceAuthorization& code) {
    std::printf("Open this page in a browser:\n\n    %s\n\n",
                printable(code.verification_uri).c_str());
    if (!code.user_code.empty()) {
        std::printf("and confirm this code there:\n\n    %s\n\n",
                    printable(code.user_code).c_str());
    }
    if (!is_terminal_) std::fputs("Waiting for the confirmation ", stdout);
    std::fflush(stdout);
    is_waiting_ = true;
}

void TerminalScreen::wait(int64_t seconds_left) {
    if (is_terminal_) {
        std::printf("\rWaiting for the confirmation; the code is good for %d:%02d ",
                    static_cast<int>(seconds_left / 60), static_cast<int>(seconds_left % 60));
    } else {
        std::fputc('.', stdout);
    }
    std::fflush(stdout);
}

void TerminalScreen::end(const std::string& problem) {
    if (is_waiting_) std::fputc('\n', stdout);
    std::fflush(stdout);
    problem_ = problem;
    loop_.stop();
}

std::string printable(std::string_view text) {
    std::string safe(text);
    for (char& c : safe) {
        const auto code = static_cast<unsigned char>(c);
        if ((code < 0x20 && c != '\n') || code == 0x7F) c = '?';
    }
    return safe;
}

}  // namespace core
