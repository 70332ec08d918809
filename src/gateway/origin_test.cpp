// SPDX-License-Identifier: Apache-2.0
#include "gateway/origin.h"

#include <vector>

#include <gtest/gtest.h>

namespace flywheel::gateway {
namespace {

using Headers = std::vector<http::HeaderField>;

TEST(Origin, TellsAPageOfAnotherSiteFromOurs) {
    struct Row {
        Headers headers;
        bool foreign;
    };

    const std::vector<Row> rows = {
        {{{"Host", "127.0.0.1:8000"}}, false},  // no browser
        {{{"Host", "127.0.0.1:8000"}, {"Origin", "http://127.0.0.1:8000"}}, false},
        {{{"Host", "ML.example.org"}, {"Origin", "https://ml.example.org"}}, false},
        {{{"Host", "127.0.0.1:8000"}, {"Origin", "http://127.0.0.1:8001"}}, true},
        {{{"Host", "127.0.0.1:8000"}, {"Origin", "http://evil.example"}}, true},
        {{{"Host", "127.0.0.1:8000"}, {"Origin", "null"}}, true},
        {{{"Host", "127.0.0.1:8000"}, {"origin", "http://127.0.0.1:8000.evil.example"}}, true},
        // Behind a proxy that asks by an address.
        {{{"Host", "127.0.0.1:8000"},
          {"Origin", "http://ml.example.org"},
          {"X-Forwarded-Host", "ml.example.org"}},
         false},
        // What the browser itself says counts.
        {{{"Host", "a"}, {"Origin", "https://b"}, {"Sec-Fetch-Site", "same-origin"}}, false},
        {{{"Host", "a"}, {"Sec-Fetch-Site", "none"}}, false},
        {{{"Host", "a"}, {"Origin", "http://a"}, {"Sec-Fetch-Site", "cross-site"}}, true},
        {{{"Host", "a"}, {"Sec-Fetch-Site", "same-site"}}, true},
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
        SCOPED_TRACE(i);
        EXPECT_EQ(is_of_another_site(rows[i].headers), rows[i].foreign);
    }
}

TEST(Origin, KnowsItsOwnNames) {
    const std::vector<std::string> names = {"ml.example.org"};
    for (const auto* own :
         {"",
          "127.0.0.1",
          "127.0.0.1:8000",
          "10.1.2.3",
          "[::1]:8000",
          "[::1]",
          "localhost",
          "LOCALHOST:80",
          "flywheel.localhost:80",
          "ml.example.org",
          "ML.Example.org:443"}) {
        EXPECT_TRUE(is_own_host(own, names)) << own;
    }
    for (const auto* other :
         {"evil.example",
          "evil.example:8000",
          "127.0.0.1.evil.example",
          "localhost.evil.example",
          "example.org",
          "notlocalhost",
          "1a.2"}) {
        EXPECT_FALSE(is_own_host(other, names)) << other;
    }
}

}  // namespace
}  // namespace flywheel::gateway
