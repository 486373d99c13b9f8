#include "net/ca_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "net/fd.h"

namespace net {
namespace {

// Folders come first: from one that c_rehash made, OpenSSL takes the authority a certificate needs
// and no other, while a bundle costs a megabyte of memory and its parsing.
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

// A folder with but a few such names is no system's: somebody has put an authority of his own
// there.
bool is_hashed_folder(const char* path) {
    constexpr int names_min = 20;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path), ::closedir);
    if (!folder) return false;
    int names = 0;
    while (const dirent* entry = ::readdir(folder.get())) names += is_hash_name(entry->d_name);
    return names >= names_min;
}

std::string of_environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

}  // namespace

AuthorityPlaces find_authorities(const std::string& ca_file) {
    if (!ca_file.empty()) return {ca_file, {}};
    AuthorityPlaces named{of_environment("SSL_CERT_FILE"), of_environment("SSL_CERT_DIR")};
    if (!named.file.empty() || !named.folder.empty()) return named;
    for (const char* folder : folders) {
        if (is_hashed_folder(folder)) return {{}, folder};
    }
    for (const char* bundle : bundles) {
        if (::access(bundle, R_OK) == 0) return {bundle, {}};
    }
    throw std::runtime_error(
        "no trusted certificates were found on this system: install ca-certificates, or name a "
        "PEM file");
}

bool may_hold_authorities(const AuthorityPlaces& places) {
    if (places.file.empty()) return true;
    const Fd file(::open(places.file.c_str(), O_RDONLY | O_CLOEXEC));
    char begin[4 * 1024];
    const ssize_t size = ::read(file.value(), begin, sizeof begin);
    const std::string_view text(begin, size > 0 ? static_cast<size_t>(size) : 0);
    return text.find("-----BEGIN ") != std::string_view::npos;
}

void load_authorities(X509_STORE* store, const AuthorityPlaces& places) {
    if (!places.folder.empty()) X509_STORE_load_path(store, places.folder.c_str());
    if (places.file.empty()) return;
    ERR_clear_error();
    if (X509_STORE_load_file(store, places.file.c_str()) == 1) return;
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    throw std::runtime_error("no certificates can be read from " + places.file + ": " +
                             (reason == nullptr ? "the file is not there" : reason));
}

}  // namespace net
