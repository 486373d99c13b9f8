#include "net/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "net/fd.h"

namespace net {
namespace {

std::string problem(std::string_view what, const std::string& path) {
    const int error = errno;
    return "cannot " + std::string(what) + " " + path + ": " + std::strerror(error);
}

std::string folder_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

// The folder and those above it that are missing.
bool make_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return true;
    if (errno != ENOENT) return false;
    const std::string above = folder_of(path);
    if (above == path || !make_folder(above)) return false;
    return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
}

// Where a symbolic link leads; the path itself when it is none or leads nowhere.
std::string real_path(const std::string& path) {
    const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
    return real ? std::string(real.get()) : path;
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<size_t>(written));
    }
    return ::fsync(fd) == 0;
}

// The rename is on the disk when its folder is. Not every file system can do that.
void sync_folder(const std::string& path) {
    const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.is_open()) (void)::fsync(folder.value());
}

}  // namespace

bool is_file(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

FileText read_file(const std::string& path, size_t bytes_max) {
    // Not blocking, since opening a pipe would wait for its writer.
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.is_open()) {
        if (errno == ENOENT || errno == ENOTDIR) return {};
        return {FileText::State::failed, {}, problem("read", path)};
    }
    struct stat status {};
    if (::fstat(file.value(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return {FileText::State::failed, {}, "cannot read " + path + ": it is not a plain file"};
    }
    std::string text(std::min(static_cast<size_t>(status.st_size), bytes_max) + 1, '\0');
    size_t size = 0;
    while (true) {
        const ssize_t got = ::read(file.value(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return {FileText::State::failed, {}, problem("read", path)};
        if (got == 0) break;
        size += static_cast<size_t>(got);
        if (size > bytes_max) break;
        if (size == text.size()) text.resize(std::min(size * 2, bytes_max + 1));  // it grows
    }
    if (size > bytes_max) {
        return {FileText::State::failed, {}, "cannot read " + path + ": it is too long"};
    }
    text.resize(size);
    return {FileText::State::ok, std::move(text), {}};
}

std::string write_private_file(const std::string& path, std::string_view text) {
    const std::string target = real_path(path);
    const std::string folder = folder_of(target);
    if (!make_folder(folder)) return problem("make the folder", folder);
    std::string temporary = target + ".XXXXXX";
    Fd file(::mkostemp(temporary.data(), O_CLOEXEC));  // made with 0600
    if (!file.is_open()) return problem("write beside", target);
    std::string failure;
    if (!write_all(file.value(), text)) failure = problem("write", temporary);
    if (failure.empty() && ::rename(temporary.c_str(), target.c_str()) != 0) {
        failure = problem("replace", target);
    }
    if (failure.empty()) {
        sync_folder(folder);
    } else {
        (void)::unlink(temporary.c_str());
    }
    return failure;
}

std::string remove_file(const std::string& path) {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return {};
    return problem("remove", path);
}

bool output_is_terminal() {
    return ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace net
