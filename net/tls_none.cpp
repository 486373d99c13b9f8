#include <stdexcept>

#include "net/tls.h"

namespace net {

bool Tls::is_built_in() {
    return false;
}

std::unique_ptr<Tls> Tls::make(const TlsSettings&) {
    throw std::runtime_error("https is not possible: this program was built without TLS");
}

}  // namespace net
