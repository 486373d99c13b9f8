#include "core/status_report.h"

#include <algorithm>

#include "core/account_thread.h"
#include "json/rfc3339.h"

namespace core {
namespace {

// https://q.us-east-1.amazonaws.com
std::string text_of(const net::Url& url) {
    return (url.is_https ? "https://" : "http://") + url.authority() + url.path;
}

std::string kind_of(const Login& login) {
    const std::string& start_url = login.credentials.start_url;
    std::string kind = start_url.empty() ? "Amazon Q Developer" : start_url;
    if (start_url == builder_id_url) kind = "AWS Builder ID";
    if (login.credentials.client_id.empty() && !login.credentials.refresh_token.empty()) {
        kind = "Kiro, by Google or GitHub";
    }
    const std::string& region = login.credentials.region;
    return region.empty() ? kind : kind + ", region " + region;
}

std::string keeper_of(const Login& login) {
    switch (login.source) {
        case Login::Source::kiro:
            return login.place + " (of Kiro)";
        case Login::Source::cli:
            return login.place + " (of the Amazon Q or Kiro CLI)";
        case Login::Source::none:
        case Login::Source::file:
        case Login::Source::environment:
            break;
    }
    return login.place;
}

std::string end_of(const json::Credentials& credentials) {
    if (credentials.expires_at == 0) return "unknown";
    std::string text;
    json::write_time(credentials.expires_at, text);
    const int64_t minutes = (credentials.expires_at - unix_time()) / 60;
    return text + " (in " + std::to_string(std::max<int64_t>(minutes, 0)) + " minutes)";
}

}  // namespace

StatusReport::StatusReport(const AmazonQSettings& settings, net::CallLoop& loop, AccountView& view,
                           const AccountKeeper& keeper)
    : settings_(settings),
      loop_(loop),
      view_(view),
      keeper_(keeper),
      waiter_(net::Wakeup(loop.ready(), *this)) {
    loop_.ready().post(*this);
}

void StatusReport::pump() {
    Failure failure;
    if (settings_.iam) return put_iam_key();
    switch (view_.take(waiter_, token_, failure)) {
        case TokenSource::State::refreshing:
            return;
        case TokenSource::State::unavailable:
            put_login();
            put("Problem", failure.message);
            return end();
        case TokenSource::State::ready:
            break;
    }
    if (view_.awaits_models(waiter_)) return;
    put_login();
    put_models();
    end();
}

void StatusReport::put(std::string_view name, const std::string& value) {
    constexpr size_t column = 10;
    std::string line = std::string(name) + ':';
    line.resize(std::max(column, line.size() + 1), ' ');
    text_ += line + value + '\n';
}

void StatusReport::put_login() {
    const Login& login = keeper_.login();
    if (!keeper_.trouble().empty()) put("Note", keeper_.trouble());
    if (login.source == Login::Source::none) return put("Login", "none");
    put("Login", kind_of(login));
    put("Kept in", keeper_of(login));
    put("Token", "until " + end_of(login.credentials));
    const std::string profile = settings_.profile_for(login.credentials);
    put("Profile", profile.empty() ? "none" : profile);
    put("Endpoint", text_of(settings_.endpoint_for(profile)));
}

void StatusReport::put_models() {
    const ModelList& list = view_.models();
    is_well_ = list.problem.empty();
    if (!is_well_) return put("Problem", "the models were not listed: " + list.problem);
    std::string ids;
    for (const json::AmazonQModel& model : list.models) {
        ids += (ids.empty() ? "" : ", ") + model.id;
    }
    put("Models", ids);
    if (!list.default_id.empty()) put("Default", list.default_id);
}

void StatusReport::put_iam_key() {
    put("Login",
        "IAM key of the environment (AMAZON_Q_SIGV4), region " + settings_.signing_region());
    put("Endpoint", text_of(settings_.endpoint_for(settings_.profile_arn.value_or(""))));
    is_well_ = true;
    end();
}

void StatusReport::end() {
    loop_.stop();
}

}  // namespace core
