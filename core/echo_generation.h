#pragma once

#include <memory>
#include <string>

#include "core/backend.h"
#include "core/echo_script.h"
#include "core/echo_words.h"
#include "json/text.h"
#include "net/timer_wheel.h"

namespace core {

// The bytes of `text`, and no more.
std::unique_ptr<char[]> copy_of(std::string_view text);

// EchoGeneration is a cursor over the message it repeats. Without a script it neither allocates
// nor waits, so it is also the reference for tests and measurements.
class EchoGeneration final : public Generation {
public:
    struct ToolCall {
        std::string name;
        std::string id;
    };

    struct Reply {
        json::JsonText text;             // valid until set_aside()
        std::unique_ptr<char[]> owned;   // what `text` points to, when it had to be made
        std::unique_ptr<ToolCall> tool;  // `text` is the arguments of this call
        uint32_t prompt_tokens = 1;
        bool in_one_piece = false;  // nobody needs the words apart
    };

    // `clock` must outlive it.
    EchoGeneration(const net::TimerWheel& clock, const EchoCourse& course, Reply&& reply);

    Next next(json::Delta& out) override;
    size_t more_text(std::span<json::JsonText> out) override;
    net::TimePoint deadline() const override;
    const Failure& failure() const override { return *failure_; }
    json::Usage usage() const override;
    void set_aside() override;

private:
    enum class Stage : uint8_t { begin, reasoning, call, arguments, text, finish, end };

    Next begin(json::Delta& out);
    Next token(json::Delta& out, json::Delta::Kind kind);
    // Whether the message begins again at its end, since the script counts this stage's tokens.
    bool is_repeated() const {
        return stage_ == Stage::text && course_.tokens != EchoCourse::never &&
               !words_.text().empty();
    }
    json::JsonText begin_again();
    // Whether the next token's time has come.
    bool is_due() const { return clock_.now() >= due(); }
    net::TimePoint due() const;
    // What the script says at its next border: nothing (Next::delta), or something else.
    Next checkpoint();
    void find_checkpoint();
    void enter(Stage stage);
    void leave_stage();
    Next fail(uint16_t status, const char* message);

    const net::TimerWheel& clock_;
    std::unique_ptr<char[]> owned_;
    std::unique_ptr<Failure> failure_;
    std::unique_ptr<ToolCall> tool_;
    EchoWords words_;  // of the text, what this stage has still to say
    net::TimePoint begun_;
    const EchoCourse course_;
    uint32_t prompt_tokens_;
    uint32_t emitted_ = 0;
    uint32_t stage_begin_ = 0;  // `emitted_` when the stage was entered
    uint32_t checkpoint_ = 0;   // the token count at which the script has something to say
    Stage stage_ = Stage::begin;
    bool is_paced_;
    bool is_stalled_ = false;
    bool in_one_piece_;
};

}  // namespace core
