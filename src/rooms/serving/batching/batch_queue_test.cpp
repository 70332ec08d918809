// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/batching/batch_queue.h"

#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace flywheel::serving {
namespace {

using std::chrono::microseconds;
using ::testing::ElementsAre;

/// A request of rows with `width` values each.
QueuedPointer request_of(std::int64_t rows, std::int64_t width = 3, Instant at = {}) {
    auto request = std::make_shared<QueuedRequest>();
    request->rows = rows;
    request->inputs = {{DataType::Fp32, {rows, width}}};
    request->submitted = at;
    return request;
}

std::vector<std::int64_t> rows_of(const std::vector<BatchSlice>& batch) {
    std::vector<std::int64_t> rows;
    for (const BatchSlice& slice : batch) {
        rows.push_back(slice.rows);
    }
    return rows;
}

Instant at(std::int64_t micros) {
    return Instant() + microseconds(micros);
}

TEST(BatchQueue, GivesAnIdleInstanceWhatWaitsUpToTheLimit) {
    BatchQueue queue({.batch_rows = 8}, true);
    EXPECT_TRUE(queue.take(at(0)).empty());
    for (const std::int64_t rows : {3, 4, 2, 1}) {
        ASSERT_TRUE(queue.push(request_of(rows)));
    }
    EXPECT_EQ(queue.waiting_rows(), 10);
    EXPECT_THAT(rows_of(queue.take(at(0))), ElementsAre(3, 4));
    EXPECT_TRUE(queue.take(at(0)).empty());  // its one instance is busy
    EXPECT_FALSE(queue.due());
    queue.finish();
    EXPECT_THAT(rows_of(queue.take(at(0))), ElementsAre(2, 1));
    EXPECT_EQ(queue.waiting_rows(), 0);
}

TEST(BatchQueue, WaitsForCompanyNoLongerThanItsDelay) {
    BatchQueue queue({.batch_rows = 4, .delay = microseconds(100)}, true);
    ASSERT_TRUE(queue.push(request_of(1, 3, at(10))));
    ASSERT_TRUE(queue.push(request_of(2, 3, at(60))));
    EXPECT_TRUE(queue.take(at(109)).empty());
    EXPECT_EQ(queue.due(), at(110));
    EXPECT_THAT(rows_of(queue.take(at(110))), ElementsAre(1, 2));
    queue.finish();
    ASSERT_TRUE(queue.push(request_of(3, 3, at(200))));
    ASSERT_TRUE(queue.push(request_of(1, 3, at(201))));
    EXPECT_THAT(rows_of(queue.take(at(201))), ElementsAre(3, 1));  // full: at once
    queue.finish();
    ASSERT_TRUE(queue.push(request_of(3, 3, at(300))));
    ASSERT_TRUE(queue.push(request_of(2, 3, at(301))));
    EXPECT_THAT(rows_of(queue.take(at(301))), ElementsAre(3));  // the next does not fit
}

TEST(BatchQueue, EndsABatchAtAnOddShapeAndKeepsTheOrder) {
    BatchQueue queue({.batch_rows = 8, .delay = microseconds(1000)}, true);
    for (const std::int64_t width : {3, 3, 5, 3}) {
        ASSERT_TRUE(queue.push(request_of(1, width, at(0))));
    }
    EXPECT_THAT(rows_of(queue.take(at(0))), ElementsAre(1, 1));
    queue.finish();
    const auto odd = queue.take(at(0));
    ASSERT_EQ(odd.size(), 1U);
    EXPECT_EQ(odd[0].request->inputs[0].shape[1], 5);
    queue.finish();
    EXPECT_TRUE(queue.take(at(999)).empty());
    EXPECT_THAT(rows_of(queue.take(at(1000))), ElementsAre(1));
}

TEST(BatchQueue, RunsALargeRequestInPiecesAndFillsItsRest) {
    BatchQueue queue({.batch_rows = 4, .queue_rows = 100, .instances = 3}, true);
    ASSERT_TRUE(queue.push(request_of(1)));
    ASSERT_TRUE(queue.push(request_of(10)));
    ASSERT_TRUE(queue.push(request_of(1)));
    EXPECT_THAT(rows_of(queue.take(at(0))), ElementsAre(1));
    const auto first = queue.take(at(0));
    EXPECT_THAT(rows_of(first), ElementsAre(4));
    EXPECT_FALSE(first[0].whole());
    EXPECT_EQ(queue.take(at(0))[0].first, 4);
    queue.finish();
    EXPECT_EQ(queue.waiting_rows(), 3);
    EXPECT_THAT(rows_of(queue.take(at(0))), ElementsAre(2, 1));
}

TEST(BatchQueue, RunsOneByOneWhatDoesNotBatch) {
    BatchQueue queue({.batch_rows = 4, .delay = microseconds(50)}, false);
    ASSERT_TRUE(queue.push(request_of(1)));
    ASSERT_TRUE(queue.push(request_of(1)));
    EXPECT_THAT(rows_of(queue.take(at(0))), ElementsAre(1));
}

TEST(BatchQueue, RefusesMoreRowsThanMayWaitUnlessNothingElseWaits) {
    BatchQueue queue({.batch_rows = 4, .queue_rows = 6}, true);
    ASSERT_TRUE(queue.push(request_of(9)));
    EXPECT_FALSE(queue.push(request_of(1)));
    EXPECT_THAT(rows_of(queue.take(at(0))), ElementsAre(4));
    EXPECT_TRUE(queue.push(request_of(1)));
    EXPECT_FALSE(queue.push(request_of(1)));
    EXPECT_EQ(queue.waiting_rows(), 6);
}

TEST(BatchQueue, ForgetsWhatIsRemoved) {
    BatchQueue queue({.batch_rows = 4}, true);
    const auto large = request_of(10);
    const auto small = request_of(2);
    ASSERT_TRUE(queue.push(large));
    ASSERT_TRUE(queue.push(small));
    EXPECT_THAT(rows_of(queue.take(at(0))), ElementsAre(4));
    queue.remove(*large);
    EXPECT_EQ(queue.waiting_rows(), 2);
    queue.finish();
    EXPECT_THAT(rows_of(queue.take(at(0))), ElementsAre(2));
    queue.remove(*small);  // it waits no more: no effect
    EXPECT_EQ(queue.waiting_rows(), 0);
}

/// What a random history of arrivals, removals and instances must keep to.
struct History {
    BatchLimits limits;
    BatchQueue queue;
    std::int64_t now = 0;
    std::vector<QueuedPointer> pushed;  // in order
    std::set<const QueuedRequest*> removed;
    std::map<const QueuedRequest*, std::int64_t> started;  // rows taken so far
    std::size_t last = 0;  // place in `pushed` of what was taken last

    explicit History(const BatchLimits& limit) : limits(limit), queue(limit, true) {}

    std::int64_t waiting() const {
        std::int64_t rows = 0;
        for (const auto& request : pushed) {
            if (!removed.contains(request.get())) {
                rows += request->rows - request->taken;
            }
        }
        return rows;
    }

    void push(std::int64_t rows, std::int64_t width) {
        const auto request = request_of(rows, width, at(now));
        const std::int64_t before = waiting();
        const bool room = before == 0 || before + rows <= limits.queue_rows;
        RC_ASSERT(queue.push(request) == room);
        if (room) {
            pushed.push_back(request);
        }
    }

    void take() {
        const auto due = queue.due();
        const auto batch = queue.take(at(now));
        RC_ASSERT(batch.empty() == (!due || *due > at(now)));
        std::int64_t rows = 0;
        for (const BatchSlice& slice : batch) {
            rows += slice.rows;
            RC_ASSERT(slice.rows > 0);
            RC_ASSERT(!removed.contains(slice.request.get()));
            RC_ASSERT(slice.request->inputs[0].shape[1] == batch[0].request->inputs[0].shape[1]);
            RC_ASSERT(slice.first == started[slice.request.get()]);
            RC_ASSERT(slice.whole() || slice.request->rows > limits.batch_rows);
            started[slice.request.get()] += slice.rows;
            const auto place = static_cast<std::size_t>(
                std::find(pushed.begin(), pushed.end(), slice.request) - pushed.begin()
            );
            RC_ASSERT(place >= last);
            last = place;
        }
        RC_ASSERT(rows <= limits.batch_rows);
        RC_ASSERT(queue.running() <= limits.instances);
    }

    void remove(std::size_t which) {
        if (!pushed.empty()) {
            const auto& request = pushed[which % pushed.size()];
            if (request->taken < request->rows) {
                removed.insert(request.get());
            }
            queue.remove(*request);
        }
    }

    void step() {
        now += *rc::gen::inRange<std::int64_t>(0, 60);
        switch (*rc::gen::inRange(0, 5)) {
            case 0:
            case 1:
                push(
                    *rc::gen::weightedOneOf<std::int64_t>(
                        {{5, rc::gen::inRange<std::int64_t>(1, 6)},
                         {1, rc::gen::inRange<std::int64_t>(6, 40)}}
                    ),
                    *rc::gen::weightedElement<std::int64_t>({{6, 3}, {1, 5}})
                );
                break;
            case 2:
                take();
                break;
            case 3:
                if (queue.running() > 0) {
                    queue.finish();
                }
                break;
            default:
                remove(*rc::gen::inRange<std::size_t>(0, 1000));
                break;
        }
        RC_ASSERT(queue.waiting_rows() == waiting());
    }
};

RC_GTEST_PROP(BatchQueue, TakesEachRowOnceInOrderAndNeverMixesShapes, ()) {
    BatchLimits limits;
    limits.batch_rows = *rc::gen::inRange<std::int64_t>(1, 10);
    limits.queue_rows = *rc::gen::inRange<std::int64_t>(1, 40);
    limits.instances = *rc::gen::inRange(1, 4);
    limits.delay = microseconds(*rc::gen::element(0, 0, 100));
    History history(limits);
    const int steps = *rc::gen::inRange(1, 80);
    for (int i = 0; i < steps; ++i) {
        history.step();
    }
    history.now += 1000;
    while (history.waiting() > 0) {  // whatever is left runs in the end
        if (history.queue.running() == limits.instances) {
            history.queue.finish();
        }
        const std::int64_t before = history.waiting();
        history.take();
        RC_ASSERT(history.waiting() < before);
    }
    for (const auto& request : history.pushed) {
        RC_ASSERT(
            history.removed.contains(request.get()) ||
            history.started[request.get()] == request->rows
        );
    }
}

}  // namespace
}  // namespace flywheel::serving
