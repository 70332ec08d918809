// SPDX-License-Identifier: Apache-2.0
#include "ports/fleet/local/local_fleet.h"

#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temp_folder.h"

namespace flywheel::local {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Jobs are shell scripts here: $1 job, $2 kind, $3 --spec, $4 its file, $5 --out, $6 the folder.
class LocalFleetTest : public ::testing::Test {
  protected:
    std::unique_ptr<Fleet> fleet_of(const std::string& script) {
        const auto program = folder.path() / "program";
        std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
        std::filesystem::permissions(program, std::filesystem::perms::owner_all);
        return make_fleet(program);
    }

    Result<JobResult> run(const std::string& script) {
        return fleet_of(script)->run(
            job, out, [&](const auto& line) { lines.push_back(line); }, stop
        );
    }

    testing::TempFolder folder;
    std::filesystem::path out = folder.path() / "out";
    JobSpec job{"tune", {"{\"seed\":7}"}};
    std::vector<std::string> lines;
    std::atomic<bool> stop{false};
};

TEST_F(LocalFleetTest, RunsTheProgramWithItsSpecAndFolder) {
    std::filesystem::create_directories(out / "old");
    const auto result =
        run(R"sh([ -z "$(ls "$6")" ] && [ "$1 $2 $3 $5" = "job tune --spec --out" ] || exit 9
cat "$4" > "$6/result.json")sh");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->result.text, "{\"seed\":7}");
    EXPECT_EQ(result->out, out);
    EXPECT_FALSE(std::filesystem::exists(out.string() + ".spec.json"));
}

TEST_F(LocalFleetTest, HandsOnProgressAndDropsOtherLines) {
    const auto result = run(R"(echo '{"done":1}'; echo loading...; echo '{broken'; echo '[1]'
printf '{"do'; printf 'ne":2}\n'; echo '{}' > "$6/result.json"; printf '{"no newline":1}')");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_THAT(lines, ElementsAre("{\"done\":1}", "{\"done\":2}"));
}

TEST_F(LocalFleetTest, ReadsMoreOutputThanAPipeHolds) {
    const auto result =
        run(R"(i=0; while [ $i -lt 3000 ]; do echo '{"done":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}'
echo "noise noise noise noise noise noise" >&2; i=$((i+1)); done; echo '{}' > "$6/result.json")");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(lines.size(), 3000U);
}

TEST_F(LocalFleetTest, GivesBackTheJobsOwnError) {
    const auto failed = run(
        R"(echo '{"code":"Corrupt","message":"Rows are damaged: line 3"}' > "$6/error.json"; exit 8)"
    );
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::Corrupt);
    EXPECT_EQ(failed.error().message, "job tune: Rows are damaged: line 3");
}

TEST_F(LocalFleetTest, ReadsTheKindFromTheExitCode) {
    const auto failed =
        run("echo 'cannot open model' >&2; exit " + std::to_string(exit_code(Code::NotFound)));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::NotFound);
    EXPECT_THAT(failed.error().message, HasSubstr("cannot open model"));
    EXPECT_EQ(run("exit 77").error().code, Code::Internal);
}

TEST_F(LocalFleetTest, NamesTheSignalThatKilledTheJob) {
    const auto failed = run("echo 'last words' >&2; kill -SEGV $$");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::Internal);
    EXPECT_THAT(failed.error().message, HasSubstr("SIGSEGV"));
    EXPECT_THAT(failed.error().message, HasSubstr("last words"));
}

TEST_F(LocalFleetTest, RefusesAJobWithoutAResult) {
    EXPECT_THAT(run("exit 0").error().message, HasSubstr("without a readable result.json"));
    EXPECT_EQ(run("echo '{' > \"$6/result.json\"").error().code, Code::Internal);
}

TEST_F(LocalFleetTest, SaysThatTheProgramIsNotThere) {
    const auto failed = make_fleet("/nowhere/flywheel")->run(job, out, {}, stop);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::NotFound);
    EXPECT_THAT(failed.error().message, HasSubstr("/nowhere/flywheel"));
}

TEST_F(LocalFleetTest, CancelsAJobAtItsFirstSign) {
    const auto fleet = fleet_of("echo '{\"ready\":true}'; exec sleep 600");
    const auto cancelled = fleet->run(job, out, [&](const auto&) { stop = true; }, stop);
    ASSERT_FALSE(cancelled);
    EXPECT_EQ(cancelled.error().code, Code::Cancelled);
}

TEST_F(LocalFleetTest, KillsAJobThatIgnoresTheRequestToStop) {
    const auto fleet =
        fleet_of("trap '' TERM; echo '{\"ready\":true}'; while :; do sleep 600; done");
    const auto cancelled = fleet->run(job, out, [&](const auto&) { stop = true; }, stop);
    ASSERT_FALSE(cancelled);
    EXPECT_EQ(cancelled.error().code, Code::Cancelled);
}

TEST_F(LocalFleetTest, StartsNothingAfterTheStop) {
    stop = true;
    EXPECT_EQ(run("touch \"$6/started\"").error().code, Code::Cancelled);
    EXPECT_FALSE(std::filesystem::exists(out / "started"));
}

TEST_F(LocalFleetTest, RunsAtLowPriority) {
    const auto result = run("nice > \"$6/result.json\"");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(std::stoi(result->result.text), std::min(19, getpriority(PRIO_PROCESS, 0) + 10));
}

TEST_F(LocalFleetTest, CountsTheJobsMemoryAndProcessorTime) {
    const auto result =
        run("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo '{}' > \"$6/result.json\"");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_GT(result->cpu_seconds, 0);
    EXPECT_GT(result->peak_rss_bytes, 0);
}

TEST_F(LocalFleetTest, LeavesNoOrphanWhenItsServerIsKilled) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const auto fleet = fleet_of("echo \"{\\\"pid\\\":$$}\"; exec sleep 600");
    const pid_t server = fork();
    if (server == 0) {
        const auto pass_on = [&](const std::string& line) {
            static_cast<void>(write(pipe[1], line.data(), line.size()) == 0);
        };
        static_cast<void>(fleet->run(job, out, pass_on, stop));
        std::_Exit(1);
    }
    char line[64] = {};
    ASSERT_GT(read(pipe[0], line, sizeof line - 1), 0);
    const pid_t orphan = std::stoi(std::string(line).substr(7));
    const int watched = static_cast<int>(syscall(SYS_pidfd_open, orphan, 0));
    ASSERT_GE(watched, 0);
    kill(server, SIGKILL);
    waitpid(server, nullptr, 0);
    pollfd end{watched, POLLIN, 0};
    EXPECT_EQ(poll(&end, 1, 20000), 1) << "the job outlived its server";
    close(watched);
    close(pipe[0]);
    close(pipe[1]);
}

}  // namespace

}  // namespace flywheel::local
