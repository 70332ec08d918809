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
    settings.capture.sync = SyncMode::Answer;
    settings.capture.rows = false;
    settings.capture.full_outputs = true;
    settings.capture.key_rows_per_hour = 5000;
    settings.capture.seed = 17;
    settings.engines = {"workers", 3, 4, 1.5, 2, 64};
    settings.triton_names = true;
    settings.hosts = {"ml.example.org"};
    settings.capture.disk_max_gib = 2.5;
    settings.capture.lifetimes = {std::chrono::days(7), std::chrono::days(8), std::chrono::days(9)};
    const auto again = read(settings_text(settings));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->capture.sync, SyncMode::Answer);
    EXPECT_FALSE(again->capture.rows);
    EXPECT_TRUE(again->capture.full_outputs);
    EXPECT_EQ(again->capture.key_rows_per_hour, 5000);
    EXPECT_EQ(again->capture.seed, 17);
    EXPECT_TRUE(again->triton_names);
    EXPECT_EQ(again->hosts, settings.hosts);
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

TEST(BatchingSettings, OfAModelFallBackToThoseOfAll) {
    const auto settings = read(
        "[serve]\n[[serve.models]]\nname = \"a\"\n[serve.models.batching]\nmax_batch_size = 8\n"
        "max_delay_ms = 2.5\n[[serve.models]]\nname = \"b\"\n"
        "[[serve.models]]\nname = \"c\"\npolicy = \"all\"\nbatching = { instances = 3 }\n"
        "[serve.batching]\nmax_batch_size = 16\nmax_queue_rows = 99\n"
    );
    ASSERT_TRUE(settings) << settings.error().message;
    const auto& own = settings->model_batching;
    ASSERT_EQ(own.size(), 2U);
    EXPECT_EQ(own.at("a").batch_rows, 8);
    EXPECT_EQ(own.at("a").delay.count(), 2500);
    EXPECT_EQ(own.at("a").queue_rows, 99);
    EXPECT_EQ(own.at("c").batch_rows, 16);
    EXPECT_EQ(own.at("c").instances, 3);
    EXPECT_EQ(settings->batching.batch_rows, 16);
    EXPECT_EQ(settings->batching.instances, 1);
    for (const auto& [text, says] : std::initializer_list<std::pair<const char*, const char*>>{
             {"[[serve.models]]\nname = \"a\"\nbatching = { instances = 0 }\n",
              "line 3: 'serve.models.batching.instances'"},
             {"[[serve.models]]\nname = \"a\"\nbatching = { ragged = 1 }\n",
              "line 3: unknown setting 'serve.models.batching.ragged'"},
             {"[[serve.models]]\nname = \"a\"\nbatching = 8\n", "line 3: 'serve.models.batching'"},
         }) {
        const auto refused = read(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_NE(refused.error().message.find(says), std::string::npos) << refused.error().message;
    }
}

TEST(LimitSettings, AreReadBackAsTheyAreWrittenAndRefusedWithTheirPlace) {
    const ServeLimits defaults;
    EXPECT_EQ(defaults.infer_body_mib, 64);
    EXPECT_EQ(defaults.header_kib, 16);
    Settings settings;
    settings.limits = {
        .connections = 10,
        .rows = 11,
        .infer_body_mib = 12,
        .tensor_mib = 13,
        .feedback_body_mib = 14,
        .other_body_mib = 15,
        .header_kib = 16,
        .header_fields = 17,
        .request_line_kib = 9,
        .chunks = 18,
    };
    const auto again = read(settings_text(settings));
    ASSERT_TRUE(again) << again.error().message;
    const ServeLimits& limits = again->limits;
    EXPECT_EQ(limits.connections, 10);
    EXPECT_EQ(limits.rows, 11);
    EXPECT_EQ(limits.infer_body_mib, 12);
    EXPECT_EQ(limits.tensor_mib, 13);
    EXPECT_EQ(limits.feedback_body_mib, 14);
    EXPECT_EQ(limits.other_body_mib, 15);
    EXPECT_EQ(limits.header_kib, 16);
    EXPECT_EQ(limits.header_fields, 17);
    EXPECT_EQ(limits.request_line_kib, 9);
    EXPECT_EQ(limits.chunks, 18);
    for (const auto& [text, says] : std::initializer_list<std::pair<const char*, const char*>>{
             {"[serve.limits]\nrows = 65537\n",
              "line 2: 'serve.limits.rows' must be a whole number from 1 to 65536"},
             {"[serve.limits]\ninfer_body_mib = 513\n", "line 2: 'serve.limits.infer_body_mib'"},
             {"[serve.limits]\ntensor_mib = 0\n", "line 2: 'serve.limits.tensor_mib'"},
             {"[serve.limits]\nheader_kib = 4\n",
              "line 2: 'serve.limits.header_kib' must be such that request_line_kib (8) is at most "
              "header_kib (4)"},
             {"[serve.limits]\nheader_kib = 9\nrequest_line_kib = 10\n",
              "line 3: 'serve.limits.request_line_kib'"},
             {"[serve.limits]\nbodies = 1\n", "unknown setting 'serve.limits.bodies'"},
             {"[serve]\nlimits = 1\n", "line 2: 'serve.limits'"},
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

TEST(ServeSettings, SayWhichVersionsOfAModelAreLoaded) {
    const auto settings = read(
        "[[serve.models]]\nname = \"a\"\npolicy = \"latest\"\ncount = 2\n"
        "[[serve.models]]\nname = \"b\"\npolicy = \"specific\"\nversions = [2, 5]\n"
        "[[serve.models]]\nname = \"c\"\npolicy = \"all\"\n"
    );
    ASSERT_TRUE(settings) << settings.error().message;
    const auto& policies = settings->policies;
    EXPECT_EQ(policies.at("a").kept({1, 2, 5}), (std::vector<std::int64_t>{5, 2}));
    EXPECT_EQ(policies.at("b").kept({1, 2, 5}), (std::vector<std::int64_t>{5, 2}));
    EXPECT_EQ(policies.at("c").kept({1, 2, 5}), (std::vector<std::int64_t>{5, 2, 1}));
    EXPECT_TRUE(serving::VersionPolicy().kept({1, 2, 5}).empty());
}

TEST(ServeSettings, AreRefusedWithTheirPlace) {
    struct Row {
        const char* text;
        const char* says;
    };

    for (const auto& [text, says] :
         {Row{"[serve]\nmodels = 5\n", "line 2: 'serve.models'"},
          Row{"[[serve.models]]\nname = \"a\"\npolicy = \"some\"\n", "'serve.models.policy'"},
          Row{"[[serve.models]]\npolicy = \"all\"\n", "needs a model's name"},
          Row{"[[serve.models]]\nname = \"a\"\ncount = 0\n", "'serve.models.count'"},
          Row{"[[serve.models]]\nname = \"a\"\npolicy = \"specific\"\n", "versions"},
          Row{"[[serve.models]]\nname = \"a\"\npolicy = \"specific\"\nversions = [0]\n",
              "list of versions"},
          Row{"[[serve.models]]\nname = \"a\"\n[[serve.models]]\nname = \"a\"\n", "each once"}}) {
        const auto refused = read(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, Code::InvalidArgument);
        EXPECT_NE(refused.error().message.find(says), std::string::npos) << refused.error().message;
    }
}

TEST(CaptureSettings, AreRefusedWithTheirPlace) {
    struct Row {
        const char* text;
        const char* says;
    };

    for (const auto& [text, says] :
         {Row{"[capture]\nsync = \"never\"\n", "line 2: 'capture.sync'"},
          Row{"[capture]\noutputs = \"some\"\n", "line 2: 'capture.outputs'"},
          Row{"[capture]\nkey_rows_per_hour = -1\n", "line 2: 'capture.key_rows_per_hour'"},
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

TEST(ServeSettings, AreReadBackAsTheyAreWritten) {
    Settings settings;
    settings.access_log = {AccessLogTo::Stdout, 7, 3};
    settings.tls_certificate = "server.crt";
    settings.tls_key = "/etc/keys/server.key";
    settings.limits.connections = 12;
    settings.limits.head_seconds = 2.5;
    const auto again = read(settings_text(settings));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->access_log.to, AccessLogTo::Stdout);
    EXPECT_EQ(again->access_log.mib, 7);
    EXPECT_EQ(again->access_log.files, 3);
    EXPECT_EQ(again->tls_certificate, "server.crt");
    EXPECT_EQ(again->tls_key, "/etc/keys/server.key");
    EXPECT_EQ(again->limits.connections, 12);
    EXPECT_EQ(again->limits.head_seconds, 2.5);
    EXPECT_EQ(again->limits.rows, 4096);
}

TEST(ServeSettings, RefuseWhatCannotBeMeant) {
    for (const char* text : {
             "access_log = \"syslog\"",
             "access_log_mib = 0",
             "access_log_files = 0",
             "tls_certificate = \"server.crt\"",
             "tls_key = \"server.key\"",
             "limits.rows = 65537",
             "limits.connections = 0",
             "limits.idle_seconds = -1.0",
             "limits.speed = 3",
         }) {
        SCOPED_TRACE(text);
        const auto refused = read(std::string("[serve]\n") + text + "\n");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Code::InvalidArgument);
        EXPECT_NE(refused.error().message.find("line 2"), std::string::npos);
    }
}

TEST(Settings, QuoteWhatTheyWrite) {
    Settings settings;
    settings.policy.licence = "a \"b\" \\ c\n";
    settings.address = "::1\t";
    settings.labels = {"it's", "\"", "\xEA\xB0\x80\n"};
    const auto again = read(settings_text(settings));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->policy.licence, settings.policy.licence);
    EXPECT_EQ(again->address, settings.address);
    EXPECT_EQ(again->labels, settings.labels);
}

TEST(Settings, AreRefusedWhenTheyAreNoTablesOrOutOfBounds) {
    struct Row {
        const char* text;
        const char* says;
    };

    for (const auto& [text, says] :
         {Row{"[^]\n", "line 1: a table's name must follow '['"},
          Row{"[serve]\n [[[[]]]]\n", "line 2: a table's name must follow '['"},
          Row{"\nmodel = 1\n", "line 2: 'model' must be a table, begun by [model]"},
          Row{"capture = []\n", "line 1: 'capture' must be a table"},
          Row{"[serve]\nport = 65536\n", "'serve.port' must be a whole number from 0 to 65535"},
          Row{"[serve]\nthreads = -1\n", "'serve.threads' must be a whole number from 0 to 1024"},
          Row{"[serve]\nthreads = 4294967296\n", "'serve.threads' must be"},
          Row{"[loop]\ntrials = 4294967297\n", "'loop.trials' must be"},
          Row{"[loop]\nfalse_alarm_days = nan\n", "'loop.false_alarm_days' must be"},
          Row{"[loop]\nevery_days = inf\n", "'loop.every_days' must be"}}) {
        const auto refused = read(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, Code::InvalidArgument);
        EXPECT_NE(refused.error().message.find(says), std::string::npos) << refused.error().message;
    }
}

}  // namespace
}  // namespace flywheel::app
