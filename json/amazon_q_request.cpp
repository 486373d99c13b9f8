#include "json/amazon_q_request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "json/lone_surrogates.h"

namespace json {
namespace {

// The service refuses empty content in most places. None of these reads like an instruction.
constexpr JsonText no_text = JsonText::trusted("(no text)");
constexpr JsonText only_images = JsonText::trusted("(image)");
constexpr JsonText only_results = JsonText::trusted("(tool results)");
constexpr JsonText only_calls = JsonText::trusted(" ");  // a model would imitate any word

constexpr std::string_view cancelled = "Tool use was cancelled by the user";
constexpr std::string_view no_output = "(no output)";
constexpr std::string_view cut_note = "(the rest of this result was left out: it is too long)";

constexpr std::string_view no_tools = "Do not call any tool in this answer.";
constexpr std::string_view some_tool = "Call at least one tool in this answer.";
constexpr std::string_view one_tool = "Call at most one tool in this answer.";
constexpr std::string_view json_only =
    "Answer with one JSON object and nothing else: no text around it and no code fence.";
constexpr std::string_view json_of_schema =
    "Answer with one JSON object and nothing else: no text around it and no code fence. It must "
    "conform to this JSON Schema:\n";

void write_member(std::string_view key, std::string_view plain, std::string& out) {
    out.append(",\"").append(key).append("\":\"");
    escape(plain, out);
    out += '"';
}

void write_block(std::string_view escaped, std::string& out) {
    if (out.back() != '[') out += ',';
    out.append(R"({"text":")").append(escaped).append(R"("})");
}

// A member behind others.
std::string member(std::string_view key, std::string_view plain) {
    std::string out;
    write_member(key, plain, out);
    return out;
}

bool is_text(const Part& part) {
    return part.kind == Part::Kind::text || part.kind == Part::Kind::refusal;
}

}  // namespace

AmazonQRequestWriter::AmazonQRequestWriter(const AmazonQSettings& settings, Limits limits)
    : origin_(member("origin", settings.origin)),
      sends_reasoning_(settings.reasoning),
      result_bytes_max_(limits.result_bytes_max),
      history_(limits.history),
      tools_(limits.depth_max),
      decoder_(ChatDecoder::Limits{.depth_max = limits.depth_max}) {
    if (settings.operation == AmazonQSettings::Operation::send_message) {
        source_ = member("source", settings.source);
    }
}

bool AmazonQRequestWriter::write(const ChatRequest& request, std::string_view model_id,
                                 std::string_view conversation_id, ToolNames& names,
                                 std::string& out, DecodeError& error) {
    names.clear();
    history_.clear();
    image_bytes_ = 0;
    const Job job{request, model_id, conversation_id, names};
    tools_.begin(request, names, history_);
    if (!history_.add(request, names, error)) return false;
    if (!add_instructions(job, error)) return false;
    if (!history_.close(error)) return false;
    const size_t begin = out.size();
    write_body(job, out);
    replace_lone_surrogates(out, begin);  // the service could not store them
    prompt_bytes_ = out.size() - begin - image_bytes_;
    return true;
}

bool AmazonQRequestWriter::add_instructions(const Job& job, DecodeError& error) {
    const auto add = [this](std::string_view text) { history_.add_user_text(history_.keep(text)); };
    const ChatRequest& request = job.request;
    const bool has_tools = !request.tools.empty();
    switch (request.tool_choice.kind) {
        case ToolChoice::Kind::none:
            if (has_tools || !history_.calls().empty()) add(no_tools);
            break;
        case ToolChoice::Kind::required:
            if (has_tools) add(some_tool);
            break;
        case ToolChoice::Kind::function: {
            const std::string_view name = job.names.to_service(request.tool_choice.name);
            const auto is_it = [&](const Tool& tool) {
                return job.names.to_service(tool.name) == name;
            };
            if (std::none_of(request.tools.begin(), request.tools.end(), is_it)) {
                error = {"Invalid 'tool_choice': the function it names is not in 'tools'.",
                         "tool_choice", "invalid_value"};
                return false;
            }
            add("Call the tool " + std::string(name) + " in this answer.");
            break;
        }
        case ToolChoice::Kind::automatic:
        case ToolChoice::Kind::other:
            break;
    }
    if (has_tools && !request.parallel_tool_calls.value_or(true)) add(one_tool);
    const ResponseFormat& format = request.response_format;
    if (format.kind == ResponseFormat::Kind::text) return true;
    if (format.schema.empty()) {
        add(json_only);
    } else {
        add(std::string(json_of_schema).append(format.schema));
    }
    return true;
}

// A good guess at the size of the body, not below it but in odd cases.
size_t AmazonQRequestWriter::bytes_expected(const Job& job) const {
    constexpr size_t fixed_bytes = 384, turn_bytes = 160, call_bytes = 160;
    return fixed_bytes + job.model_id.size() + history_.bytes() + tools_.bytes() +
           history_.turns().size() * turn_bytes + history_.calls().size() * call_bytes;
}

void AmazonQRequestWriter::write_body(const Job& job, std::string& out) {
    const auto turns = history_.turns();
    out.reserve(out.size() + bytes_expected(job));
    out += R"({"conversationState":{"chatTriggerType":"MANUAL")";
    if (!job.conversation_id.empty()) {
        out.append(R"(,"conversationId":")").append(job.conversation_id) += '"';
    }
    if (turns.size() > 1) {
        out += R"(,"history":[)";
        for (size_t i = 0; i + 1 < turns.size(); ++i) {
            if (i > 0) out += ',';
            if (turns[i].is_user) {
                write_user(job, i, out);
            } else {
                write_assistant(turns[i], out);
            }
        }
        out += ']';
    }
    out += R"(,"currentMessage":)";
    write_user(job, turns.size() - 1, out);
    out.append("}").append(source_);
    if (sends_reasoning_) write_reasoning(job.request, out);
    out += '}';
}

void AmazonQRequestWriter::write_user(const Job& job, size_t turn_index, std::string& out) {
    const Turn& turn = history_.turns()[turn_index];
    const bool is_last = turn_index + 1 == history_.turns().size();
    const bool has_images = !history_.images_of(turn).empty();
    const Turn* const calls = calls_before(turn_index);
    out += R"({"userInputMessage":{"content":")";
    write_texts(turn, calls != nullptr ? only_results : has_images ? only_images : no_text, out);
    out.append("\"").append(origin_);
    if (is_last && !job.model_id.empty()) write_member("modelId", job.model_id, out);
    if (has_images) write_images(turn, out);
    write_context(job, calls, is_last, out);
    out += "}}";
}

// The turn whose calls this user's turn brings the results of, or null.
const AmazonQRequestWriter::Turn* AmazonQRequestWriter::calls_before(size_t turn_index) const {
    if (turn_index == 0) return nullptr;
    const Turn& before = history_.turns()[turn_index - 1];
    return history_.calls_of(before).empty() ? nullptr : &before;
}

void AmazonQRequestWriter::write_context(const Job& job, const Turn* calls, bool is_last,
                                         std::string& out) {
    const bool has_tools = is_last && AmazonQTools::are_any(job.request, history_);
    if (calls == nullptr && !has_tools) return;
    out += R"(,"userInputMessageContext":{)";
    if (calls != nullptr) write_results(job, *calls, out);
    if (calls != nullptr && has_tools) out += ',';
    if (has_tools) tools_.write(job.request, history_, out);
    out += '}';
}

void AmazonQRequestWriter::write_assistant(const Turn& turn, std::string& out) {
    out += R"({"assistantResponseMessage":{"content":")";
    write_texts(turn, only_calls, out);
    out += '"';
    const auto calls = history_.calls_of(turn);
    if (!calls.empty()) out += R"(,"toolUses":[)";
    for (const AmazonQHistory::Call& call : calls) {
        if (out.back() != '[') out += ',';
        out.append(R"({"toolUseId":")").append(call.given_id.view());
        out.append(R"(","name":")").append(call.name).append(R"(","input":)");
        write_arguments(call.arguments, out);
        out += '}';
    }
    if (!calls.empty()) out += ']';
    out += "}}";
}

void AmazonQRequestWriter::write_texts(const Turn& turn, JsonText filler, std::string& out) {
    const auto texts = history_.texts_of(turn);
    if (texts.empty()) out += filler.view();
    for (size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) out += R"(\n\n)";
        out += texts[i].view();
    }
}

void AmazonQRequestWriter::write_images(const Turn& turn, std::string& out) {
    out += R"(,"images":[)";
    for (const AmazonQHistory::Image& image : history_.images_of(turn)) {
        if (out.back() != '[') out += ',';
        out.append(R"({"format":")").append(image.format);
        out.append(R"(","source":{"bytes":")").append(image.base64.view()).append(R"("}})");
        image_bytes_ += image.base64.size();
    }
    out += ']';
}

void AmazonQRequestWriter::write_results(const Job& job, const Turn& calls, std::string& out) {
    out += R"("toolResults":[)";
    for (const AmazonQHistory::Call& call : history_.calls_of(calls)) {
        if (out.back() != '[') out += ',';
        out.append(R"({"toolUseId":")").append(call.given_id.view()).append(R"(","content":[)");
        if (call.result == nullptr) {
            write_block(cancelled, out);
        } else {
            write_result(job.request, *call.result, out);
        }
        out += call.result == nullptr ? R"(],"status":"error"})" : R"(],"status":"success"})";
    }
    out += ']';
}

void AmazonQRequestWriter::write_result(const ChatRequest& request, const Message& message,
                                        std::string& out) {
    size_t room = result_bytes_max_;
    for (const Part& part : request.parts_of(message)) {
        if (!is_text(part) || is_blank(part.text)) continue;
        const JsonText kept = room == 0 ? JsonText() : part.text.cut(room);
        if (!kept.empty()) write_block(kept.view(), out);
        if (kept.size() < part.text.size()) {
            write_block(cut_note, out);
            return;
        }
        room -= std::min(room, kept.size());
    }
    if (out.back() == '[') write_block(no_output, out);
}

// Arguments are a JSON text inside a JSON string, the service wants the value. What is not an
// object (a model may have written anything) is kept as text.
void AmazonQRequestWriter::write_arguments(JsonText arguments, std::string& out) {
    if (is_blank(arguments)) {
        out += "{}";
        return;
    }
    scratch_.clear();
    arguments.unescape(scratch_);
    if (decoder_.is_object(scratch_)) {
        out += scratch_;
    } else {
        out.append(R"({"raw_arguments":")").append(arguments.view()).append(R"("})");
    }
}

void AmazonQRequestWriter::write_reasoning(const ChatRequest& request, std::string& out) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> efforts = {{
        {"minimal", "low"},
        {"low", "low"},
        {"medium", "medium"},
        {"high", "high"},
        {"xhigh", "xhigh"},
        {"max", "max"},
    }};
    for (const auto& [asked, effort] : efforts) {
        if (request.reasoning_effort.view() != asked) continue;
        out.append(R"(,"additionalModelRequestFields":{"output_config":{"effort":")")
            .append(effort);
        out += R"("},"thinking":{"type":"adaptive","display":"summarized"}})";
    }
}

std::string end_with_profile(std::string_view profile_arn) {
    return (profile_arn.empty() ? std::string() : member("profileArn", profile_arn)) + '}';
}

}  // namespace json
