// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace flywheel {
namespace {

template <class Write>
std::string written(Write&& write) {
    ::testing::internal::CaptureStderr();
    write();
    return ::testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneLineAnEventWithItsFields) {
    const auto line = written([] {
        log_info(
            "turn done", {{"model", "news"}, {"rows", std::int64_t{-7}}, {"share", 0.25}, {"n", 3}}
        );
    });
    EXPECT_NE(line.find("info turn done model=news rows=-7 share=0.25 n=3\n"), std::string::npos)
        << line;
}

TEST(Log, QuotesValuesThatCouldBeMistakenForFieldsOrLines) {
    const auto line = written([] {
        log_warn(
            "odd",
            {{"a", "x y"}, {"b", ""}, {"c", "k=v"}, {"d", "say \"no\""}, {"e", "1\n2\x1b[0m"}}
        );
    });
    EXPECT_NE(
        line.find(R"(odd a="x y" b="" c="k=v" d="say \"no\"" e="1\n2\x1b[0m")"), std::string::npos
    ) << line;
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
    set_log_level(LogLevel::Error);
    EXPECT_EQ(written([] { log_warn("quiet"); }), "");
    EXPECT_NE(written([] { log_error("loud"); }).find("loud"), std::string::npos);
    set_log_level(LogLevel::Off);
    EXPECT_EQ(written([] { log_error("nothing"); }), "");
    set_log_level(LogLevel::Info);
}

}  // namespace
}  // namespace flywheel
