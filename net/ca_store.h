#pragma once

#include <openssl/x509.h>

#include <string>

namespace net {

// Fills `store` with the authorities to trust: those of `ca_file`, else of SSL_CERT_FILE and
// SSL_CERT_DIR, else the system's from wherever systems keep them, since a static program cannot
// know at build time. Throws std::runtime_error when there are none.
void load_authorities(X509_STORE* store, const std::string& ca_file);

}  // namespace net
