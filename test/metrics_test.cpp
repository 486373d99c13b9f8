#include "core/metrics.h"

#include <doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

using core::Histogram;
using core::Metrics;
using core::Route;
using core::WorkerCounters;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

namespace {

// A page in Prometheus' text format, read strictly: value by name and labels.
struct Page {
    explicit Page(const std::vector<const WorkerCounters*>& workers) {
        std::string text;
        core::write_metrics(workers, "echo", text);
        REQUIRE(text.ends_with('\n'));
        std::string family, type;
        for (size_t begin = 0; begin < text.size();) {
            const size_t end = text.find('\n', begin);
            const std::string line = text.substr(begin, end - begin);
            begin = end + 1;
            CAPTURE(line);
            if (line.starts_with("# HELP ")) {
                family = word(line, 2);
                CHECK(families.insert(family).second);  // each family once
                CHECK(line.size() > 8 + family.size());
            } else if (line.starts_with("# TYPE ")) {
                CHECK(word(line, 2) == family);
                type = word(line, 3);
                types[family] = type;
                CHECK((type == "counter" || type == "gauge" || type == "histogram"));
            } else {
                read(line, family, type);
            }
        }
    }

    double at(const std::string& series) const {
        CAPTURE(series);
        const std::string name = sorted("amazon_q_server_" + series);
        REQUIRE(values.contains(name));
        return values.at(name);
    }

    std::map<std::string, double> values;
    std::map<std::string, std::string> types;
    std::set<std::string> families;

private:
    static std::string word(const std::string& line, int n) {
        size_t begin = 0;
        for (; n > 0; --n) begin = line.find(' ', begin) + 1;
        return line.substr(begin, line.find(' ', begin) - begin);
    }

    void read(const std::string& line, const std::string& family, const std::string& type) {
        const size_t brace = line.find('{');
        const size_t space = line.find("} ");
        REQUIRE(brace != std::string::npos);
        REQUIRE(space != std::string::npos);
        const std::string name = line.substr(0, brace);
        if (type == "histogram") {
            CHECK((name == family + "_bucket" || name == family + "_sum" ||
                   name == family + "_count"));
        } else {
            CHECK(name == family);
            CHECK((type == "counter") == name.ends_with("_total"));
        }
        size_t used = 0;
        const std::string number = line.substr(space + 2);
        const double value = std::stod(number, &used);
        CHECK(used == number.size());
        CHECK(value >= 0);
        const std::string series = sorted(line.substr(0, space + 1));
        CHECK(series.find("backend=\"echo\"") != std::string::npos);
        CHECK(values.emplace(series, value).second);  // each series once
    }

    // A series with its labels in alphabetical order.
    static std::string sorted(const std::string& series) {
        const size_t brace = series.find('{');
        std::set<std::string> labels;
        for (size_t at = brace + 1; at < series.size();) {
            // name="value", in which no quote stands
            const size_t open = series.find("=\"", at);
            REQUIRE(open != std::string::npos);
            const size_t end = series.find('"', open + 2) + 1;
            CHECK(labels.insert(series.substr(at, end - at)).second);
            CHECK((series[end] == ',' || series[end] == '}'));
            at = end + 1;
        }
        std::string text = series.substr(0, brace);
        for (const std::string& label : labels) text += '|' + label;
        return text;
    }
};

}  // namespace

TEST_CASE("An untouched server has a page that parses") {
    const WorkerCounters none;
    const Page page({&none});
    CHECK(page.at("connections_open{backend=\"echo\"}") == 0);
    CHECK(page.at("request_duration_seconds_count{backend=\"echo\"}") == 0);
    CHECK(page.types.at("amazon_q_server_connections_open") == "gauge");
}

TEST_CASE("The page is the sum of all workers") {
    WorkerCounters a, b;
    a.net.connections_open.add(3);
    b.net.connections_open.add(4);
    a.net.bytes_sent.add(1'000'000'000'000);
    b.net.bytes_sent.add(1);
    a.net.head_timeouts.add(2);
    b.net.write_stalls.add(5);
    a.core.count_response(Route::chat, 200);
    b.core.count_response(Route::chat, 200);
    b.core.count_response(Route::model, 404);
    a.core.count_response(Route::chat, 299);  // none of ours
    b.core.count_error(Metrics::Kind::mid_stream);
    a.core.streams_open.add();
    a.core.completion_tokens.add(42);
    const Page page({&a, &b});
    CHECK(page.at("connections_open{backend=\"echo\"}") == 7);
    CHECK(page.at("sent_bytes_total{backend=\"echo\"}") == 1'000'000'000'001);
    CHECK(page.at("timeouts_total{kind=\"head\",backend=\"echo\"}") == 2);
    CHECK(page.at("timeouts_total{kind=\"write_stall\",backend=\"echo\"}") == 5);
    CHECK(page.at("requests_total{route=\"/v1/chat/completions\",status=\"200\","
                  "backend=\"echo\"}") == 2);
    CHECK(page.at("requests_total{route=\"/v1/chat/completions\",status=\"other\","
                  "backend=\"echo\"}") == 1);
    CHECK(page.at("requests_total{route=\"/v1/models/{id}\",status=\"404\",backend=\"echo\"}") ==
          1);
    CHECK(page.at("errors_total{kind=\"mid_stream\",backend=\"echo\"}") == 1);
    CHECK(page.at("streams_in_progress{backend=\"echo\"}") == 1);
    CHECK(page.at("completion_tokens_total{backend=\"echo\"}") == 42);
}

TEST_CASE("A histogram's buckets are cumulative, and the last one is the count") {
    WorkerCounters a, b;
    const nanoseconds durations[] = {nanoseconds(0),           microseconds(1'000),
                                     microseconds(1'001),      microseconds(2'500),
                                     microseconds(99'999),     microseconds(100'000),
                                     microseconds(100'001),    microseconds(60'000'000),
                                     microseconds(60'000'001), std::chrono::hours(3)};
    double sum = 0;
    int turn = 0;
    for (const nanoseconds duration : durations) {
        (++turn % 2 == 0 ? a : b).core.duration.observe(duration);
        sum += static_cast<double>(duration.count()) / 1e9;
    }
    const Page page({&a, &b});
    double before = 0;
    for (const Histogram::Bound& bound : Histogram::bounds) {
        double expected = 0;
        for (const nanoseconds duration : durations) expected += duration <= bound.duration;
        const double value = page.at("request_duration_seconds_bucket{le=\"" +
                                     std::string(bound.seconds) + "\",backend=\"echo\"}");
        CHECK(value == expected);
        CHECK(value >= before);
        before = value;
        // The label says the same as the number that is compared with.
        CHECK(std::stod(std::string(bound.seconds)) * 1e6 ==
              doctest::Approx(static_cast<double>(bound.duration.count())));
    }
    CHECK(page.at("request_duration_seconds_bucket{le=\"+Inf\",backend=\"echo\"}") == 10);
    CHECK(page.at("request_duration_seconds_count{backend=\"echo\"}") == 10);
    CHECK(page.at("request_duration_seconds_sum{backend=\"echo\"}") == doctest::Approx(sum));
}

TEST_CASE("A sum of seconds keeps its zeros") {
    WorkerCounters worker;
    worker.core.first_token.observe(nanoseconds(1'000'000'007));
    std::string text;
    const WorkerCounters* const workers[] = {&worker};
    core::write_metrics(workers, "echo", text);
    CHECK(text.find("time_to_first_token_seconds_sum{backend=\"echo\"} 1.000000007\n") !=
          std::string::npos);
}
