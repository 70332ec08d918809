// SPDX-License-Identifier: Apache-2.0
#include "app/settings.h"

#include <fstream>

#include <gtest/gtest.h>

#include "temp_folder.h"

namespace flywheel::app {
namespace {

Result<Settings> read(const std::string& text) {
    const testing::TempFolder folder;
    const auto file = folder.path() / "flywheel.toml";
    std::ofstream(file) << text;
    return read_settings(file);
}

TEST(CaptureSettings, AreReadBackAsTheyAreWritten) {
    Settings settings;
    settings.model = "news";
    settings.capture.sync = SyncMode::Os;
    settings.capture.seed = 17;
    settings.engines = {"workers", 3, 4, 1.5, 2, 64};
    settings.capture.disk_max_gib = 2.5;
    settings.capture.lifetimes = {std::chrono::days(7), std::chrono::days(8), std::chrono::days(9)};
    const auto again = read(settings_text(settings));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->capture.sync, SyncMode::Os);
    EXPECT_EQ(again->capture.seed, 17);
    EXPECT_EQ(again->capture.disk_max_gib, 2.5);
    EXPECT_EQ(again->capture.lifetimes.payload, std::chrono::days(7));
    EXPECT_EQ(again->capture.lifetimes.embedding, std::chrono::days(8));
    EXPECT_EQ(again->capture.lifetimes.row, std::chrono::days(9));
    EXPECT_TRUE(again->capture.rules.empty());
}

TEST(BatchingSettings, AreReadBackAsTheyAreWrittenAndRefusedWithTheirPlace) {
    Settings settings;
    settings.batching = {
        .batch_rows = 8,
        .delay = std::chrono::microseconds(2500),
        .queue_rows = 99,
        .instances = 2,
        .time_out = std::chrono::milliseconds(1500)
    };
    const auto again = read(settings_text(settings));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->batching.batch_rows, 8);
    EXPECT_EQ(again->batching.delay.count(), 2500);
    EXPECT_EQ(again->batching.queue_rows, 99);
    EXPECT_EQ(again->batching.instances, 2);
    EXPECT_EQ(again->batching.time_out.count(), 1'500'000);
    for (const auto& [text, says] : std::initializer_list<std::pair<const char*, const char*>>{
             {"[serve.batching]\nmax_batch_size = 0\n", "line 2: 'serve.batching.max_batch_size'"},
             {"[serve.batching]\ninstances = 1.5\n", "line 2: 'serve.batching.instances'"},
             {"[serve.batching]\nmax_delay_ms = -1\n", "line 2: 'serve.batching.max_delay_ms'"},
             {"[serve.batching]\nragged = 1\n", "unknown setting 'serve.batching.ragged'"},
             {"[serve]\nbatching = 1\n", "line 2: 'serve.batching'"},
         }) {
        const auto refused = read(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_NE(refused.error().message.find(says), std::string::npos) << refused.error().message;
    }
}

TEST(CaptureSettings, HoldRulesInTheirOrder) {
    const auto settings = read(
        "[[capture.rules]]\nname = \"head\"\nwhen = \"\"\nkeep = 0.05\n"
        "[[capture.rules]]\nname = \"unsure\"\nwhen = \"margin < 0.1\"\n"
    );
    ASSERT_TRUE(settings) << settings.error().message;
    ASSERT_EQ(settings->capture.rules.size(), 2U);
    EXPECT_EQ(settings->capture.rules[0].keep, 0.05);
    EXPECT_EQ(settings->capture.rules[1].name, "unsure");
    EXPECT_EQ(settings->capture.rules[1].when, "margin < 0.1");
    EXPECT_EQ(settings->capture.rules[1].keep, 1);
}

TEST(CaptureSettings, HoldWhatIsTakenOut) {
    const auto settings = read(
        "[[capture.redact]]\nkind = \"resident_number\"\naction = \"drop\"\n"
        "[[capture.redact]]\nfield = \"/user\"\nkind = \"pattern\"\n"
        "pattern = '[A-Z]{2}\\d+'\naction = \"hash\"\n"
    );
    ASSERT_TRUE(settings) << settings.error().message;
    ASSERT_EQ(settings->capture.redact.size(), 2U);
    EXPECT_EQ(settings->capture.redact[0].kind, SensitiveKind::ResidentNumber);
    EXPECT_EQ(settings->capture.redact[0].action, RedactionAction::Drop);
    EXPECT_EQ(settings->capture.redact[1].field, "/user");
    EXPECT_EQ(settings->capture.redact[1].pattern, "[A-Z]{2}\\d+");
}

TEST(CaptureSettings, AreRefusedWithTheirPlace) {
    struct Row {
        const char* text;
        const char* says;
    };

    for (const auto& [text, says] :
         {Row{"[capture]\nsync = \"never\"\n", "line 2: 'capture.sync'"},
          Row{"[capture]\ncolour = 1\n", "line 2: unknown setting 'capture.colour'"},
          Row{"[capture]\nrules = 5\n", "line 2: 'capture.rules'"},
          Row{"[[capture.rules]]\nname = \"a\"\nkept = 1\n", "line 3: unknown setting"},
          Row{"[[capture.rules]]\nname = \"a\"\nkeep = 2\n", "line 3: 'capture.rules.keep'"},
          Row{"[[capture.rules]]\nname = \"a\"\nwhen = \"colour == red\"\n",
              "Unknown field 'colour'"},
          Row{"[[capture.redact]]\nkind = \"name\"\n", "line 2: 'capture.redact.kind'"},
          Row{"[[capture.redact]]\nkind = \"pattern\"\npattern = \"(\"\n", "redaction rule 1"},
          Row{"[[capture.rules]]\nname = \"a\"\nwhen = \"status >= 500\"\n",
              "could match no capture rule"}}) {
        const auto refused = read(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, Code::InvalidArgument);
        EXPECT_NE(refused.error().message.find(says), std::string::npos) << refused.error().message;
    }
}

}  // namespace
}  // namespace flywheel::app
