// SPDX-License-Identifier: Apache-2.0
#include "ports/fleet/fleet.h"

#include <fstream>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "temp_folder.h"

namespace flywheel {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class InProcessFleetTest : public ::testing::Test {
  protected:
    Result<JobResult> run(const JobBody& body, const std::string& spec = "{}") {
        InProcessFleet fleet({{"tune", body}});
        const auto note = [&](const std::string& line) { lines.push_back(line); };
        return fleet.run({"tune", {spec}}, out, note, stop);
    }

    testing::TempFolder folder;
    std::filesystem::path out = folder.path() / "out";
    std::vector<std::string> lines;
    std::atomic<bool> stop{false};
};

TEST_F(InProcessFleetTest, GivesTheBodyItsSpecAndAnEmptyFolder) {
    std::filesystem::create_directories(out / "old");
    const auto result = run(
        [&](const JobContext& context) -> Result<std::string> {
            EXPECT_TRUE(std::filesystem::is_empty(context.out));
            EXPECT_EQ(context.stop, &stop);
            context.progress("{\"done\":1}");
            return context.spec;
        },
        "{\"seed\":7}"
    );
    ASSERT_TRUE(result);
    EXPECT_EQ(result->result.text, "{\"seed\":7}");
    EXPECT_EQ(result->out, out);
    EXPECT_EQ(read(out / "result.json"), "{\"seed\":7}");
    EXPECT_THAT(lines, ElementsAre("{\"done\":1}"));
    EXPECT_GE(result->cpu_seconds, 0);
    EXPECT_GT(result->peak_rss_bytes, 0);
}

TEST_F(InProcessFleetTest, KeepsTheCodeOfTheBodysError) {
    const auto failed = run([](const JobContext&) -> Result<std::string> {
        return make_error(Code::Corrupt, "Weights are damaged: w.safetensors");
    });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::Corrupt);
    EXPECT_EQ(failed.error().message, "job tune: Weights are damaged: w.safetensors");
    EXPECT_EQ(
        read(out / "error.json"),
        R"({"code":"Corrupt","message":"Weights are damaged: w.safetensors"})"
    );
    EXPECT_FALSE(std::filesystem::exists(out / "result.json"));
}

TEST_F(InProcessFleetTest, TurnsExceptionsIntoErrors) {
    const auto failed = run([](const JobContext&) -> Result<std::string> {
        throw std::runtime_error("from a library");
    });
    EXPECT_EQ(failed.error().code, Code::Internal);
    EXPECT_THAT(failed.error().message, HasSubstr("from a library"));
    const auto starved =
        run([](const JobContext&) -> Result<std::string> { throw std::bad_alloc(); });
    EXPECT_EQ(starved.error().code, Code::Exhausted);
}

TEST_F(InProcessFleetTest, RefusesWhatIsNoJsonAndUnknownKinds) {
    const auto body = [](const JobContext&) -> Result<std::string> {
        return std::string("not json");
    };
    EXPECT_EQ(run(body, "{").error().code, Code::InvalidArgument);
    EXPECT_THAT(run(body).error().message, HasSubstr("job result"));
    InProcessFleet fleet({});
    const auto unknown = fleet.run({"train", {"{}"}}, out, {}, stop);
    EXPECT_EQ(unknown.error().code, Code::InvalidArgument);
    EXPECT_THAT(unknown.error().message, HasSubstr("'train'"));
}

TEST_F(InProcessFleetTest, SaysThatTheFolderCannotBeMade) {
    std::ofstream(folder.path() / "file") << "x";
    out = folder.path() / "file" / "out";
    const auto failed =
        run([](const JobContext&) -> Result<std::string> { return std::string("{}"); });
    EXPECT_EQ(failed.error().code, Code::Unavailable);
}

}  // namespace

}  // namespace flywheel
