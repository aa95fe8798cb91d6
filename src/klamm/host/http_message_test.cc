#include "klamm/host/http_message.h"

#include <gtest/gtest.h>

namespace klamm::host {
namespace {

std::string written(HttpAnswer const& answer, ResponseHead const& head) {
    std::string out;
    append_response(out, answer, head);
    return out;
}

TEST(HttpMessage, HasLengthTypeAndRequestId) {
    EXPECT_EQ(written({.content_type = "a/b", .body = "hello"},
                      {.common = "Server: x\r\n", .request_id = "7"}),
              "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: a/b\r\nContent-Length: 5\r\n"
              "X-Request-ID: 7\r\n\r\nhello");
}

TEST(HttpMessage, ForHeadHasTheLengthAndNoBody) {
    auto const text = written({.body = "hello"}, {.request_id = "7", .head_only = true});
    EXPECT_NE(text.find("Content-Length: 5\r\n"), std::string::npos);
    EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(HttpMessage, WithoutContentHasNeitherLengthNorType) {
    EXPECT_EQ(written({.status = 204}, {.request_id = "7"}),
              "HTTP/1.1 204 No Content\r\nX-Request-ID: 7\r\n\r\n");
}

TEST(HttpMessage, SaysWhatBecomesOfTheConnection) {
    auto const has = [](ResponseHead const& head, std::string_view line) {
        return written({}, head).find(line) != std::string::npos;
    };
    EXPECT_TRUE(has({.close = true}, "\r\nConnection: close\r\n"));
    EXPECT_TRUE(has({.say_kept = true}, "\r\nConnection: keep-alive\r\n"));
    EXPECT_FALSE(has({}, "Connection"));
}

TEST(HttpMessage, ErrorsSayWhenAndHowToAskAgain) {
    auto answer = http_error(503, "\"busy\"");
    answer.retry_after_s = 1;
    auto const text = written(answer, {});
    EXPECT_TRUE(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_NE(text.find("\r\nRetry-After: 1\r\n"), std::string::npos);
    EXPECT_TRUE(text.ends_with(R"({"error_code":503,"message":"\"busy\""})"));
    answer.allow = "GET";
    EXPECT_NE(written(answer, {}).find("\r\nAllow: GET\r\n"), std::string::npos);
}

TEST(HttpMessage, RequestIdsAreUuidsOfVersionFour) {
    Random random(1);
    auto const id = random_request_id(random);
    ASSERT_EQ(id.size(), 36U);
    for (auto const at : {8U, 13U, 18U, 23U}) EXPECT_EQ(id[at], '-') << id;
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string_view("89ab").find(id[19]), std::string_view::npos) << id;
    EXPECT_NE(random_request_id(random), id);
    EXPECT_TRUE(good_request_id(id));
}

TEST(HttpMessage, RequestIdsThatCouldBreakAHeaderAreNotEchoed) {
    EXPECT_FALSE(good_request_id(""));
    EXPECT_FALSE(good_request_id("a\r\nb"));
    EXPECT_FALSE(good_request_id("a b"));
    EXPECT_FALSE(good_request_id(std::string(129, 'a')));
    EXPECT_TRUE(good_request_id(std::string(128, 'a')));
}

TEST(HttpMessage, DateIsThatOfTheSecond) {
    CommonFields common;
    auto const at = [&](int seconds) {
        return std::string(
            common.at(std::chrono::system_clock::time_point(std::chrono::seconds(seconds))));
    };
    EXPECT_EQ(at(784111777), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: klamm\r\n");
    EXPECT_EQ(at(784111778), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\nServer: klamm\r\n");
}

}  // namespace
}  // namespace klamm::host
