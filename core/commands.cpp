#include "core/commands.h"

#include <cstdio>
#include <string>

#include "core/account_thread.h"
#include "core/credential_store.h"
#include "core/device_login.h"
#include "core/foreign_logins.h"
#include "core/status_report.h"
#include "core/terminal_screen.h"
#include "net/call_loop.h"
#include "net/file.h"

namespace core {
namespace {

constexpr int interrupted = 130;  // as shells report SIGINT

int fail(const std::string& problem) {
    std::fprintf(stderr, "amazon-q-server: %s\n", printable(problem).c_str());
    return 1;
}

// The registration that a file of ours holds, if any.
json::Credentials registration_in(const std::string& path) {
    json::Credentials known;
    const net::FileText file = net::read_file(path, login_bytes_max);
    if (!json::read_credentials(file.text, known)) return {};
    return known;
}

}  // namespace

int run_login(const AmazonQSettings& settings, const net::UpstreamSetup& upstreams) {
    const CredentialStore store(CredentialPlaces::of(settings));
    if (store.file().empty()) return fail("there is no home folder to put the login into");
    net::CallLoop loop(upstreams);
    TerminalScreen screen(loop);
    DeviceLogin login({settings, loop.client(), loop.ready(), loop.timers(), screen, unix_time},
                      registration_in(store.file()));
    if (!loop.run_until_signal()) {
        std::puts("\nInterrupted; nothing was stored.");
        return interrupted;
    }
    if (!screen.problem().empty()) return fail(screen.problem());
    json::Credentials credentials = login.credentials();
    credentials.profile_arn = settings.profile_arn.value_or("");
    const std::string problem = store.save(credentials);
    if (!problem.empty()) return fail(problem);
    std::printf("Logged in. The login is kept in %s\n", store.file().c_str());
    return 0;
}

int run_logout(const AmazonQSettings& settings) {
    const CredentialStore store(CredentialPlaces::of(settings));
    const bool was_there = net::is_file(store.file());
    const std::string problem = store.remove();
    if (!problem.empty()) return fail(problem);
    std::printf(was_there ? "Logged out: %s is removed.\n" : "There is no login in %s.\n",
                store.file().c_str());
    return 0;
}

int run_status(const AmazonQSettings& settings, const net::UpstreamSetup& upstreams) {
    const CredentialStore store(CredentialPlaces::of(settings));
    net::CallLoop loop(upstreams);
    net::Log log(loop.timers(), net::LogLevel::error, net::LogFormat::text);
    Account account(unix_time);
    AccountKeeper keeper({account, settings, store, loop.loop(), loop.ready(), loop.timers(),
                          loop.client(), log, unix_time});
    AccountView view(account, loop.loop());
    StatusReport report(settings, loop, view, keeper);
    if (!loop.run_until_signal()) return interrupted;
    std::fputs(printable(report.text()).c_str(), stdout);
    return report.is_well() ? 0 : 1;
}

}  // namespace core
