// Any request that can be decoded gives an error, or a body that the service would accept.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "amazon_q_rules.h"
#include "json/amazon_q_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static json::ChatDecoder decoder(json::ChatDecoder::Limits{});
    static json::ChatRequest request;
    static json::AmazonQSettings settings;
    settings.reasoning = true;
    static json::AmazonQRequestWriter writer(settings, json::AmazonQRequestWriter::Limits{});
    std::string body(reinterpret_cast<const char*>(data), size);
    body.append(json::ChatDecoder::padding_bytes, ' ');
    json::DecodeError error;
    request.clear();
    if (!decoder.decode(std::string_view(body).substr(0, size), request, error)) return 0;
    json::ToolNames names;
    std::string out;
    error = {};
    if (!writer.write(request, "model", "", names, out, error)) {
        if (error.message.empty() || !out.empty()) std::abort();
        return 0;
    }
    const std::string fault = test::AmazonQRules().check(out);
    if (!fault.empty()) {
        std::fprintf(stderr, "%s\n%s\n", fault.c_str(), out.c_str());
        std::abort();
    }
    for (const json::Tool& tool : request.tools) {
        std::string sent, asked, back;
        tool.name.unescape(asked);
        const std::string name(names.to_service(tool.name));
        names.to_client(json::JsonText::trusted(name)).unescape(back);
        if (asked != back) std::abort();
    }
    return 0;
}
