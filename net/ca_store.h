#pragma once

#include <openssl/x509.h>

#include <string>

namespace net {

// Where the authorities to trust are kept: in a PEM file, in a folder as c_rehash makes it, or in
// both.
struct AuthorityPlaces {
    std::string file, folder;
};

// `ca_file` when it is not empty, else what SSL_CERT_FILE and SSL_CERT_DIR name, else the system's
// from wherever systems keep them, since a static program cannot know at build time. It only
// looks. Throws std::runtime_error when there are none.
AuthorityPlaces find_authorities(const std::string& ca_file);

// Whether the file, if there is one, looks by its begin as if it held certificates. Cheap.
bool may_hold_authorities(const AuthorityPlaces& places);

// Fills `store` from there. Parsing a file of a system's size takes some 20 ms and a megabyte.
// Throws std::runtime_error when the file holds no certificate.
void load_authorities(X509_STORE* store, const AuthorityPlaces& places);

}  // namespace net
