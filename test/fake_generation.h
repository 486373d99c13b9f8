#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/backend.h"

namespace test {

// What became of the fake generations of a test.
struct FakeRecord {
    int alive = 0;
    int set_aside = 0;
    int complaints = 0;  // calls that the contract does not allow
};

// FakeGeneration follows a script. Its slices die at the next call, visibly.
class FakeGeneration final : public core::Generation {
public:
    struct Item {
        core::Next next = core::Next::delta;
        json::Delta::Kind kind = json::Delta::Kind::text;
        std::string text = {};
        uint32_t tokens = 0;
        json::Finish finish = json::Finish::stop;
        net::TimePoint deadline = net::TimePoint::max();  // of a wait
        core::Failure failure = {};
    };
    using Script = std::vector<Item>;

    FakeGeneration(Script script, FakeRecord& record, json::Usage usage = {})
        : script_(std::move(script)), record_(record), usage_(usage) {
        ++record_.alive;
    }
    ~FakeGeneration() override { --record_.alive; }

    core::Next next(json::Delta& out) override {
        scribble();
        if (last_ == core::Next::end || last_ == core::Next::failed) ++record_.complaints;
        if (at_ == script_.size()) return last_ = core::Next::end;
        Item& item = script_[at_++];
        last_ = item.next;
        deadline_ = item.deadline;
        if (last_ == core::Next::failed) failure_ = item.failure;
        if (last_ != core::Next::delta) return last_;
        text_ = item.text;
        out.kind = kind_ = item.kind;
        out.tool_index = 0;
        out.tokens = item.tokens;
        out.finish = item.finish;
        out.text = out.tool_name = out.tool_id = {};
        if (item.kind == json::Delta::Kind::tool_call) {
            out.tool_name = out.tool_id = json::JsonText::trusted(text_);
        } else {
            out.text = json::JsonText::trusted(text_);
        }
        return last_;
    }
    size_t more_text(std::span<json::JsonText> out) override {
        if (last_ != core::Next::delta || kind_ != json::Delta::Kind::text) ++record_.complaints;
        scribble();
        size_t count = 0;
        for (; count < out.size() && at_ < script_.size() && is_plain(script_[at_]); ++count) {
            out[count] = json::JsonText::trusted(script_[at_++].text);
        }
        return count;
    }
    net::TimePoint deadline() const override {
        if (last_ != core::Next::wait) ++record_.complaints;
        return deadline_;
    }
    const core::Failure& failure() const override {
        if (last_ != core::Next::failed) ++record_.complaints;
        return failure_;
    }
    json::Usage usage() const override { return usage_; }
    void set_aside() override {
        if (std::exchange(is_aside_, true)) ++record_.complaints;
        ++record_.set_aside;
    }

private:
    static bool is_plain(const Item& item) {
        return item.next == core::Next::delta && item.kind == json::Delta::Kind::text &&
               !item.text.empty();
    }
    void scribble() {
        for (char& c : text_) c = '#';
    }

    Script script_;
    FakeRecord& record_;
    const json::Usage usage_;
    core::Failure failure_;
    std::string text_;
    net::TimePoint deadline_ = net::TimePoint::max();
    core::Next last_ = core::Next::delta;
    json::Delta::Kind kind_ = json::Delta::Kind::begin;  // of the last delta
    size_t at_ = 0;
    bool is_aside_ = false;
};

inline FakeGeneration::Item begin() {
    return {core::Next::delta, json::Delta::Kind::begin};
}
inline FakeGeneration::Item text(std::string piece, uint32_t tokens = 0) {
    return {core::Next::delta, json::Delta::Kind::text, std::move(piece), tokens};
}
inline FakeGeneration::Item reasoning(std::string piece, uint32_t tokens = 0) {
    return {core::Next::delta, json::Delta::Kind::reasoning, std::move(piece), tokens};
}
inline FakeGeneration::Item tool_call(std::string name) {
    return {core::Next::delta, json::Delta::Kind::tool_call, std::move(name)};
}
inline FakeGeneration::Item tool_arguments(std::string piece) {
    return {core::Next::delta, json::Delta::Kind::tool_arguments, std::move(piece)};
}
inline FakeGeneration::Item finish(json::Finish reason = json::Finish::stop) {
    return {core::Next::delta, json::Delta::Kind::finish, {}, 0, reason};
}
inline FakeGeneration::Item wait(net::TimePoint deadline = net::TimePoint::max()) {
    return {core::Next::wait, {}, {}, 0, {}, deadline};
}
inline FakeGeneration::Item fail(uint16_t status, std::string message) {
    FakeGeneration::Item item;
    item.next = core::Next::failed;
    item.failure = core::failure_for_status(status, std::move(message));
    return item;
}

}  // namespace test
