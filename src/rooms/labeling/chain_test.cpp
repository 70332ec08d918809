// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/chain.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "rooms/labeling/label_desk.h"
#include "rooms/labeling/labeling.h"

namespace flywheel::labeling {
namespace {

using ::testing::HasSubstr;

/// The chain is checked on a copy of the log, because the ledger lets nobody change it.
Result<std::int64_t> verify(const std::vector<LabelEvent>& events) {
    LabelDesk copy;
    for (const auto& event : events) {
        CHECK(copy.ledger->insert(table_of<LabelEvent>(), to_row(event)));
    }
    return copy.room.verify_chain();
}

RC_GTEST_PROP(LabelChain, ShowsEveryChangeOfEveryFieldAtItsSeq, ()) {
    LabelDesk desk;
    RC_ASSERT(desk.room.define_schema("news", {"politics", "sports"}).has_value());
    const int count = 5;
    for (int i = 0; i < count; ++i) {
        const auto task = desk.task(std::to_string(i), 1, i);
        RC_ASSERT(desk.room.answer({.task_id = task.text(), .actor = "kim", .label = "sports"})
                      .has_value());
    }
    auto events = Reader<LabelEvent>(*desk.ledger)
                      .select(Where<LabelEvent>().order(&LabelEvent::seq))
                      .value();
    RC_ASSERT(verify(events).value() == count);
    const auto at = *rc::gen::inRange(0, count);
    auto& event = events[static_cast<std::size_t>(at)];
    switch (*rc::gen::inRange(0, 8)) {
        case 0:
            event.choice = 0;
            break;
        case 1:
            event.actor = "lee";
            break;
        case 2:
            event.item = sha256("other");
            break;
        case 3:
            event.received += Duration(1);
            break;
        case 4:
            event.holdout = !event.holdout;
            break;
        case 5:
            event.probability = 0.5;
            break;
        case 6:
            event.reason = "x";
            break;
        default:
            event.chain.bytes[7] ^= 1U;
            break;
    }
    const auto found = verify(events);
    RC_ASSERT(!found.has_value());
    RC_ASSERT(found.error().code == Code::Corrupt);
    RC_ASSERT(found.error().message.find("seq " + std::to_string(at + 1)) != std::string::npos);
}

TEST(LabelChain, ShowsAMissingEvent) {
    LabelDesk desk;
    ASSERT_TRUE(desk.room.define_schema("news", {"politics", "sports"}));
    for (int i = 0; i < 3; ++i) {
        const auto task = desk.task(std::to_string(i), 1, i);
        ASSERT_TRUE(desk.room.answer({.task_id = task.text(), .actor = "kim", .label = "sports"}));
    }
    auto events = Reader<LabelEvent>(*desk.ledger)
                      .select(Where<LabelEvent>().order(&LabelEvent::seq))
                      .value();
    events.erase(events.begin() + 1);
    EXPECT_THAT(verify(events).error().message, HasSubstr("seq 2"));
}

/// An imported and an answered event as a program wrote them before events said how they were
/// asked.
TEST(LabelChain, FitsALogThatWasWrittenBefore) {
    LabelEvent event;
    event.id = Id<LabelEvent>::parse("00000000-0000-799a-b305-339fe43db5a6").value();
    event.seq = 1;
    event.model = "news";
    event.item =
        Digest::parse("7ec826fd829f729e31d8eac060a917efd2818792532f6f7d0b406be7e9bf3351").value();
    event.actor_kind = ActorKind::Import;
    event.actor = "import:generated look-alike (seed 1)";
    event.choice = 4;
    event.received = Time(std::chrono::microseconds(1483228800000000));
    EXPECT_EQ(
        chain_of(Digest(), event).hex(),
        "8043f77f5d1290107e91881fc75d9c52de79e6adcf0d7436edb32a8318af60bb"
    );
    event.id = Id<LabelEvent>::parse("0159f6f8-8800-7091-9e44-0304261322c5").value();
    event.seq = 2424;
    event.item =
        Digest::parse("cd009cb14574e55d669db01fc59d2d448357ff3ab9ba82cd00804541fd9be562").value();
    event.task = Id<LabelTask>::parse("0159f6f8-8800-70d2-8761-a80693a6d76f").value();
    event.actor_kind = ActorKind::Human;
    event.actor = "annotator-1";
    event.choice = 3;
    event.arm = Arm::Audit;
    event.probability = 0.03773584905660377;
    event.received = Time(std::chrono::microseconds(1485907200000000));
    const auto previous =
        Digest::parse("6b4a0e9b165fdf5f96eed246a63b64ed7ecd604e33142fed71e40f02b832ca1c").value();
    EXPECT_EQ(
        chain_of(previous, event).hex(),
        "d087de82cc6ddd685a6c64903b16d1c059c9e5e81ad632f784d3c79be11a9fc4"
    );
}

TEST(LabelChain, CoversWhatWasAddedLater) {
    LabelEvent event;
    event.blind = true;
    const Digest before = chain_of(Digest(), event);
    event.suggested = 1;
    const Digest after = chain_of(Digest(), event);
    EXPECT_NE(before, chain_of(Digest(), LabelEvent()));
    EXPECT_NE(before, after);
}

TEST(LabelChain, IsFixedForEver) {
    LabelEvent event;
    event.seq = 1;
    event.model = "news";
    event.actor = "kim";
    event.choice = 2;
    EXPECT_EQ(
        chain_of(Digest(), event).hex(),
        "53fe6d5a4245af49dd5f3e72c6923f491583a102f658b097a23d5aa93ae27818"
    );
}

}  // namespace
}  // namespace flywheel::labeling
