#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/credential_store.h"

namespace core {

// The logins that other programs keep, only ever read.

// More than any file with a login has.
inline constexpr size_t login_bytes_max = 256 * 1024;

// What the Kiro IDE calls its login; the registration is in a file beside it.
inline constexpr std::string_view kiro_file = "kiro-auth-token.json";

// Source::none when there is none; then `problem` is set if something is in the way.
Login load_kiro_login(const std::string& path, std::string& problem);

// From the SQLite file of the Amazon Q or Kiro CLI, if there is a program that reads it.
Login load_cli_login(const std::string& path, const std::string& sqlite);

// There is a token, and all tokens can stand in a request's field.
bool is_usable(const json::Credentials& credentials);

}  // namespace core
