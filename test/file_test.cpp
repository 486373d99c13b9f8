#include "net/file.h"

#include <doctest.h>

#include <filesystem>
#include <string>

#include "net/command.h"
#include "temporary_folder.h"

using net::FileText;
using test::TemporaryFolder;

TEST_CASE("read_file tells what is there from what is not") {
    const TemporaryFolder folder;
    folder.write("plain", "text");
    folder.write("empty", "");
    CHECK(net::read_file(folder / "plain", 4).text == "text");
    CHECK(net::read_file(folder / "empty", 4).state == FileText::State::ok);
    CHECK(net::read_file(folder / "missing", 4).state == FileText::State::missing);
    CHECK(net::read_file(folder / "plain/below", 4).state == FileText::State::missing);

    const FileText too_long = net::read_file(folder / "plain", 3);
    CHECK(too_long.state == FileText::State::failed);
    CHECK(too_long.problem.find("too long") != std::string::npos);
    CHECK(net::read_file(folder / "", 4).state == FileText::State::failed);
    CHECK(net::is_file(folder / "plain"));
    CHECK(!net::is_file(folder / ""));
}

TEST_CASE("read_file does not wait for a pipe's writer") {
    const TemporaryFolder folder;
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(net::read_file(folder / "pipe", 4).state == FileText::State::failed);
}

TEST_CASE("write_private_file makes folders and replaces the file at once, for its owner only") {
    const TemporaryFolder folder;
    CHECK(net::write_private_file(folder / "a/b/file", "one").empty());
    CHECK(folder.read("a/b/file") == "one");
    CHECK(folder.mode("a/b/file") == 0600);
    CHECK(folder.mode("a") == 0700);
    CHECK(folder.mode("a/b") == 0700);

    std::filesystem::permissions(folder / "a/b/file", std::filesystem::perms(0644));
    std::filesystem::create_hard_link(folder / "a/b/file", folder / "old");
    CHECK(net::write_private_file(folder / "a/b/file", "two").empty());
    CHECK(folder.read("a/b/file") == "two");
    CHECK(folder.mode("a/b/file") == 0600);
    CHECK(folder.read("old") == "one");
    CHECK(folder.count("a/b") == 1);
}

TEST_CASE("write_private_file follows a symbolic link") {
    const TemporaryFolder folder;
    folder.write("real", "one");
    std::filesystem::create_symlink("real", folder / "link");
    CHECK(net::write_private_file(folder / "link", "two").empty());
    CHECK(folder.read("real") == "two");
    CHECK(std::filesystem::is_symlink(folder / "link"));
}

TEST_CASE("write_private_file says what went wrong and leaves nothing") {
    const TemporaryFolder folder;
    folder.write("plain", "");
    CHECK(!net::write_private_file(folder / "plain/file", "x").empty());
    std::filesystem::create_directories(folder / "taken/full");
    CHECK(!net::write_private_file(folder / "taken", "x").empty());
    CHECK(folder.count() == 2);
}

TEST_CASE("remove_file does not mind a missing file") {
    const TemporaryFolder folder;
    folder.write("file", "");
    CHECK(net::remove_file(folder / "file").empty());
    CHECK(!folder.has("file"));
    CHECK(net::remove_file(folder / "file").empty());
    CHECK(!net::remove_file(folder / "").empty());
}

TEST_CASE("run_command reads what a program writes") {
    using std::chrono::milliseconds;
    const std::string words[] = {"printf", "%s|", "a b", "$HOME", "*"};
    const net::CommandOutput output = net::run_command(words, milliseconds(5'000), 100);
    CHECK(output.is_whole);
    CHECK(output.text == "a b|$HOME|*|");

    const std::string input[] = {"cat"};
    CHECK(net::run_command(input, milliseconds(5'000), 100).is_whole);
}

TEST_CASE("run_command waits neither for ever nor for too much") {
    using std::chrono::milliseconds;
    const std::string none[] = {"no-such-program-of-ours"};
    CHECK(!net::run_command(none, milliseconds(1'000), 100).is_whole);
    const auto begin = std::chrono::steady_clock::now();
    const std::string slow[] = {"sleep", "10"};
    CHECK(!net::run_command(slow, milliseconds(50), 100).is_whole);
    const std::string endless[] = {"yes"};
    CHECK(!net::run_command(endless, milliseconds(5'000), 100).is_whole);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}
