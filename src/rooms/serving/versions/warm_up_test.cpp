// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/versions/warm_up.h"

#include <array>
#include <mutex>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ports/engine/tensor_payload.h"
#include "records/payload.h"

namespace flywheel::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Remembers the first input of each call; refuses calls that have a row beginning with 13.
class Remembering final : public TensorModel {
  public:
    explicit Remembering(Signature signature) : signature_(std::move(signature)) {}

    [[nodiscard]] const Signature& signature() const override { return signature_; }

    [[nodiscard]] std::size_t memory_bytes() const override { return 1; }

    Result<std::vector<Tensor>> run(
        std::span<const TensorView> inputs, std::span<const std::size_t> /*wanted*/
    ) const override {
        const TensorView& x = inputs[0];
        shapes.push_back(x.shape.text());
        if (x.type == DataType::Bytes) {
            strings.insert(strings.end(), x.strings.begin(), x.strings.end());
            return std::vector<Tensor>();
        }
        const auto values = x.as<std::int16_t>();
        firsts.emplace_back();
        const auto rows = signature_.batches ? static_cast<std::size_t>(x.shape[0]) : 1;
        for (std::size_t row = 0; row < rows; ++row) {
            firsts.back().push_back(values[row * values.size() / rows]);
            if (firsts.back().back() == 13) {
                return make_error(Code::Internal, "Model failed: thirteen");
            }
        }
        return std::vector<Tensor>();
    }

    mutable std::vector<std::string> shapes;
    mutable std::vector<std::vector<std::int16_t>> firsts;
    mutable std::vector<std::string> strings;

  private:
    Signature signature_;
};

Signature taking(Shape shape, DataType type = DataType::Int16, bool batches = true) {
    return {{{"x", type, shape}}, {{"y", type, shape}}, batches};
}

CapturedPayload row_of(std::vector<std::int16_t> values, Shape shape, std::string_view name = "x") {
    const std::array<std::string_view, 1> names = {name};
    const std::array<TensorView, 1> tensors = {
        TensorView{DataType::Int16, shape, std::as_bytes(std::span(values)), {}}
    };
    const TensorPayloads payloads(TensorPayloads::List::Inputs, names, tensors, 1);
    CapturedPayload payload;
    payload.bytes = payloads.header(0);
    payload.media_type = tensor_media_type(payload.bytes.size());
    payloads.append_elements(0, payload.bytes);
    return payload;
}

CapturedPayload row_of(std::string_view text) {
    const std::array<std::string_view, 1> names = {"x"};
    const std::array<TensorView, 1> tensors = {
        TensorView{DataType::Bytes, {1}, {}, std::span(&text, 1)}
    };
    const TensorPayloads payloads(TensorPayloads::List::Inputs, names, tensors, 1);
    CapturedPayload payload;
    payload.bytes = payloads.header(0);
    payload.media_type = tensor_media_type(payload.bytes.size());
    payloads.append_elements(0, payload.bytes);
    return payload;
}

struct Warmed {
    std::shared_ptr<const Remembering> model;
    Result<void> outcome;
};

Warmed warmed(const Signature& signature, const std::vector<CapturedPayload>& captured) {
    Warmed warmed{std::make_shared<Remembering>(signature), {}};
    ServedVersion version;
    version.model = "m";
    version.weights = warmed.model;
    version.signature = signature;
    warmed.outcome = warm_up(version, captured, 10);
    return warmed;
}

TEST(WarmUp, RunsCapturedRowsAloneAndInBatches) {
    const auto [model, outcome] =
        warmed(taking({-1, 2}), {row_of({1, 2}, {1, 2}), row_of({3, 4}, {1, 2})});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_THAT(model->shapes, ElementsAre("[1,2]", "[1,2]", "[8,2]", "[10,2]"));
    EXPECT_THAT(model->firsts[0], ElementsAre(1));
    EXPECT_THAT(model->firsts[1], ElementsAre(3));
    EXPECT_THAT(model->firsts[2], ElementsAre(1, 3, 1, 3, 1, 3, 1, 3));
}

TEST(WarmUp, RunsZerosWhenNothingCapturedIsOfTheSignature) {
    CapturedPayload cut = row_of({1, 2}, {1, 2});
    cut.bytes.pop_back();
    const auto [model, outcome] = warmed(
        taking({-1, 2}),
        {{std::string(kTextPayload), "a text"},
         cut,
         row_of({1, 2}, {1, 2}, "z"),
         row_of({1, 2, 3}, {1, 3}),
         row_of({1, 2, 3, 4}, {2, 2}),
         row_of("of bytes")}
    );
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_THAT(model->shapes, ElementsAre("[1,2]", "[8,2]", "[10,2]"));
    EXPECT_THAT(model->firsts[0], ElementsAre(0));
}

TEST(WarmUp, PutsOnlyRowsOfEqualShapesTogether) {
    const auto [model, outcome] = warmed(
        taking({-1, -1}), {row_of({1, 2}, {1, 2}), row_of({5}, {1, 1}), row_of({3, 4}, {1, 2})}
    );
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_THAT(model->shapes, ElementsAre("[1,2]", "[1,1]", "[1,2]", "[8,2]", "[10,2]"));
    EXPECT_THAT(model->firsts[3], ElementsAre(1, 3, 1, 3, 1, 3, 1, 3));
}

TEST(WarmUp, TakesByteStringsAndModelsWithoutBatches) {
    const auto bytes = warmed(taking({-1}, DataType::Bytes), {row_of("ab"), row_of("c")});
    ASSERT_TRUE(bytes.outcome) << bytes.outcome.error().message;
    EXPECT_THAT(bytes.model->shapes, ElementsAre("[1]", "[1]", "[8]", "[10]"));
    EXPECT_EQ(bytes.model->strings[0], "ab");
    EXPECT_EQ(bytes.model->strings[3], "c");

    const auto single = warmed(taking({2}, DataType::Int16, false), {row_of({7, 8}, {2})});
    ASSERT_TRUE(single.outcome) << single.outcome.error().message;
    EXPECT_THAT(single.model->shapes, ElementsAre("[2]"));
    EXPECT_THAT(single.model->firsts[0], ElementsAre(7));
}

TEST(WarmUp, RowsThatFailKeepAModelFromServingOnlyWhenAllDo) {
    const auto one =
        warmed(taking({-1, 1}), {row_of({13}, {1, 1}), row_of({1}, {1, 1}), row_of({2}, {1, 1})});
    ASSERT_TRUE(one.outcome) << one.outcome.error().message;
    EXPECT_THAT(one.model->firsts[3], ElementsAre(1, 2, 1, 2, 1, 2, 1, 2));
    const auto all = warmed(taking({-1, 1}), {row_of({13}, {1, 1})});
    ASSERT_FALSE(all.outcome);
    EXPECT_THAT(all.outcome.error().message, HasSubstr("thirteen"));
}

}  // namespace
}  // namespace flywheel::serving
