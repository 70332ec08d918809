// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/serving.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ports/engine/tensor_payload.h"
#include "records/payload.h"
#include "serving_world.h"

namespace flywheel::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

class ServingTest : public ::testing::Test, protected testing::ServingWorld {
  protected:
    ServingTest() {
        add_version("m", 1, "0.5,0.25,0.25");
        add_version("m", 2, "0.25,0.5,0.25");
        add_version("m", 3, "0.25,0.25,0.5");
        roll_out("m", 1);
    }

    Result<InferAnswer> ask(std::vector<std::string_view> texts, std::string_view version = "") {
        return serving.infer({.model = "m", .version = version, .request_id = "r", .texts = texts});
    }

    std::int64_t stable() { return serving.status("m").value().stable; }
};

TEST_F(ServingTest, AnswersWithWhatTheNewestRolloutNames) {
    ASSERT_TRUE(serving.refresh("m"));
    const auto answer = ask({"x", "2 is the class"});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->served->number, 1);
    EXPECT_EQ(answer->route, Route::Stable);
    EXPECT_THAT(answer->labels, ElementsAre(0, 2));
    EXPECT_THAT(answer->scores, ElementsAre(0.5F, 0.25F, 0.25F, 0.125F, 0.125F, 0.75F));
    EXPECT_EQ(answer->embeddings[4], 14.0F);
    EXPECT_EQ(answer->request_id, "r");
    EXPECT_EQ(answer->base_id.time(), clock.now());
    EXPECT_EQ(answer->base_id.row(), 0);
}

TEST_F(ServingTest, RecordsEachRowWithItsOwnIdAndPayload) {
    ASSERT_TRUE(serving.refresh("m"));
    const auto answer = ask({"x", "2 is the class"});
    const auto rows = capture.rows();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[1].id.uuid, answer->base_id.with_row(1));
    EXPECT_EQ(rows[1].request_id, "r");
    EXPECT_EQ(rows[1].payload, "2 is the class");
    EXPECT_EQ(rows[1].media_type, kTextPayload);
    EXPECT_TRUE(rows[1].payload_digest.is_zero()) << "capture makes it, off the request's thread";
    EXPECT_EQ(rows[1].engine, "hand");
    EXPECT_EQ(rows[1].label, 2);
    EXPECT_THAT(rows[1].scores, ElementsAre(0.125F, 0.125F, 0.75F));
    EXPECT_TRUE(rows[1].base_scores.empty());
    EXPECT_THAT(rows[1].embedding, ElementsAre(0x4B00, 0, 0, 0));  // 14 as half bits
    EXPECT_EQ(rows[1].version, "1");
    EXPECT_EQ(rows[1].time, clock.now());
    EXPECT_EQ(rows[1].status, 200);
    EXPECT_EQ(serving.status("m")->counts.at(1)->rows[0], 2);
}

TEST_F(ServingTest, KeepsOnlyTheDigestWhenAskedTo) {
    ASSERT_TRUE(serving.refresh("m"));
    const std::vector<std::string_view> texts = {"secret"};
    ASSERT_TRUE(serving.infer(
        {.model = "m", .version = "", .request_id = "", .texts = texts, .keep_payload = false}
    ));
    ASSERT_EQ(capture.rows().size(), 1U);
    EXPECT_EQ(capture.rows()[0].payload, "");
    EXPECT_EQ(capture.rows()[0].payload_digest, sha256("secret"));
    EXPECT_EQ(capture.rows()[0].request_id, capture.rows()[0].id.text());
}

TEST_F(ServingTest, RefusesBadRowsByNumberAndRecordsTheRefusal) {
    ASSERT_TRUE(serving.refresh("m"));

    struct Row {
        std::string text;
        std::string words;
    };

    for (const Row& row : {
             Row{"", "Row 1: text is empty"},
             Row{" \t\n", "Row 1: text is empty"},
             Row{"ab\xFF", "Row 1: text is not valid UTF-8 at byte 2"},
             Row{std::string(10 * 1024 * 1024, 'x'),
                 "Row 1: text is larger than the limit of 1048576 bytes: 10485760"},
         }) {
        SCOPED_TRACE(row.words);
        const auto answer = ask({"fine", row.text});
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, Code::InvalidArgument);
        EXPECT_EQ(answer.error().message, row.words);
        EXPECT_EQ(capture.rows().back().status, 400);
        EXPECT_EQ(capture.rows().back().error, row.words);
        EXPECT_EQ(capture.rows().back().label, -1);
        EXPECT_EQ(capture.rows().back().payload, "");
    }
    EXPECT_THAT(ask({}).error().message, HasSubstr("no rows"));
    EXPECT_THAT(
        ask(std::vector<std::string_view>(4097, "x")).error().message, HasSubstr("limit of 4096")
    );
}

TEST_F(ServingTest, TellsUnknownFromNotLoaded) {
    EXPECT_EQ(ask({"x"}).error().message, "Request for unknown model: 'm' is not found");
    EXPECT_EQ(serving.refresh("nobody").error().code, Code::NotFound);
    ASSERT_TRUE(serving.refresh_all());
    EXPECT_EQ(ask({"x"}, "1")->route, Route::Pinned);
    EXPECT_EQ(ask({"x"}, "stable")->served->number, 1);
    EXPECT_EQ(ask({"x"}, "2").error().code, Code::Unavailable);
    EXPECT_EQ(ask({"x"}, "previous").error().code, Code::Unavailable);
    EXPECT_EQ(ask({"x"}, "9").error().code, Code::NotFound);
    EXPECT_EQ(
        serving.find("m", "canary").error().code, Code::Unavailable
    );  // a label that is nowhere
    EXPECT_EQ(serving.status("x").error().code, Code::NotFound);
}

TEST_F(ServingTest, SwapsAndKeepsTheOldVersionAsPrevious) {
    ASSERT_TRUE(serving.refresh("m"));
    roll_out("m", 2);
    EXPECT_EQ(stable(), 1);  // not before refresh
    ASSERT_TRUE(serving.refresh("m"));
    EXPECT_EQ(stable(), 2);
    EXPECT_EQ(ask({"x"}, "previous")->served->number, 1);
    EXPECT_EQ(serving.status("m")->swaps, 2);
    ASSERT_TRUE(serving.refresh("m"));
    EXPECT_EQ(serving.status("m")->swaps, 2);  // nothing new
    const auto version_one = serving.find("m", "1").value()->weights;
    roll_out("m", 1);
    ASSERT_TRUE(serving.refresh("m"));  // a rollback loads nothing
    EXPECT_EQ(serving.find("m", "stable").value()->weights, version_one);
    EXPECT_EQ(serving.status("m")->previous, 2);
}

TEST_F(ServingTest, FreesAVersionAfterItsLastRequest) {
    ASSERT_TRUE(serving.refresh("m"));
    auto held = ask({"x"}).value();
    const std::weak_ptr<const Model> weights = held.served->weights;
    for (const std::int64_t number : {2, 3}) {
        roll_out("m", number);
        ASSERT_TRUE(serving.refresh("m"));
    }
    EXPECT_FALSE(weights.expired());
    held = {};
    EXPECT_TRUE(weights.expired());
}

TEST_F(ServingTest, ServesOnWhenALoadFails) {
    ASSERT_TRUE(serving.refresh("m"));
    add_version("m", 4, "damaged");
    add_version("m", 5, "0.5,0.5");
    add_version("m", 6, "0.5,0.5,0.5");
    std::int64_t failures = 0;
    for (const std::int64_t number : {4, 5, 6, 77}) {
        roll_out("m", number);
        EXPECT_FALSE(serving.refresh("m"));
        EXPECT_EQ(stable(), 1);
        EXPECT_EQ(serving.status("m")->swap_failures, ++failures);
        EXPECT_NE(serving.status("m")->reason, "");
    }
    roll_out("m", 2);
    ASSERT_TRUE(serving.refresh("m"));
    EXPECT_EQ(serving.status("m")->reason, "");
}

TEST_F(ServingTest, AppliesTheNewestCorrectionAndKeepsTheBaseScores) {
    add_correction(1, {0.25, 0.25, 0.5}, true);
    add_correction(1, {0.5, 0.25, 0.25}, true);
    add_correction(2, {0.1, 0.1, 0.8}, true);  // of another version
    ASSERT_TRUE(serving.refresh("m"));
    const auto answer = ask({"x"});
    // .5*2, .25*1, .25*.5 = 1, .25, .125; sum 1.375
    EXPECT_THAT(
        answer->scores,
        ElementsAre(FloatEq(1 / 1.375F), FloatEq(.25F / 1.375F), FloatEq(.125F / 1.375F))
    );
    EXPECT_THAT(capture.rows()[0].base_scores, ElementsAre(0.5F, 0.25F, 0.25F));
    EXPECT_EQ(capture.rows()[0].scores, answer->scores);
    EXPECT_TRUE(serving.status("m")->corrected);

    add_correction(1, {0.5, 0.25, 0.25}, false);  // the audit says it no longer helps
    ASSERT_TRUE(serving.refresh("m"));
    EXPECT_THAT(ask({"x"})->scores, ElementsAre(0.5F, 0.25F, 0.25F));
    EXPECT_EQ(serving.status("m")->previous, 0);
}

TEST_F(ServingTest, RefusesACorrectionThatIsNoClassMix) {
    ASSERT_TRUE(serving.refresh("m"));
    for (const std::vector<double>& mix :
         {std::vector<double>{0.5, 0.5}, {0.5, 0.5, 0}, {0.5, 0.5, NAN}}) {
        add_correction(1, mix, true);
        EXPECT_EQ(serving.refresh("m").error().code, Code::Corrupt);
        EXPECT_THAT(ask({"x"})->scores, ElementsAre(0.5F, 0.25F, 0.25F));
    }
}

TEST_F(ServingTest, SwapsUnderLoadWithoutAFailedRequest) {
    ASSERT_TRUE(serving.refresh("m"));
    std::atomic<bool> done = false;
    std::atomic<int> wrong = 0;
    std::atomic<int> answered = 0;
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; ++i) {
        callers.emplace_back([&] {
            while (!done) {
                const auto answer = ask({"x"});
                // The answer is of one version as a whole: label and number belong together.
                wrong += !answer || answer->labels[0] != answer->served->number - 1 ? 1 : 0;
                ++answered;
            }
        });
    }
    for (int swap = 0; swap < 300 || answered < 1000; ++swap) {
        roll_out("m", 1 + swap % 3);
        EXPECT_TRUE(serving.refresh("m"));
    }
    done = true;
    for (std::thread& caller : callers) {
        caller.join();
    }
    EXPECT_EQ(wrong, 0);
    std::set<std::string> ids;
    const auto rows = capture.rows();
    for (const Prediction& row : rows) {
        ids.insert(row.id.text());
    }
    EXPECT_EQ(ids.size(), rows.size());
}

TEST_F(ServingTest, UnloadsByHandUntilItIsToldToLoad) {
    EXPECT_EQ(serving.unload_model("m").error().code, Code::NotFound);
    EXPECT_EQ(serving.load_model("nobody").error().code, Code::NotFound);
    ASSERT_TRUE(serving.refresh("m"));
    auto held = ask({"x"}).value();
    ASSERT_TRUE(serving.unload_model("m"));
    EXPECT_EQ(ask({"x"}).error().code, Code::Unavailable);
    EXPECT_THAT(serving.status("m")->leaving, ElementsAre(1));
    EXPECT_TRUE(serving.status("m")->unloaded);
    held = {};
    EXPECT_THAT(serving.status("m")->leaving, ElementsAre());
    roll_out("m", 2);
    ASSERT_TRUE(serving.refresh("m"));  // a new Rollout alone loads nothing
    EXPECT_EQ(stable(), 0);
    ASSERT_TRUE(serving.load_model("m"));
    EXPECT_EQ(stable(), 2);
    EXPECT_EQ(serving.status("m")->counts.at(1)->answered_rows(), 1);
    EXPECT_FALSE(serving.status("m")->unloaded);

    add_version("m", 4, "damaged");
    roll_out("m", 4);
    const auto refused = serving.load_model("m");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("Artefact is damaged"));
    EXPECT_EQ(stable(), 2);
    EXPECT_EQ(serving.status("m")->loading, 0);
}

TEST_F(ServingTest, RunsAModelOverTensors) {
    add_version("t", 1, "echo INT16 2");
    add_version("t", 2, "break INT16 2");
    roll_out("t", 1);
    ASSERT_TRUE(serving.refresh("t"));
    EXPECT_EQ(serving.find("t", "").value()->signature.inputs[0].shape, (Shape{-1, 2}));
    const std::vector<std::int16_t> values = {1, 2, 3, 4};
    const std::vector<TensorView> inputs = {
        {DataType::Int16, {2, 2}, std::as_bytes(std::span(values)), {}}
    };
    const std::vector<std::size_t> wanted = {0};
    InferRequest request{.model = "t", .version = "", .request_id = "r", .texts = {}};
    request.inputs = inputs;
    request.wanted = wanted;
    request.rows = 2;
    const auto answer = serving.infer(request);
    ASSERT_TRUE(answer) << answer.error().message;
    ASSERT_EQ(answer->tensors.size(), 1U);
    EXPECT_EQ(answer->tensors[0].shape, (Shape{2, 2}));
    const auto rows = capture.rows();
    ASSERT_EQ(rows.size(), 2U);
    const auto kept = decode_tensor_payload(rows[1].media_type, rows[1].payload);
    ASSERT_TRUE(kept) << kept.error().message;
    EXPECT_TRUE(std::ranges::equal(kept->at(0).tensor.bytes.bytes(), inputs[0].bytes.subspan(4)));
    EXPECT_EQ(rows[1].label, -1);
    EXPECT_EQ(rows[1].status, 200);
    EXPECT_EQ(serving.status("t")->counts.at(1)->answered_rows(), 2);

    request.rows = 5000;
    EXPECT_EQ(serving.infer(request).error().code, Code::InvalidArgument);
    request.rows = 2;
    roll_out("t", 2);
    ASSERT_TRUE(serving.refresh("t"));
    EXPECT_EQ(serving.infer(request).error().code, Code::Internal);
    EXPECT_EQ(capture.rows().back().status, 500);
}

TEST(ServedCounts, CountsEachBatchSizeAndLosesNoCall) {
    ServedCounts counts;
    const std::chrono::nanoseconds infer(5);
    for (std::int64_t size = 1; size <= 100; ++size) {
        EXPECT_EQ(counts.executed(size, infer) != nullptr, size <= 64);
        counts.executed(size, infer);
    }
    std::int64_t listed = 0;
    for (const ServedCounts::BatchCounts& batch : counts.batches) {
        EXPECT_EQ(batch.count, 2);
        EXPECT_EQ(batch.infer, 10);
        listed += batch.count;
    }
    EXPECT_EQ(listed, 128);
    EXPECT_EQ(counts.executions, 200);
    EXPECT_EQ(counts.executed_rows, 100 * 101);
    const std::array<int, 10> by_rows = {2, 2, 4, 8, 16, 32, 64, 72, 0, 0};
    for (std::size_t i = 0; i < by_rows.size(); ++i) {
        EXPECT_EQ(counts.batch_rows[i], by_rows[i]);
    }
    EXPECT_EQ(counts.last_inference_ms, 0);
}

}  // namespace
}  // namespace flywheel::serving
