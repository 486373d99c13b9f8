// Linked into the static program only. OpenSSL and c-ares mention functions of libc that load
// modules of the machine (name services, shared objects). None of them is ever called here, and in
// a static program none of them could be relied on: the modules may be built for another libc.
// Defined here they fail at once, keep that machinery of libc out of the program, and make it
// impossible to come to need it unnoticed.

#include <dlfcn.h>
#include <netdb.h>

#include <cerrno>

extern "C" {

int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
    return EAI_FAIL;
}
void freeaddrinfo(addrinfo*) noexcept {}
int getnameinfo(const sockaddr*, socklen_t, char*, socklen_t, char*, socklen_t, int) {
    return EAI_FAIL;
}
hostent* gethostbyname(const char*) {
    return nullptr;
}
servent* getservbyname(const char*, const char*) {
    return nullptr;
}
int getservbyport_r(int, const char*, servent*, char*, size_t, servent** result) {
    *result = nullptr;
    return ENOENT;
}

// By --wrap, since libc itself brings the name along, and with it the linker's warning.
void* __wrap_dlopen(const char*, int) {
    return nullptr;
}
void* dlsym(void*, const char*) noexcept {
    return nullptr;
}
int dlclose(void*) noexcept {
    return -1;
}
char* dlerror() noexcept {
    static char text[] = "not in a static program";
    return text;
}
int dladdr(const void*, Dl_info*) noexcept {
    return 0;
}

}  // extern "C"
