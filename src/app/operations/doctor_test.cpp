// SPDX-License-Identifier: Apache-2.0
// Each finding of doctor, good and bad.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/operations/findings.h"
#include "app/version.h"
#include "base/json_value.h"
#include "certificate.h"
#include "temp_folder.h"

namespace flywheel::app {
namespace {

using ::testing::HasSubstr;

const Time kNow = SystemClock().now();

TEST(Doctor, JudgesDirectories) {
    const testing::TempFolder folder;
    EXPECT_EQ(look_at_directory(folder.path()).health, Health::Good);
    const Finding none = look_at_directory(folder.path() / "none");
    EXPECT_EQ(none.health, Health::Bad);
    EXPECT_THAT(none.advice, HasSubstr("flywheel init"));
    const auto open = folder.path() / "open";
    std::filesystem::create_directory(open);
    ::chmod(open.c_str(), 0777);
    EXPECT_EQ(look_at_directory(open).health, Health::Doubtful);
}

TEST(Doctor, JudgesDisks) {
    struct Row {
        DiskState disk;
        Health health;
    };

    const Row table[] = {
        {{100, 0.9, false}, Health::Good},
        {{1, 0.9, false}, Health::Doubtful},
        {{0.1, 0.9, false}, Health::Bad},
        {{100, 0.01, false}, Health::Doubtful},
        {{100, 0.9, true}, Health::Bad},
    };
    for (const Row& row : table) {
        const Finding finding = judge_disk(row.disk);
        SCOPED_TRACE(finding.seen);
        EXPECT_EQ(finding.health, row.health);
        EXPECT_EQ(finding.advice.empty(), row.health == Health::Good);
    }
    EXPECT_EQ(look_at_disk("/none/at/all").health, Health::Bad);
}

TEST(Doctor, JudgesClocks) {
    const auto hour = std::chrono::hours(1);

    struct Row {
        ClockState clock;
        Health health;
        const char* says;
    };

    const Row table[] = {
        {{kNow, kNow - hour, 1.0, true}, Health::Good, ", synchronised"},
        {{kNow, kNow - hour, 1.0, false}, Health::Doubtful, "not synchronised"},
        {{kNow, kNow - hour, 1.5, true}, Health::Doubtful, "150 %"},
        {{kNow, kNow + hour, 1.0, true}, Health::Bad, "was written at"},
    };
    for (const Row& row : table) {
        const Finding finding = judge_clock(row.clock);
        EXPECT_EQ(finding.health, row.health);
        EXPECT_THAT(finding.seen, HasSubstr(row.says));
    }
}

TEST(Doctor, AFileFromTheFutureMeansThatTheClockWentBack) {
    const testing::TempFolder folder;
    const auto file = folder.path() / "ledger.db";
    std::ofstream(file) << "x";
    EXPECT_NE(look_at_clock(folder.path()).health, Health::Bad);
    std::filesystem::last_write_time(
        file, std::filesystem::file_time_type::clock::now() + std::chrono::hours(48)
    );
    EXPECT_EQ(look_at_clock(folder.path()).health, Health::Bad);
}

TEST(Doctor, JudgesOpenFiles) {
    EXPECT_EQ(judge_open_files(65'536).health, Health::Good);
    EXPECT_THAT(judge_open_files(256).advice, HasSubstr("LimitNOFILE"));
}

TEST(Doctor, JudgesPorts) {
    const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&place), sizeof place), 0);
    ASSERT_EQ(::listen(taken, 1), 0);
    socklen_t size = sizeof place;
    ::getsockname(taken, reinterpret_cast<sockaddr*>(&place), &size);
    const std::uint16_t port = ntohs(place.sin_port);
    EXPECT_THAT(look_at_port("127.0.0.1", port).seen, HasSubstr("taken by another program"));
    ::close(taken);
    EXPECT_EQ(look_at_port("127.0.0.1", port).health, Health::Good);
    EXPECT_EQ(look_at_port("127.0.0.1", 0).health, Health::Good);
    EXPECT_THAT(look_at_port("nowhere", 0).seen, HasSubstr("no IP address"));
    EXPECT_THAT(look_at_port("192.0.2.1", 0).advice, HasSubstr("one of this machine"));
}

TEST(Doctor, JudgesCertificates) {
    const testing::TempFolder folder;
    Settings settings;
    EXPECT_EQ(look_at_tls(folder.path(), settings, kNow).health, Health::Good);
    settings.address = "0.0.0.0";
    EXPECT_EQ(look_at_tls(folder.path(), settings, kNow).health, Health::Doubtful);

    struct Row {
        int days;
        Health health;
    };

    for (const Row& row : {Row{90, Health::Good}, Row{5, Health::Doubtful}, Row{-1, Health::Bad}}) {
        SCOPED_TRACE(row.days);
        testing::make_certificate(folder.path(), "server", row.days);
        settings.tls_certificate = "server.crt";
        settings.tls_key = "server.key";
        const Finding finding = look_at_tls(folder.path(), settings, kNow);
        EXPECT_EQ(finding.health, row.health) << finding.seen;
        EXPECT_THAT(finding.seen, HasSubstr("DNS:localhost"));
    }
    ::chmod((folder.path() / "server.key").c_str(), 0644);
    EXPECT_THAT(look_at_tls(folder.path(), settings, kNow).seen, HasSubstr("chmod 600"));
    settings.tls_key = "none.key";
    EXPECT_EQ(look_at_tls(folder.path(), settings, kNow).health, Health::Bad);
}

TEST(Doctor, JudgesTheJournalAndTheLog) {
    const testing::TempFolder folder;
    std::filesystem::create_directory(folder.path() / "journal");
    EXPECT_EQ(look_at_journal(folder.path()).health, Health::Good);
    std::ofstream(folder.path() / "journal" / "000000000001.bad") << "x";
    EXPECT_EQ(look_at_journal(folder.path()).health, Health::Doubtful);
    Settings settings;
    EXPECT_EQ(look_at_logs(folder.path(), settings).health, Health::Good);
    std::ofstream(folder.path() / "log") << "a file where the folder should be";
    EXPECT_EQ(look_at_logs(folder.path(), settings).health, Health::Bad);
    settings.access_log.to = AccessLogTo::Off;
    EXPECT_EQ(look_at_logs(folder.path(), settings).health, Health::Good);
}

TEST(Doctor, JudgesKeys) {
    Settings settings;
    Json keys = Json::array();
    EXPECT_EQ(look_at_keys(settings, keys, kNow).health, Health::Good);
    settings.address = "0.0.0.0";
    EXPECT_EQ(look_at_keys(settings, keys, kNow).health, Health::Bad);
    const auto key = [](const Json& expires, const Json& revoked) {
        return Json{{"name", "shop"}, {"expires", expires}, {"revoked", revoked}};
    };
    keys = Json::array({key(nullptr, to_rfc3339(kNow))});
    EXPECT_EQ(look_at_keys(settings, keys, kNow).health, Health::Bad);
    keys = Json::array({key(nullptr, nullptr)});
    EXPECT_EQ(look_at_keys(settings, keys, kNow).health, Health::Good);
    keys = Json::array({key(to_rfc3339(kNow + std::chrono::hours(48)), nullptr)});
    EXPECT_THAT(look_at_keys(settings, keys, kNow).seen, HasSubstr("shop"));
    keys = Json::array({key(to_rfc3339(kNow - std::chrono::hours(48)), nullptr)});
    EXPECT_EQ(look_at_keys(settings, keys, kNow).health, Health::Bad);
}

TEST(Doctor, JudgesModelTrailProgramsAndVersions) {
    EXPECT_EQ(
        look_at_model(Json{{"served", {{"ready", true}, {"version", 3}}}}).health, Health::Good
    );
    EXPECT_THAT(look_at_model(Json{{"served", nullptr}}).advice, HasSubstr("flywheel turn"));
    EXPECT_EQ(look_at_audit(Json{{"intact", true}, {"events", 7}}).health, Health::Good);
    EXPECT_EQ(look_at_audit(Json{{"intact", false}, {"reason", "event 2"}}).health, Health::Bad);
    const testing::TempFolder folder;
    const std::vector<std::filesystem::path> folders = {"", "/none", folder.path()};
    EXPECT_EQ(look_at_workers(folders, {"linear"}).health, Health::Good);
    EXPECT_EQ(look_at_workers(folders, {"linear", "openvino"}).health, Health::Bad);
    std::ofstream(folder.path() / "flywheel-openvino") << "#!/bin/true\n";
    ::chmod((folder.path() / "flywheel-openvino").c_str(), 0755);
    EXPECT_EQ(look_at_workers(folders, {"openvino"}).health, Health::Good);
    EXPECT_EQ(look_at_versions("").health, Health::Good);
    EXPECT_EQ(look_at_versions(kVersion).health, Health::Good);
    EXPECT_THAT(look_at_versions("9.9.9").advice, HasSubstr("restart"));
}

}  // namespace
}  // namespace flywheel::app
