#include "net/stream_bio.h"

namespace net {
namespace {

Stream& lower_of(BIO* bio) {
    return *static_cast<Stream*>(BIO_get_data(bio));
}

int write_bytes(BIO* bio, const char* bytes, size_t size, size_t* taken) {
    BIO_clear_retry_flags(bio);
    const Io io = lower_of(bio).write({bytes, size}, *taken);
    if (io == Io::again) BIO_set_retry_write(bio);
    return io == Io::ok ? 1 : 0;
}

int read_bytes(BIO* bio, char* room, size_t size, size_t* bytes) {
    BIO_clear_retry_flags(bio);
    const Io io = lower_of(bio).read({room, size}, *bytes);
    if (io == Io::again) BIO_set_retry_read(bio);
    if (io == Io::closed) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return io == Io::ok ? 1 : 0;
}

long control(BIO* bio, int command, long, void*) {
    switch (command) {
        case BIO_CTRL_EOF:
            return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
        case BIO_CTRL_FLUSH:
            return 1;
        default:
            return 0;
    }
}

}  // namespace

BIO_METHOD* make_stream_bio_method() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
    if (!method) return nullptr;
    BIO_meth_set_write_ex(method, write_bytes);
    BIO_meth_set_read_ex(method, read_bytes);
    BIO_meth_set_ctrl(method, control);
    return method;
}

BIO* make_stream_bio(const BIO_METHOD* method, Stream& lower) {
    BIO* bio = BIO_new(method);
    if (!bio) return nullptr;
    BIO_set_data(bio, &lower);
    BIO_set_init(bio, 1);
    return bio;
}

}  // namespace net
