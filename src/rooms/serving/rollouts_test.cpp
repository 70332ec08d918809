// SPDX-License-Identifier: Apache-2.0
// Serving and the Rollouts of release together: labels, policies, split, shadow, restart, faults.
#include <atomic>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ports/ledger/faulty_ledger.h"
#include "records/rollout_fold.h"
#include "serving_world.h"

namespace flywheel::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Of the model "kept" the latest two versions stay loaded.
Plan kept_plan() {
    Plan plan;
    plan.policies["kept"] = {.keep = Keep::Latest, .count = 2, .versions = {}};
    return plan;
}

class RolloutsTest : public ::testing::Test, protected testing::ServingWorld {
  protected:
    RolloutsTest() : ServingWorld(kept_plan()) {
        add_version("m", 1, "0.5,0.25,0.25");
        add_version("m", 2, "0.25,0.5,0.25");
        add_version("m", 3, "0.25,0.25,0.5");
        roll_out("m", 1);
    }

    /// A live event about version `to` beside the stable `from`.
    Rollout go_live(RolloutState state, std::int64_t from, std::int64_t to, double share) {
        Rollout event;
        event.model = "m";
        event.state = state;
        event.from_version = from;
        event.to_version = to;
        event.share = share;
        return write(event);
    }

    Rollout end(const Rollout& live, RolloutState state) {
        Rollout event = live;
        event.state = state;
        if (state != RolloutState::Done) {
            std::swap(event.from_version, event.to_version);
        }
        return write(event);
    }

    Result<InferAnswer> ask(std::string_view key, std::string_view version = "") {
        const std::vector<std::string_view> texts = {"x"};
        return serving.infer(
            {.model = "m", .version = version, .request_id = "r", .texts = texts, .key = key}
        );
    }

    /// The next promotion, in a ledger that remembers two.
    void move_stable(std::int64_t to) {
        auto events = Reader<Rollout>(ledger).select(Where<Rollout>().order(&Rollout::seq)).value();
        if (events.size() < 2) {
            roll_out("m", to);
            return;
        }
        events[0].to_version = std::exchange(events[1].to_version, to);
        for (const Rollout& event : events) {
            CHECK(Writer<Rollout>(ledger).update(event).has_value());
        }
    }

    std::vector<std::int64_t> loaded(const std::string& model = "m") {
        std::vector<std::int64_t> numbers;
        const auto status = serving.status(model).value();
        for (const auto& version : status.loaded) {
            numbers.push_back(version->number);
        }
        return numbers;
    }

    /// Another serving over the same ledger and vault, as after a restart.
    std::unique_ptr<Serving> restarted() {
        return std::make_unique<Serving>(
            Reader<Rollout>(ledger),
            Reader<ModelVersion>(ledger),
            Reader<Correction>(ledger),
            vault,
            engine,
            capture,
            clock
        );
    }

  private:
    Rollout write(Rollout event) {
        event.id = Id<Rollout>::random(clock.now(), rng);
        event.rollout = event.rollout.is_zero() ? event.id : event.rollout;
        event.seq = 1000 + ++events_;
        CHECK(Writer<Rollout>(ledger).insert(event).has_value());
        return event;
    }

    std::int64_t events_ = 0;
};

TEST_F(RolloutsTest, ACanaryAnswersItsPartAndStableTheRest) {
    const auto canary = go_live(RolloutState::Canary, 1, 2, 0.5);
    ASSERT_TRUE(serving.refresh("m"));
    EXPECT_EQ(serving.status("m")->canary, 2);
    int on_canary = 0;
    for (int i = 0; i < 200; ++i) {
        const std::string key = "user-" + std::to_string(i);
        const auto answer = ask(key).value();
        const bool expected = in_share(canary.id.text(), key, 0.5);
        EXPECT_EQ(answer.route, expected ? Route::Canary : Route::Stable);
        EXPECT_EQ(answer.served->number, expected ? 2 : 1);
        EXPECT_EQ(capture.rows().back().rollout, canary.id);  // both parts belong to the trial
        on_canary += expected ? 1 : 0;
    }
    EXPECT_EQ(serving.status("m")->counts.at(2)->rows[1], on_canary);
    EXPECT_EQ(serving.status("m")->unsticky, 0);
    EXPECT_EQ(
        ask("user-0", "stable")->route, Route::Pinned
    );  // who names a version leaves the split
    EXPECT_TRUE(capture.rows().back().rollout.is_zero());
    EXPECT_EQ(ask("user-0", "canary")->served->number, 2);
    ASSERT_TRUE(ask(""));
    EXPECT_EQ(serving.status("m")->unsticky, 1);
}

TEST_F(RolloutsTest, ACanaryThatIsDoneIsStableAndLoadsNothing) {
    const auto canary = go_live(RolloutState::Canary, 1, 2, 0.5);
    ASSERT_TRUE(serving.refresh("m"));
    const auto weights = serving.find("m", "canary").value()->weights;
    end(canary, RolloutState::Done);
    ASSERT_TRUE(serving.follow_labels("m"));
    EXPECT_EQ(serving.find("m", "stable").value()->weights, weights);
    EXPECT_EQ(serving.status("m")->previous, 1);
    EXPECT_EQ(serving.status("m")->canary, 0);
}

TEST_F(RolloutsTest, ATakenBackCanaryAnswersNobody) {
    const auto canary = go_live(RolloutState::Canary, 1, 2, 1.0);
    ASSERT_TRUE(serving.refresh("m"));
    EXPECT_EQ(ask("anna")->served->number, 2);
    end(canary, RolloutState::RolledBack);
    ASSERT_TRUE(serving.follow_labels("m"));
    EXPECT_EQ(ask("anna")->served->number, 1);
    EXPECT_EQ(ask("anna", "canary").error().code, Code::Unavailable);
    EXPECT_THAT(loaded(), ElementsAre(1));
}

TEST_F(RolloutsTest, AShadowSeesStableTrafficAndNoCallerSeesIt) {
    go_live(RolloutState::Shadow, 1, 2, 1.0);
    ASSERT_TRUE(serving.refresh("m"));
    serving.start();
    EXPECT_EQ(ask("anna")->served->number, 1);
    ASSERT_TRUE(ask("anna", "1"));  // pinned requests are not copied
    while (capture.rows().size() < 3) {
        std::this_thread::yield();
    }
    serving.stop();
    const auto rows = capture.rows();
    ASSERT_EQ(rows.size(), 3U);
    const auto shadow = std::find_if(rows.begin(), rows.end(), [](const Prediction& row) {
        return row.route == Route::Shadow;
    });
    ASSERT_NE(shadow, rows.end());
    EXPECT_EQ(shadow->version, "2");
    EXPECT_EQ(shadow->request_id, "r");
    EXPECT_EQ(shadow->agreement, Agreement::Differs);
}

TEST_F(RolloutsTest, ARestartKeepsEveryLabel) {
    roll_out("m", 2);
    go_live(RolloutState::Canary, 2, 3, 0.25);
    ASSERT_TRUE(serving.refresh("m"));
    const auto again = restarted();
    ASSERT_TRUE(again->load_served());
    EXPECT_EQ(again->status("m")->stable, 2);  // what is served comes first, and alone
    EXPECT_EQ(again->status("m")->loaded.size(), 1U);
    again->start();
    while (again->status("m")->loaded.size() < 3) {
        std::this_thread::yield();
    }
    again->stop();
    const auto status = again->status("m").value();
    EXPECT_EQ(status.previous, 1);
    EXPECT_EQ(status.canary, 3);
    EXPECT_EQ(status.share, 0.25);
}

TEST_F(RolloutsTest, ARollbackNeedsNoLoad) {
    roll_out("m", 2);
    ASSERT_TRUE(serving.refresh("m"));
    const auto before = serving.status("m").value();
    Rollout back;
    back.model = "m";
    back.state = RolloutState::RolledBack;
    back.from_version = 2;
    back.to_version = 1;
    back.id = back.rollout = Id<Rollout>::random(clock.now(), rng);
    back.seq = 2000;
    ASSERT_TRUE(Writer<Rollout>(ledger).insert(back));
    ASSERT_TRUE(serving.follow_labels("m"));
    EXPECT_EQ(ask("anna")->served, before.before);
    EXPECT_EQ(serving.status("m")->loads, before.loads);
}

TEST_F(RolloutsTest, ALabelMovesOnlyToWhatIsLoadedAndOfTheSameTensors) {
    ASSERT_TRUE(serving.refresh("m"));
    add_version("t", 1, "echo FP32 2");
    add_version("t", 2, "echo FP32 3");
    roll_out("t", 1);
    ASSERT_TRUE(serving.refresh("t"));
    const auto refused = serving.prepare("t", 2, SignatureChange::Refused);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Conflict);
    EXPECT_THAT(refused.error().message, HasSubstr("signature_change"));
    EXPECT_TRUE(serving.prepare("t", 2, SignatureChange::Allowed));
    roll_out("t", 2);  // a move that does not say so
    EXPECT_EQ(serving.refresh("t").error().code, Code::Conflict);
    EXPECT_EQ(serving.status("t")->stable, 1);
    EXPECT_EQ(serving.prepare("t", 9, SignatureChange::Allowed).error().code, Code::NotFound);
}

TEST_F(RolloutsTest, APreparedVersionStaysUntilItsLabelMoves) {
    ASSERT_TRUE(serving.refresh("m"));
    ASSERT_TRUE(serving.prepare("m", 2, SignatureChange::Refused));
    EXPECT_THAT(loaded(), ElementsAre(1, 2));
    ASSERT_TRUE(serving.refresh("m"));
    EXPECT_THAT(loaded(), ElementsAre(1, 2));
    const auto weights = serving.find("m", "2").value()->weights;
    roll_out("m", 2);
    ASSERT_TRUE(serving.follow_labels("m"));
    EXPECT_EQ(serving.find("m", "stable").value()->weights, weights);
    roll_out("m", 3);
    ASSERT_TRUE(serving.refresh("m"));
    EXPECT_THAT(loaded(), ElementsAre(2, 3));
}

TEST_F(RolloutsTest, APolicyKeepsVersionsBesideTheLabels) {
    for (const std::int64_t number : {1, 2, 3}) {
        add_version("kept", number, "0.5,0.25,0.25");
    }
    roll_out("kept", 1);
    ASSERT_TRUE(serving.refresh("kept"));  // the latest two, says the world's plan
    EXPECT_THAT(loaded("kept"), ElementsAre(1, 2, 3));
    EXPECT_EQ(serving.find("kept", "3").value()->number, 3);
    add_version("kept", 4, "0.5,0.25,0.25");
    ASSERT_TRUE(serving.refresh("kept"));
    EXPECT_THAT(loaded("kept"), ElementsAre(1, 3, 4));
    EXPECT_EQ(serving.status("kept")->policy.keep, Keep::Latest);
}

TEST_F(RolloutsTest, AModelOfAPolicyNeedsNoRollout) {
    add_version("kept", 1, "0.5,0.25,0.25");
    ASSERT_TRUE(serving.refresh_all());
    EXPECT_EQ(serving.find("kept", "1").value()->number, 1);
    EXPECT_EQ(serving.find("kept", "").error().code, Code::Unavailable);
    add_version("other", 1, "0.5,0.25,0.25");
    const auto refused = serving.load_model("other");
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("promote one"));
}

TEST_F(RolloutsTest, AFailedLoadOfPreviousIsNotedAndServesOn) {
    add_version("m", 4, "damaged");
    roll_out("m", 4);
    EXPECT_FALSE(serving.refresh("m"));
    roll_out("m", 2);
    ASSERT_TRUE(serving.refresh("m"));
    EXPECT_EQ(serving.status("m")->stable, 2);
    EXPECT_EQ(serving.status("m")->previous, 0);  // no label points to what is not loaded
    EXPECT_THAT(serving.status("m")->reasons.at(4), HasSubstr("damaged"));
    EXPECT_EQ(serving.status("m")->swap_failures, 1);
    ASSERT_TRUE(serving.refresh("m"));
    EXPECT_EQ(serving.status("m")->swap_failures, 1);  // not tried again and again
}

TEST_F(RolloutsTest, NewVersionsAreWarmedWithWhatWasCaptured) {
    ASSERT_TRUE(serving.refresh("m"));
    for (int i = 0; i < 60; ++i) {
        ASSERT_TRUE(ask("anna"));
    }
    const int before = *engine.predicted;
    ASSERT_TRUE(serving.prepare("m", 2, SignatureChange::Refused));
    EXPECT_EQ(*engine.predicted - before, 53);  // fifty captured texts and three fixed ones
}

TEST_F(RolloutsTest, TensorModelsAreWarmedAtThreeBatchSizes) {
    add_version("t", 1, "echo FP32 2");
    roll_out("t", 1);
    const int before = *engine.predicted;
    ASSERT_TRUE(serving.refresh("t"));
    EXPECT_EQ(*engine.predicted - before, 3);
}

TEST_F(RolloutsTest, AModelThatFailsItsWarmUpIsNotServed) {
    add_version("m", 4, "0.5,0.5,0.5");
    const auto refused = serving.prepare("m", 4, SignatureChange::Refused);
    EXPECT_EQ(refused.error().code, Code::Corrupt);
    EXPECT_THAT(refused.error().message, HasSubstr("sum to 1"));
}

TEST_F(RolloutsTest, AThousandSwapsUnderLoadFailNoRequestAndKeepTwoVersions) {
    ASSERT_TRUE(serving.refresh("m"));
    std::atomic<bool> done = false;
    std::atomic<int> wrong = 0;
    std::atomic<int> answered = 0;
    std::vector<std::thread> callers;
    for (int i = 0; i < 3; ++i) {
        callers.emplace_back([&] {
            while (!done) {
                const auto answer = ask("anna");
                wrong += !answer || answer->labels[0] != answer->served->number - 1 ? 1 : 0;
                ++answered;
            }
        });
    }
    std::size_t most = 0;
    for (int swap = 1; swap <= 1000; ++swap) {
        move_stable(1 + swap % 3);
        EXPECT_TRUE(serving.refresh("m"));
        most = std::max(most, serving.status("m")->loaded.size());
    }
    while (answered < 1000) {
        std::this_thread::yield();
    }
    done = true;
    for (std::thread& caller : callers) {
        caller.join();
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(most, 2U);
    EXPECT_EQ(serving.status("m")->loads, 1001);
    // Two are held; all others went with their last request.
    EXPECT_EQ(*engine.alive, 2);
}

TEST_F(RolloutsTest, UnloadingFreesEverything) {
    go_live(RolloutState::Canary, 1, 2, 0.5);
    ASSERT_TRUE(serving.refresh("m"));
    ASSERT_TRUE(serving.unload_model("m"));
    EXPECT_EQ(*engine.alive, 0);
    EXPECT_THAT(loaded(), IsEmpty());
    EXPECT_EQ(serving.status("m")->canary, 0);
    ASSERT_TRUE(serving.load_model("m"));
    EXPECT_EQ(serving.status("m")->canary, 2);
}

TEST_F(RolloutsTest, ReachesTheSameEndWhicheverLedgerCallFails) {
    ASSERT_TRUE(serving.refresh("m"));
    roll_out("m", 2);
    go_live(RolloutState::Canary, 2, 3, 0.5);
    for (int call = 1;; ++call) {
        SCOPED_TRACE(call);
        const FaultyLedger faulty(ledger, {.fail_at = call});
        Serving shaky{
            Reader<Rollout>(faulty),
            Reader<ModelVersion>(faulty),
            Reader<Correction>(faulty),
            vault,
            engine,
            capture,
            clock
        };
        const bool whole = shaky.refresh("m").has_value();
        if (!whole) {
            ASSERT_TRUE(shaky.refresh("m"));  // the next try
        }
        const auto status = shaky.status("m").value();
        EXPECT_EQ(status.stable, 2);
        EXPECT_EQ(status.canary, 3);
        EXPECT_EQ(status.previous, 1);
        EXPECT_EQ(status.reason, "");
        if (whole) {
            break;
        }
    }
}

RC_GTEST_PROP(RolloutFold, LabelsDependOnTheEventsAlone, ()) {
    // Whatever the events: nothing crashes, at most one is live, and a prefix folded on gives the
    // same as all folded at once.
    std::vector<Rollout> events;
    const auto states = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 5), rc::gen::inRange(1, 4))
    );
    RolloutFold step_by_step;
    for (const auto& [state, number] : states) {
        Rollout event;
        event.seq = static_cast<std::int64_t>(events.size()) + 1;
        event.id = event.rollout = Id<Rollout>::derived(Time(), std::to_string(number));
        event.state = static_cast<RolloutState>(state);
        event.to_version = number;
        events.push_back(event);
        step_by_step.add(event);
        const auto labels = step_by_step.labels();
        RC_ASSERT(labels == RolloutFold(events).labels());
        RC_ASSERT(labels.canary == 0 || labels.shadow == 0);
        RC_ASSERT(labels.previous == 0 || labels.stable != 0);
    }
}

}  // namespace
}  // namespace flywheel::serving
