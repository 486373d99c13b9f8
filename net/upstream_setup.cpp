#include "net/upstream_setup.h"

namespace net {

UpstreamSetup UpstreamSetup::make(bool needs_tls, const std::string& ca_file) {
    UpstreamSetup setup;
    setup.proxies = ProxySettings::from_environment();
    if (needs_tls) setup.tls = Tls::make({ca_file});
    return setup;
}

}  // namespace net
