// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/router.h"

#include <gtest/gtest.h>

namespace flywheel::http {
namespace {

Route route(Method method, std::string pattern, std::string name) {
    const auto run = [](const HttpRequest&, HttpResponse&) -> Result<void> { return {}; };
    return {.method = method, .pattern = std::move(pattern), .name = std::move(name), .run = run};
}

class RouterTest : public ::testing::Test {
  protected:
    RouterTest() {
        router_.add(route(Method::Get, "/", "root"));
        router_.add(route(Method::Get, "/v2", "server"));
        router_.add(route(Method::Get, "/v2/models/stats", "stats"));
        router_.add(route(Method::Get, "/v2/models/{model}", "model"));
        router_.add(route(Method::Get, "/v2/models/{model}/versions/{version}", "version"));
        router_.add(route(Method::Post, "/v2/models/{model}/infer", "infer"));
        router_.add(route(Method::Get, "/v2/models/{model}/ready", "ready"));
    }

    std::string name(Method method, std::string_view path) {
        router_.match(method, path, found_);
        return found_.route == nullptr ? "" : found_.route->name;
    }

    Router router_;
    RouteMatch found_;
};

TEST_F(RouterTest, FindsLiteralsBeforeParameters) {
    EXPECT_EQ(name(Method::Get, "/"), "root");
    EXPECT_EQ(name(Method::Get, "/v2"), "server");
    EXPECT_EQ(name(Method::Get, "/v2/models/stats"), "stats");
    EXPECT_EQ(name(Method::Get, "/v2/models/stat"), "model");
    EXPECT_EQ(name(Method::Get, "/v2/models/stats/ready"), "ready");
    EXPECT_EQ(found_.parameters[3].value, "stats");
}

TEST_F(RouterTest, GivesParametersByName) {
    ASSERT_EQ(name(Method::Get, "/v2/models/m/versions/stable"), "version");
    HttpRequest request;
    request.parameters = found_.parameters;
    EXPECT_EQ(request.parameter("model"), "m");
    EXPECT_EQ(request.parameter("version"), "stable");
    EXPECT_EQ(request.parameter("other"), "");
}

TEST_F(RouterTest, AcceptsOneSlashAtTheEnd) {
    EXPECT_EQ(name(Method::Get, "/v2/"), "server");
    EXPECT_EQ(name(Method::Get, "/v2/models/m/"), "model");
    EXPECT_EQ(name(Method::Get, "/v2//"), "");
    EXPECT_EQ(name(Method::Get, "//v2"), "");
    EXPECT_EQ(name(Method::Get, "/v2/models//ready"), "");
}

TEST_F(RouterTest, DecodesAfterTheSplit) {
    ASSERT_EQ(name(Method::Get, "/v2/models/a%2Fb%20%ED%95%9C"), "model");
    EXPECT_EQ(found_.parameters[3].value, "a/b \xED\x95\x9C");
    EXPECT_EQ(name(Method::Get, "/v2/%6Dodels/m"), "model");
    for (const std::string_view bad : {"/v2/models/%", "/v2/models/%2", "/v2/models/%zz/ready"}) {
        EXPECT_EQ(name(Method::Get, bad), "");
        EXPECT_EQ(found_.outcome, RouteOutcome::BadEncoding) << bad;
    }
}

TEST_F(RouterTest, AnswersHeadWhereGetIsAndListsWhatIsAllowed) {
    EXPECT_EQ(name(Method::Head, "/v2"), "server");
    EXPECT_EQ(name(Method::Head, "/v2/models/m/infer"), "");
    EXPECT_EQ(found_.outcome, RouteOutcome::WrongMethod);
    EXPECT_EQ(found_.allow, "POST");
    EXPECT_EQ(name(Method::Delete, "/v2"), "");
    EXPECT_EQ(found_.allow, "GET, HEAD");
    EXPECT_EQ(name(Method::Get, "/v2/models/m/x"), "");
    EXPECT_EQ(found_.outcome, RouteOutcome::UnknownPath);
    EXPECT_EQ(name(Method::Get, "/" + std::string(100, '/')), "");
    EXPECT_EQ(found_.outcome, RouteOutcome::UnknownPath);
}

TEST(RouterDeath, RefusesARouteTwice) {
    Router router;
    router.add(route(Method::Get, "/a/{x}", "one"));
    EXPECT_DEATH(router.add(route(Method::Get, "/a/{x}", "two")), "CHECK");
    EXPECT_DEATH(router.add(route(Method::Post, "/a/{y}", "other name")), "CHECK");
}

TEST(HttpResponse, KeepsAHeaderValueInItsLine) {
    HttpResponse response;
    response.add_header("X-Request-Id", "a\r\nSet-Cookie: x\xED\x95\x9C%");
    EXPECT_EQ(response.header_lines(), "X-Request-Id: a%0D%0ASet-Cookie: x%ED%95%9C%25\r\n");
}

TEST(HttpResponse, EscapesJsonAndReplacesBadBytes) {
    std::string out;
    append_json_string(out, "a\"b\\c\n\x01\xFF\xED\x95\x9C");
    EXPECT_EQ(out, "\"a\\\"b\\\\c\\n\\u0001\xEF\xBF\xBD\xED\x95\x9C\"");
}

}  // namespace
}  // namespace flywheel::http
