#include "core/metrics.h"

#include <initializer_list>

namespace core {
namespace {

using Workers = std::span<const WorkerCounters* const>;

constexpr std::array<std::string_view, route_count> route_names = {"/v1/chat/completions",
                                                                   "/v1/models",
                                                                   "/v1/models/{id}",
                                                                   "/health",
                                                                   "/metrics",
                                                                   "OPTIONS",
                                                                   "other"};

constexpr std::array<std::string_view, Metrics::kind_count> kind_names = {
    "refused", "bad_request", "unauthorized", "backend", "mid_stream"};

// Writes one metric after the other.
class Page {
public:
    Page(Workers workers, std::string_view backend, std::string& out)
        : workers_(workers), backend_(backend), out_(out) {}

    void head(std::string_view name, std::string_view type, std::string_view help) {
        append({"# HELP amazon_q_server_", name, " ", help, "\n# TYPE amazon_q_server_", name, " ",
                type, "\n"});
    }

    // `labels` without braces, each with a comma before it.
    void value(std::string_view name, std::string_view labels, uint64_t number) {
        append({"amazon_q_server_", name, "{backend=\"", backend_, "\"", labels, "} "});
        append({std::to_string(number), "\n"});
    }

    template <class Read>
    uint64_t sum(Read read) const {
        uint64_t total = 0;
        for (const WorkerCounters* worker : workers_) total += read(*worker).value();
        return total;
    }

    template <class Read>
    void one(std::string_view name, std::string_view type, std::string_view help, Read read) {
        head(name, type, help);
        value(name, "", sum(read));
    }

    template <class Read>
    void histogram(std::string_view name, std::string_view help, Read read) {
        head(name, "histogram", help);
        const std::string bucket = std::string(name) + "_bucket";
        uint64_t count = 0;
        uint64_t nanoseconds = 0;
        for (size_t i = 0; i <= Histogram::bounds.size(); ++i) {
            for (const WorkerCounters* worker : workers_) count += read(*worker).count(i);
            const bool is_last = i == Histogram::bounds.size();
            const std::string_view bound = is_last ? "+Inf" : Histogram::bounds[i].seconds;
            value(bucket, ",le=\"" + std::string(bound) + "\"", count);
        }
        for (const WorkerCounters* worker : workers_)
            nanoseconds += read(*worker).sum_nanoseconds();
        const std::string fraction = std::to_string(nanoseconds % 1'000'000'000 + 1'000'000'000);
        append({"amazon_q_server_", name, "_sum{backend=\"", backend_, "\"} "});
        append({std::to_string(nanoseconds / 1'000'000'000), ".", fraction.substr(1), "\n"});
        value(std::string(name) + "_count", "", count);
    }

private:
    void append(std::initializer_list<std::string_view> pieces) {
        for (const std::string_view piece : pieces) out_ += piece;
    }

    Workers workers_;
    std::string_view backend_;
    std::string& out_;
};

void write_responses(Page& page) {
    page.head("requests_total", "counter", "Responses begun, by route and status.");
    for (size_t route = 0; route < route_count; ++route) {
        for (size_t status = 0; status < Metrics::statuses.size(); ++status) {
            const uint64_t count = page.sum([&](const WorkerCounters& worker) -> auto& {
                return worker.core.responses[route][status];
            });
            if (count == 0) continue;
            const uint16_t code = Metrics::statuses[status];
            page.value("requests_total",
                       ",route=\"" + std::string(route_names[route]) + "\",status=\"" +
                           (code == 0 ? "other" : std::to_string(code)) + "\"",
                       count);
        }
    }
}

void write_errors(Page& page) {
    page.head("errors_total", "counter", "Requests that failed, by kind.");
    for (size_t kind = 0; kind < Metrics::kind_count; ++kind) {
        page.value("errors_total", ",kind=\"" + std::string(kind_names[kind]) + "\"",
                   page.sum([&](const WorkerCounters& worker) -> auto& {
                       return worker.core.errors[kind];
                   }));
    }
}

void write_connections(Page& page) {
    using Worker = const WorkerCounters&;
    page.one(
        "connections_open", "gauge", "Client connections open now.",
        [](Worker w) -> auto& { return w.net.connections_open; });
    page.one(
        "connections_accepted_total", "counter", "Client connections accepted.",
        [](Worker w) -> auto& { return w.net.connections_accepted; });
    page.one(
        "connections_shed_total", "counter", "Client connections closed for want of room.",
        [](Worker w) -> auto& { return w.net.connections_shed; });
    page.one(
        "accept_errors_total", "counter", "Times accept() failed.",
        [](Worker w) -> auto& { return w.net.accept_errors; });
    page.one(
        "received_bytes_total", "counter", "Bytes received from clients.",
        [](Worker w) -> auto& { return w.net.bytes_received; });
    page.one(
        "sent_bytes_total", "counter", "Bytes sent to clients.",
        [](Worker w) -> auto& { return w.net.bytes_sent; });
    page.one(
        "requests_refused_total", "counter",
        "Requests refused as malformed or over a limit; by status in requests_total.",
        [](Worker w) -> auto& { return w.net.requests_refused; });
    page.one(
        "requests_cut_total", "counter", "Clients that left before their request was whole.",
        [](Worker w) -> auto& { return w.net.requests_cut; });
    page.one(
        "clients_gone_total", "counter", "Clients that left before their answer was complete.",
        [](Worker w) -> auto& { return w.net.clients_gone; });
    page.head("timeouts_total", "counter", "Connections that ran into a timeout, by kind.");
    page.value("timeouts_total", ",kind=\"head\"",
               page.sum([](Worker w) -> auto& { return w.net.head_timeouts; }));
    page.value("timeouts_total", ",kind=\"body\"",
               page.sum([](Worker w) -> auto& { return w.net.body_timeouts; }));
    page.value("timeouts_total", ",kind=\"idle\"",
               page.sum([](Worker w) -> auto& { return w.net.idle_timeouts; }));
    page.value("timeouts_total", ",kind=\"write_stall\"",
               page.sum([](Worker w) -> auto& { return w.net.write_stalls; }));
}

void write_streams(Page& page) {
    using Worker = const WorkerCounters&;
    page.one(
        "streams_in_progress", "gauge", "Streamed answers in progress now.",
        [](Worker w) -> auto& { return w.core.streams_open; });
    page.one(
        "streams_total", "counter", "Streamed answers begun.",
        [](Worker w) -> auto& { return w.core.streams; });
    page.one(
        "frames_total", "counter", "Server-sent events written.",
        [](Worker w) -> auto& { return w.core.frames; });
    page.one(
        "prompt_tokens_total", "counter", "Prompt tokens of finished answers.",
        [](Worker w) -> auto& { return w.core.prompt_tokens; });
    page.one(
        "completion_tokens_total", "counter", "Completion tokens of finished answers.",
        [](Worker w) -> auto& { return w.core.completion_tokens; });
    page.histogram(
        "time_to_first_token_seconds",
        "From the request to its first token, in steps of a loop's turn.",
        [](Worker w) -> auto& { return w.core.first_token; });
    page.histogram(
        "request_duration_seconds",
        "From the request to its whole answer, in steps of a loop's turn.",
        [](Worker w) -> auto& { return w.core.duration; });
}

}  // namespace

void write_metrics(Workers workers, std::string_view backend, std::string& out) {
    Page page(workers, backend, out);
    write_responses(page);
    write_errors(page);
    write_connections(page);
    write_streams(page);
}

}  // namespace core
