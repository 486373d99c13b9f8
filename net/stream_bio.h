#pragma once

#include <openssl/bio.h>

#include "net/stream.h"

namespace net {

// A BIO is where OpenSSL reads and writes records; this one is a Stream. Sockets thus keep their
// remembered readiness and MSG_NOSIGNAL under TLS. Null when memory is short.
BIO_METHOD* make_stream_bio_method();
// `lower` must outlive it.
BIO* make_stream_bio(const BIO_METHOD* method, Stream& lower);

}  // namespace net
