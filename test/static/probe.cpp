// Does one thing that net/static_libc.cpp has a hand in, linked with it as the server is.
#include <strings.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace {

int end_badly(std::string_view what, char* text) {
    if (what == "throw") throw std::runtime_error(text);
    if (what == "throw-in-a-thread") {
        std::thread([text] { throw std::logic_error(text); }).join();
    } else if (what == "throw-a-number") {
        throw 5;
    } else if (what == "terminate") {
        std::terminate();
    } else if (what == "range") {
        return std::string(text).at(100);
    } else if (what == "assert") {
        assert(text == nullptr);
    } else if (what == "float") {
        std::printf("%f\n", static_cast<double>(std::strlen(text)) / 3);
    }
    return 0;
}

int work(char* text) {
    std::FILE* file = std::fopen("/proc/self/comm", "r");
    if (!file || !std::fgets(text, 8, file) || std::fclose(file) != 0) return 1;
    std::printf("%s %5d|%-4s|%x %s\n", text, -42, "ab", 255, std::strerror(ENOENT));
    std::printf("%d %d %d %d\n", ::strcasecmp("Host", "hOST") == 0, ::strcasecmp("a", "B") < 0,
                ::strncasecmp("abX", "ABy", 2) == 0, ::strcasecmp("\xE9", "e") > 0);
    int number = 0;
    std::printf("read %d numbers\n", std::sscanf(text, "%d", &number));
    std::thread([] { std::puts("from a thread"); }).join();
    return 0;
}

}  // namespace

int main(int, char** arguments) {
    char text[] = "the reason";
    const std::string_view what = arguments[1];
    return what == "work" ? work(text) : end_badly(what, text);
}
