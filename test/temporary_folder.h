#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace test {

// TemporaryFolder is an empty folder that goes with the test.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "amazon-q-XXXXXX").string();
        path_ = ::mkdtemp(name.data()) ? name : std::string();
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }

    std::string operator/(const std::string& name) const { return path_ + '/' + name; }

    void write(const std::string& name, const std::string& text) const {
        const std::filesystem::path path = *this / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    std::string read(const std::string& name) const {
        std::ifstream file(*this / name);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    bool has(const std::string& name) const { return std::filesystem::exists(*this / name); }
    // The permission bits of a file.
    int mode(const std::string& name) const {
        struct stat status {};
        return ::stat((*this / name).c_str(), &status) == 0 ? int(status.st_mode & 07777) : -1;
    }
    size_t count(const std::string& folder = "") const {
        const std::filesystem::directory_iterator files(*this / folder);
        return static_cast<size_t>(std::distance(begin(files), end(files)));
    }

private:
    std::string path_;
};

}  // namespace test
