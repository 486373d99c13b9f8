#pragma once

#include <simdjson.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// Says whether a body would pass Amazon Q's validation, judging by what the service is known to
// refuse. It knows nothing of the code that makes bodies: it reads the finished text with another
// parser (simdjson's DOM) and looks for what must not be there.
//
//   R1  user and assistant take turns, a user's first and, as currentMessage, last
//   R4  a tool result has a status and content that is not empty
//   R5  every tool call is answered in the very next turn, and nothing else is; ids are unique
//   R6  content is never empty
//   R7  tools used in the history are declared
//   R8  tools have unique, legal names, a description, and an object's schema
//   R9  there is a current message
//   R10 the input of a call is an object
//   R11 sizes are limited
namespace test {

class AmazonQRules {
public:
    // Empty: the body passes. Else what is wrong with it.
    std::string check(std::string_view body) {
        fault_.clear();
        ids_.clear();
        used_.clear();
        open_.clear();
        images_ = 0;
        Element root;
        const auto error = parser_.parse(body.data(), body.size()).get(root);
        // Numbers too large for this parser are legal, and only in what clients wrote themselves.
        if (error == simdjson::NUMBER_ERROR || error == simdjson::BIGINT_ERROR) return "";
        if (error != simdjson::SUCCESS) return "it is not JSON";
        check_state(root["conversationState"]);
        return fault_;
    }

private:
    using Element = simdjson::dom::element;
    using Result = simdjson::simdjson_result<Element>;

    bool expect(bool holds, const std::string& what) {
        if (!holds && fault_.empty()) fault_ = what;
        return holds;
    }

    static std::string_view text(Result value) {
        std::string_view out;
        return value.get(out) == simdjson::SUCCESS ? out : std::string_view();
    }

    static std::vector<Element> list(Result value) {
        std::vector<Element> out;
        simdjson::dom::array array;
        if (value.get(array) == simdjson::SUCCESS) out.assign(array.begin(), array.end());
        return out;
    }

    static bool has(Element object, std::string_view key) {
        return object[key].error() == simdjson::SUCCESS;
    }

    static bool is_blank(std::string_view text) {
        return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
    }

    void check_state(Result state) {
        expect(text(state["chatTriggerType"]) == "MANUAL", "chatTriggerType must be MANUAL");
        const std::vector<Element> history = list(state["history"]);
        expect(state["history"].error() != simdjson::SUCCESS || !history.empty(),
               "an empty history must be left out");
        expect(history.size() % 2 == 0, "R1: the history must end with an assistant's message");
        expect(history.size() <= 10'000, "R11: the history is too long");
        for (size_t i = 0; i < history.size(); ++i) check_turn(history[i], i % 2 == 0);
        Element current;
        if (!expect(state["currentMessage"].get(current) == simdjson::SUCCESS, "R9: no message")) {
            return;
        }
        check_turn(current, true);
        expect(images_ <= 10, "too many images");
        check_tools(list(current["userInputMessage"]["userInputMessageContext"]["tools"]));
    }

    void check_turn(Element turn, bool is_user) {
        simdjson::dom::object members;
        if (!expect(turn.get(members) == simdjson::SUCCESS && members.size() == 1,
                    "a ChatMessage has exactly one member")) {
            return;
        }
        Element message;
        const std::string_view key = is_user ? "userInputMessage" : "assistantResponseMessage";
        if (!expect(turn[key].get(message) == simdjson::SUCCESS,
                    "R1: user and assistant must take turns")) {
            return;
        }
        const std::string_view content = text(message["content"]);
        expect(!content.empty(), "R6: content must not be empty");
        if (is_user) {
            expect(!is_blank(content), "R6: a user's content must not be blank");
            expect(content.size() <= 4 * 600'000, "R11: the message is too long");
            expect(!text(message["origin"]).empty(), "a user's message needs an origin");
            check_images(list(message["images"]));
            check_results(message);
        } else {
            check_calls(list(message["toolUses"]));
        }
    }

    void check_images(const std::vector<Element>& images) {
        const std::set<std::string_view> formats = {"png", "jpeg", "gif", "webp"};
        images_ += images.size();
        for (const Element image : images) {
            expect(formats.contains(text(image["format"])), "an image has an unknown format");
            const std::string_view bytes = text(image["source"]["bytes"]);
            const size_t digits = bytes.find_first_not_of(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
            expect(!bytes.empty() && bytes.size() % 4 == 0, "an image is not base64");
            expect(digits == std::string_view::npos || bytes.substr(digits) == "=" ||
                       bytes.substr(digits) == "==",
                   "an image is not base64");
        }
    }

    void check_calls(const std::vector<Element>& calls) {
        for (const Element call : calls) {
            const std::string id(text(call["toolUseId"]));
            expect(!id.empty() && id.size() <= 64, "R5: a call needs an id");
            expect(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789_-") == std::string::npos,
                   "R5: an id has a character the service refuses");
            expect(ids_.insert(id).second, "R5: two calls have the same id");
            expect(call["input"].is_object(), "R10: the input must be an object");
            used_.insert(std::string(text(call["name"])));
            open_.insert(id);
        }
    }

    void check_results(Element message) {
        Element context;
        std::vector<Element> results;
        if (message["userInputMessageContext"].get(context) == simdjson::SUCCESS) {
            results = list(context["toolResults"]);
            expect(!has(context, "toolResults") || !results.empty(), "R4: no empty toolResults");
        }
        for (const Element result : results) {
            const std::string id(text(result["toolUseId"]));
            expect(open_.erase(id) == 1, "R5: a result has no call in the turn before");
            const std::string_view status = text(result["status"]);
            expect(status == "success" || status == "error", "R4: a result has no status");
            const std::vector<Element> blocks = list(result["content"]);
            expect(!blocks.empty(), "R4: a result has no content");
            size_t size = 0;
            for (const Element block : blocks) {
                expect(!text(block["text"]).empty(), "R4: a result has an empty text");
                size += text(block["text"]).size();
            }
            expect(size <= 800'000, "R11: a result is too long");
        }
        expect(open_.empty(), "R5: a call has no result in the next turn");
        open_.clear();
    }

    void check_tools(const std::vector<Element>& tools) {
        std::set<std::string> names;
        for (const Element tool : tools) {
            const Result specification = tool["toolSpecification"];
            const std::string name(text(specification["name"]));
            expect(!name.empty() && name.size() <= 64, "R8: a tool's name is empty or too long");
            expect(!name.empty() && ((name[0] | 0x20) >= 'a' && (name[0] | 0x20) <= 'z'),
                   "R8: a tool's name begins with no letter");
            expect(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                          "0123456789_-") == std::string::npos,
                   "R8: a tool's name has a character the service refuses");
            expect(names.insert(name).second, "R8: two tools have the same name");
            const std::string_view description = text(specification["description"]);
            expect(!is_blank(description), "R8: a tool has no description");
            expect(description.size() <= 10'004, "R8: a tool's description is too long");
            check_schema(specification["inputSchema"]["json"]);
        }
        for (const std::string& name : used_) {
            expect(names.contains(name), "R7: the history uses a tool that is not declared");
        }
    }

    void check_schema(Result schema) {
        expect(schema.is_object(), "R8: a schema must be an object");
        expect(text(schema["type"]) == "object", "R8: a schema's type must be object");
        expect(schema["properties"].is_object(), "R8: a schema's properties must be an object");
        simdjson::dom::array required;
        if (schema["required"].get(required) == simdjson::SUCCESS) {
            expect(required.size() > 0, "R8: required must not be empty");
        } else {
            expect(schema["required"].error() != simdjson::SUCCESS, "R8: required must be a list");
        }
    }

    simdjson::dom::parser parser_;
    std::string fault_;
    std::set<std::string> ids_, used_, open_;
    size_t images_ = 0;
};

}  // namespace test
