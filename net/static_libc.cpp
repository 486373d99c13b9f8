// Linked into the static program only. libc, OpenSSL and c-ares mention functions of libc that
// bring much along and that no run of this program needs: modules of the machine (name services,
// shared objects: built for another libc, as like as not), translations, character sets, wide
// characters, floating point in printf. Defined here they stay out of the program, a third of what
// libc would be in it, and it is impossible to come to need them unnoticed.
//
// What begins with __wrap_ takes the place of what its name goes on with: the Makefile finds these
// names here and tells the linker (--wrap). It does so also where a file of libc defines the name
// beside others, and does nothing with a libc that has no such name.

#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>

#include <cxxabi.h>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <typeinfo>

namespace {

void say(std::string_view text) {
    (void)!::write(STDERR_FILENO, text.data(), text.size());
}

[[noreturn]] void refuse(std::string_view what) {
    say(what);
    say(" is not in this program (see net/static_libc.cpp)\n");
    std::abort();
}

int lower(char c) {
    return c >= 'A' && c <= 'Z' ? c | 0x20 : static_cast<unsigned char>(c);
}

bool is_started = false;
// Constructors are called after .init has run.
[[gnu::constructor]] void note_start() {
    is_started = true;
}

}  // namespace

extern "C" {

// OpenSSL's .init asks the processor what it can do, which takes 0.1 ms in a virtual machine, and
// so does its initialization, which is early enough and most starts do without.
void __real_OPENSSL_cpuid_setup();
void __wrap_OPENSSL_cpuid_setup() {
    if (is_started) __real_OPENSSL_cpuid_setup();
}

// Names are resolved by c-ares.
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
// Every thread has a state for libc's own resolver, which it frees at its end: there is none.
int __wrap___res_vinit(void*, int) {
    return -1;
}
void __wrap___res_iclose(void*, bool) {}
// For the zone of a link-local address, in a function of c-ares that is not called.
char* __wrap_if_indextoname(unsigned, char*) {
    errno = ENXIO;
    return nullptr;
}
// For the names of addresses: beside a function of c-ares that is needed.
void __wrap_ares_gethostbyaddr(void*, const void*, int, int, void*, void*) {
    refuse("the name of an address");
}

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
void __wrap__dl_init_paths(const char*, const char*, const char*, const char*) {}

// This program speaks the language it is written in.
char* __wrap___dcgettext(const char*, const char* text, int) {
    return const_cast<char*>(text);
}

// Files can be read as wide characters, in any character set: none is.
extern const char __wrap___wcsmbs_gconv_fcts_c[64];
const char __wrap___wcsmbs_gconv_fcts_c[64] = {};
int __wrap___gconv_lock;
void __wrap___gconv_release_step(void*) {}
void __wrap___wcsmbs_load_conv(void*) {
    refuse("a character set");
}
void __wrap___wcsmbs_clone_conv(void*) {
    refuse("a character set");
}
int __wrap___wcsmbs_named_conv(void*, const char*) {
    return EINVAL;
}
size_t __wrap___wcsrtombs(char*, const wchar_t**, size_t, void*) {
    refuse("printf of wide characters");
}
int __wrap___printf_fp(void*, const void*, const void* const*) {
    refuse("printf of floating point");
}
int __wrap___printf_fphex(void*, const void*, const void* const*) {
    refuse("printf of floating point");
}
// OpenSSL reads addresses in text with it, which net::Address does. It finds nothing wherever else
// it is called, rather than end a server for it.
int __wrap___isoc99_sscanf(const char*, const char*, ...) {
    return EOF;
}

// As libc's in the C locale, without ten variants of each for kinds of processors.
int __wrap_strcasecmp(const char* a, const char* b) {
    while (*a != '\0' && lower(*a) == lower(*b)) ++a, ++b;
    return lower(*a) - lower(*b);
}
int __wrap_strncasecmp(const char* a, const char* b, size_t size) {
    while (size > 0 && *a != '\0' && lower(*a) == lower(*b)) ++a, ++b, --size;
    return size == 0 ? 0 : lower(*a) - lower(*b);
}

// The same words as libc's, without its translations.
[[noreturn]] void __wrap___assert_fail(const char* assertion, const char* file, unsigned line,
                                       const char* function) {
    char digits[10];
    const auto end = std::to_chars(digits, digits + sizeof digits, line).ptr;
    for (std::string_view part :
         {std::string_view(file), std::string_view(":"), std::string_view(digits, end),
          std::string_view(": "), std::string_view(function), std::string_view(": Assertion `"),
          std::string_view(assertion), std::string_view("' failed.\n")}) {
        say(part);
    }
    std::abort();
}

// __gnu_cxx::__verbose_terminate_handler, which shows the type's name as C++ writes it: 50 KB.
[[noreturn]] void __wrap__ZN9__gnu_cxx27__verbose_terminate_handlerEv() {
    const std::type_info* type = abi::__cxa_current_exception_type();
    if (!type) {
        say("terminate called without an exception\n");
        std::abort();
    }
    say("terminate called after throwing ");
    say(type->name());
    try {
        throw;
    } catch (const std::exception& error) {
        say(": ");
        say(error.what());
    } catch (...) {
    }
    say("\n");
    std::abort();
}

}  // extern "C"
