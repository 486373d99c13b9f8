#include "net/ca_store.h"

#include <dirent.h>
#include <openssl/err.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace net {
namespace {

// Folders come first: from one that c_rehash made, OpenSSL takes the authority a certificate needs
// and no other, while a bundle costs a megabyte of memory and its parsing at the start.
constexpr const char* folders[] = {
    "/etc/ssl/certs",                                  // Debian, SUSE, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/directory-hash",  // Fedora
    "/etc/pki/tls/certs",
};
constexpr const char* bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL 7 and later
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/etc/ssl/cert.pem",                                  // Alpine, BSDs
};

// Eight hexadecimal digits, a dot and a zero.
bool is_hash_name(std::string_view name) {
    if (name.size() != 10 || !name.ends_with(".0")) return false;
    for (char c : name.substr(0, 8)) {
        if (!std::isxdigit(static_cast<unsigned char>(c))) return false;
    }
    return true;
}

bool is_hashed_folder(const char* path) {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path), ::closedir);
    if (!folder) return false;
    while (const dirent* entry = ::readdir(folder.get())) {
        if (is_hash_name(entry->d_name)) return true;
    }
    return false;
}

void load_file(X509_STORE* store, const std::string& path) {
    ERR_clear_error();
    if (X509_STORE_load_file(store, path.c_str()) == 1) return;
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    throw std::runtime_error("no certificates can be read from " + path + ": " +
                             (reason == nullptr ? "the file is not there" : reason));
}

// Whether the environment says where they are.
bool load_named(X509_STORE* store) {
    const char* file = std::getenv("SSL_CERT_FILE");
    const char* folder = std::getenv("SSL_CERT_DIR");
    if (file != nullptr && *file != '\0') load_file(store, file);
    if (folder != nullptr && *folder != '\0') X509_STORE_load_path(store, folder);
    return (file != nullptr && *file != '\0') || (folder != nullptr && *folder != '\0');
}

}  // namespace

void load_authorities(X509_STORE* store, const std::string& ca_file) {
    if (!ca_file.empty()) return load_file(store, ca_file);
    if (load_named(store)) return;
    for (const char* folder : folders) {
        if (!is_hashed_folder(folder)) continue;
        X509_STORE_load_path(store, folder);
        return;
    }
    for (const char* bundle : bundles) {
        if (::access(bundle, R_OK) == 0) return load_file(store, bundle);
    }
    throw std::runtime_error(
        "no trusted certificates were found on this system: install ca-certificates, or name a "
        "PEM file");
}

}  // namespace net
