// SPDX-License-Identifier: Apache-2.0
// Artefacts: round trips, packing, and bytes that were damaged on the way.

#include "ports/engine/linear/artefact.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ports/engine/linear/fitted_fixture.h"
#include "ports/engine/linear/linear_engine.h"
#include "ports/engine/linear/safetensors.h"

namespace flywheel::linear {
namespace {

using testing::Corpus;
using ::testing::HasSubstr;

std::string fit_bytes(const TrainingSet& set, const std::string& settings = "{}") {
    auto fitted = make_engine()->fit(set, EngineSettings{settings}, 1, {});
    EXPECT_TRUE(fitted) << fitted.error().message;
    return fitted->weights;
}

/// A model of a few features, for tests that visit every byte.
Parameters tiny() {
    Parameters p;
    p.settings.space = {.ngram_max = 2, .hash_bits = 10};
    p.classes = 2;
    p.id = {3, 700, 1023};
    p.idf = {1.0F, 2.0F, 1.5F};
    p.idf_unseen = 3;
    p.rows = {1.0F, -1.0F, 0.0F, 0.0F, 0.25F, -0.125F};
    p.bias = {0.5F, -0.5F};
    p.offset = {0.0F, 0.1F};
    p.share = {0.4F, 0.6F};
    p.temperature = 0.5F;
    return p;
}

TEST(Artefact, ReturnsUnchangedFromItsBytes) {
    for (const bool small : {false, true}) {
        const Parameters p = small ? packed(tiny()) : tiny();
        const auto bytes = to_bytes(p);
        ASSERT_TRUE(bytes) << bytes.error().message;
        const auto read = from_bytes(*bytes);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->settings, p.settings);
        EXPECT_EQ(read->precision, p.precision);
        EXPECT_EQ(read->id, p.id);
        EXPECT_EQ(read->rows, p.rows);
        EXPECT_EQ(read->rows8, p.rows8);
        EXPECT_EQ(read->temperature, p.temperature);
        EXPECT_EQ(*to_bytes(*read), *bytes);
    }
}

TEST(Artefact, PacksEachRowByItsLargestWeight) {
    const Parameters p = packed(tiny());
    EXPECT_EQ(p.rows8, (std::vector<std::int8_t>{127, -127, 0, 0, 127, -64}));
    EXPECT_FLOAT_EQ(p.scale[0], 1.0F / 127);
    EXPECT_EQ(p.scale[1], 0.0F);
    EXPECT_FLOAT_EQ(p.scale[2], 0.25F / 127);
    EXPECT_EQ(packed(p).rows8, p.rows8) << "packing again changes nothing";
}

TEST(Artefact, PackedAnswersAsTheFloatsDo) {
    const Corpus corpus(1, 7, 1400);
    const auto engine = make_engine();
    const std::string floats = fit_bytes(corpus.set(700));
    const std::string bytes = engine->pack(floats).value();
    EXPECT_LT(bytes.size(), floats.size() * 6 / 10);
    const auto wide = engine->load(floats).value();
    const auto narrow = engine->load(bytes).value();
    EXPECT_LT(narrow->memory_bytes(), wide->memory_bytes());
    int differ = 0;
    double log_loss = 0;
    for (std::size_t i = 700; i < 1400; ++i) {
        const auto a = answer(*wide, corpus.texts[i]);
        const auto b = answer(*narrow, corpus.texts[i]);
        differ += a.label == b.label ? 0 : 1;
        EXPECT_EQ(a.embedding, b.embedding);
        const auto label = static_cast<std::size_t>(corpus.labels[i]);
        log_loss += std::log(a.scores[label]) - std::log(b.scores[label]);
    }
    EXPECT_LE(differ, 3) << "99.5 % of 700 labels";
    EXPECT_LT(std::abs(log_loss / 700), 0.005);
    EXPECT_EQ(engine->pack(bytes).value(), bytes);
}

TEST(Artefact, ServesAModelWithoutFeatures) {
    TrainingSet set;
    set.classes = 2;
    set.train = {{.text = "", .label = 0}, {.text = " ", .label = 1}, {.text = "", .label = 1}};
    const auto engine = make_engine();
    for (const std::string& settings : {std::string("{}"), std::string(R"({"hidden":64})")}) {
        const auto floats = fit_bytes(set, settings);
        for (const auto& bytes : {floats, engine->pack(floats).value()}) {
            const auto one = answer(*engine->load(bytes).value(), "무엇이든");
            EXPECT_EQ(one.label, 1) << settings;
        }
    }
}

TEST(Artefact, NeverCrashesOnADamagedByte) {
    const auto engine = make_engine();
    int loaded = 0;
    for (const Parameters& p : {tiny(), packed(tiny())}) {
        const std::string good = to_bytes(p).value();
        for (std::size_t at = 0; at < good.size(); ++at) {
            for (const unsigned flip : {0x01U, 0x80U, 0xFFU, 0x10U}) {
                std::string bad = good;
                bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ flip);
                const auto model = engine->load(bad);
                if (!model) {
                    EXPECT_FALSE(model.error().message.empty());
                    continue;
                }
                ++loaded;
                const auto one = answer(**model, "가 ab 나다");
                for (const float score : one.scores) {
                    ASSERT_TRUE(score >= 0.0F && score <= 1.0F) << "byte " << at;
                }
            }
        }
    }
    EXPECT_GT(loaded, 0) << "a flip in a weight is another weight";
}

TEST(Artefact, RefusesEveryTornFile) {
    const std::string good = to_bytes(tiny()).value();
    for (std::size_t size = 0; size < good.size(); ++size) {
        const auto torn = from_bytes(std::string_view(good).substr(0, size));
        ASSERT_FALSE(torn) << size;
        EXPECT_EQ(torn.error().code, Code::Corrupt);
    }
    EXPECT_FALSE(from_bytes(good + "x"));
}

TEST(Artefact, RefusesValuesThatNoFitMakes) {
    struct Row {
        const char* what;
        void (*change)(Parameters&);
        const char* says;
    };

    const Row rows[] = {
        {"weight not a number", [](auto& p) { p.rows[1] = std::nanf(""); }, "feature.weight[1]"},
        {"weight too large", [](auto& p) { p.rows[0] = 1e30F; }, "feature.weight[0]"},
        {"idf of zero", [](auto& p) { p.idf[2] = 0; }, "feature.idf[2]"},
        {"ids out of order", [](auto& p) { p.id[1] = 3; }, "do not ascend"},
        {"id beyond the hash", [](auto& p) { p.id[2] = 1024; }, "do not ascend"},
        {"temperature of zero", [](auto& p) { p.temperature = 0; }, "temperature"},
        {"share of zero", [](auto& p) { p.share[0] = 0; }, "class.share[0]"},
        {"infinite bias", [](auto& p) { p.bias[0] = INFINITY; }, "head.bias[0]"},
        {"hash of another size", [](auto& p) { p.settings.space.hash_bits = 9; }, "hash_bits"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what);
        Parameters p = tiny();
        row.change(p);
        const auto read = from_bytes(to_bytes(p).value());
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, Code::Corrupt);
        EXPECT_THAT(read.error().message, HasSubstr(row.says));
    }
}

TEST(Artefact, DoesNotSupportAnotherEnginesFileOrVersion) {
    const std::string good = to_bytes(tiny()).value();
    const auto engine = make_engine();

    struct Row {
        const char* key;
        const char* value;
    };

    for (const Row& row : {Row{"engine", "torch"}, Row{"version", "2"}}) {
        TensorFile file = read_tensors(good).value();
        file.metadata[row.key] = row.value;
        const auto model = engine->load(write_tensors(file).value());
        ASSERT_FALSE(model);
        EXPECT_EQ(model.error().code, Code::Unsupported);
        EXPECT_THAT(model.error().message, HasSubstr(row.value));
    }
    EXPECT_EQ(engine->load(write_tensors({}).value()).error().code, Code::Unsupported);
    EXPECT_EQ(engine->pack("nonsense").error().code, Code::Corrupt);
}

TEST(Artefact, RefusesAFileThatLacksATensor) {
    const std::string good = to_bytes(packed(tiny())).value();
    const TensorFile whole = read_tensors(good).value();
    for (std::size_t left_out = 0; left_out < whole.tensors.size(); ++left_out) {
        TensorFile file = whole;
        file.tensors.erase(file.tensors.begin() + static_cast<long>(left_out));
        const auto read = from_bytes(write_tensors(file).value());
        ASSERT_FALSE(read) << whole.tensors[left_out].name;
        EXPECT_EQ(read.error().code, Code::Corrupt);
        EXPECT_THAT(read.error().message, HasSubstr(whole.tensors[left_out].name));
    }
}

}  // namespace
}  // namespace flywheel::linear
