#pragma once

#include <string>

#include "core/account.h"
#include "core/account_keeper.h"
#include "net/call_loop.h"

namespace core {

// StatusReport says how the account is. It waits for the token and the models, on the keeper's own
// loop, and ends that when it has the whole text.
class StatusReport final : public net::Task {
public:
    // References must outlive it.
    StatusReport(const AmazonQSettings& settings, net::CallLoop& loop, AccountView& view,
                 const AccountKeeper& keeper);

    void pump() override;

    const std::string& text() const { return text_; }
    bool is_well() const { return is_well_; }

private:
    void put(std::string_view name, const std::string& value);
    void put_login();
    void put_models();
    void put_iam_key();
    void end();

    const AmazonQSettings& settings_;
    net::CallLoop& loop_;
    AccountView& view_;
    const AccountKeeper& keeper_;
    TokenSource::Waiter waiter_;
    Token token_;
    std::string text_;
    bool is_well_ = false;
};

}  // namespace core
