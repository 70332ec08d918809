// SPDX-License-Identifier: Apache-2.0
// What holds for every record, whatever its fields: rows and back, names, JSON; and how sure a
// Prediction is.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/json_value.h"
#include "base/rng.h"
#include "base/text.h"
#include "records/api_key.h"
#include "records/audit_event.h"
#include "records/correction.h"
#include "records/dataset_version.h"
#include "records/evaluation.h"
#include "records/example.h"
#include "records/feedback.h"
#include "records/field.h"
#include "records/incident.h"
#include "records/label_event.h"
#include "records/label_task.h"
#include "records/model_version.h"
#include "records/prediction.h"
#include "records/profile.h"
#include "records/rollout.h"
#include "records/schema.h"
#include "records/training_run.h"
#include "records/turn.h"
#include "records/uncertainty.h"

namespace flywheel {
namespace {

/// Fills any field with something its column can hold, edges included.
class Filler {
  public:
    explicit Filler(std::uint64_t seed) : rng_(seed) {}

    void fill(std::int64_t& out) {
        constexpr std::int64_t kEdges[] = {
            0,
            1,
            -1,
            std::numeric_limits<std::int64_t>::min(),
            std::numeric_limits<std::int64_t>::max()
        };
        out = rng_.below(3) == 0 ? kEdges[rng_.below(5)] : static_cast<std::int64_t>(rng_.next());
    }

    void fill(bool& out) { out = rng_.below(2) == 1; }

    void fill(double& out) {
        constexpr double kEdges[] = {0.0, 1.0, -0.1, 5e-324, 1.7976931348623157e308, 1.0 / 3};
        out = rng_.below(2) == 0 ? kEdges[rng_.below(6)] : rng_.normal() * 1e6;
    }

    void fill(std::string& out) {
        constexpr char32_t kLetters[] = {U'a', U'"', U'\\', U'\n', U'한', U'😀', U'\0', U'\''};
        out.clear();
        for (auto left = rng_.below(8); left > 0; --left) {
            append_utf8(out, kLetters[rng_.below(8)]);
        }
    }

    void fill(JsonText& out) {
        std::string text;
        fill(text);
        out.text = canonical(Json{{"text", text}, {"n", rng_.below(100)}});
    }

    void fill(Digest& out) { out = sha256(std::to_string(rng_.next())); }

    void fill(Time& out) {
        // Years 1900 to 2200, to the microsecond.
        out = Time(Duration(
            static_cast<std::int64_t>(rng_.below(9'467'000'000'000'000)) - 2'208'988'800'000'000
        ));
    }

    template <class R>
    void fill(Id<R>& out) {
        out = Id<R>::random(Time(std::chrono::milliseconds(rng_.below(1ULL << 47U))), rng_);
    }

    template <class E>
    requires std::is_enum_v<E>
    void fill(E& out) {
        out = static_cast<E>(rng_.below(names_of(E{}).size()));
    }

    template <class T>
    void fill(std::vector<T>& out) {
        out.resize(rng_.below(4));
        for (auto& item : out) {
            fill(item);
        }
    }

    template <class T>
    void fill(std::optional<T>& out) {
        out.reset();
        if (rng_.below(3) != 0) {
            fill(out.emplace());
        }
    }

  private:
    Rng rng_;
};

template <class Record>
Record any_record(std::uint64_t seed) {
    Filler filler(seed);
    Record record{};
    Record::fields([&](std::string_view /*name*/, auto member) { filler.fill(record.*member); });
    return record;
}

template <class Record>
class EveryRecord : public ::testing::Test {};

using AllRecords = ::testing::Types<
    ApiKey,
    AuditEvent,
    Correction,
    DatasetVersion,
    Decision,
    Evaluation,
    Example,
    Incident,
    LabelEvent,
    LabelTask,
    ModelVersion,
    Profile,
    Rollout,
    Schema,
    TrainingRun,
    Turn,
    TurnStep>;
TYPED_TEST_SUITE(EveryRecord, AllRecords);

TYPED_TEST(EveryRecord, ReadsBackFromItsRowUnchanged) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        const auto record = any_record<TypeParam>(seed);
        const auto read = from_row<TypeParam>(to_row(record));
        RC_ASSERT(read.has_value());
        TypeParam::fields([&](std::string_view name, auto member) {
            if (!(record.*member == (*read).*member)) {
                RC_FAIL("field " + std::string(name) + " changed");
            }
        });
    }));
}

TYPED_TEST(EveryRecord, HasAnIdFirstAndEveryColumnOnce) {
    const auto names = field_names<TypeParam>();
    ASSERT_FALSE(names.empty());
    EXPECT_EQ(names.front(), "id") << "the ledger takes the first column as the key";
    const std::set<std::string_view> distinct(names.begin(), names.end());
    EXPECT_EQ(distinct.size(), names.size());
    EXPECT_EQ(to_row(TypeParam{}).size(), names.size());
    for (const auto name : names) {
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos)
            << name;
    }
}

TYPED_TEST(EveryRecord, NamesTheColumnThatIsMissing) {
    const auto names = field_names<TypeParam>();
    const auto whole = to_row(any_record<TypeParam>(1));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto cut = from_row<TypeParam>(
            Row(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))
        );
        ASSERT_FALSE(cut);
        EXPECT_EQ(cut.error().code, Code::Corrupt);
        EXPECT_NE(
            cut.error().message.find("'" + std::string(names[size]) + "'"), std::string::npos
        );
    }
}

TYPED_TEST(EveryRecord, NamesTheColumnWhoseTypeIsWrong) {
    const auto names = field_names<TypeParam>();
    const auto good = to_row(any_record<TypeParam>(2));
    for (std::size_t column = 0; column < good.size(); ++column) {
        SCOPED_TRACE(names[column]);
        // Nothing reads both as a number and as text.
        Row as_text = good;
        as_text[column] = std::string("\x01 neither name, digest, id nor list");
        Row as_real = good;
        as_real[column] = 0.5;
        const auto one = from_row<TypeParam>(as_text);
        const auto two = from_row<TypeParam>(as_real);
        ASSERT_FALSE(one.has_value() && two.has_value());
        for (const auto& read : {one, two}) {
            if (!read) {
                EXPECT_EQ(read.error().code, Code::Corrupt);
                const auto place =
                    std::string(TypeParam::kTable) + "." + std::string(names[column]);
                EXPECT_EQ(read.error().message.find(place + ": "), 0U) << read.error().message;
            }
        }
    }
}

TYPED_TEST(EveryRecord, PrintsAsOneJsonObjectWithAllItsFields) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        const auto record = any_record<TypeParam>(seed);
        const auto object = parse_json(to_json_text(record));
        RC_ASSERT(object.has_value());
        RC_ASSERT(object->size() == field_names<TypeParam>().size());
        TypeParam::fields([&](std::string_view name, auto member) {
            using Field = std::remove_cvref_t<decltype(record.*member)>;
            const auto& value = object->at(std::string(name));
            if constexpr (std::is_same_v<Field, bool>) {
                RC_ASSERT(value == record.*member);
            } else if constexpr (std::is_same_v<Field, Time>) {
                RC_ASSERT(*parse_time(value.template get<std::string>()) == record.*member);
            } else if constexpr (std::is_same_v<Field, std::optional<Time>>) {
                RC_ASSERT(value.is_null() != (record.*member).has_value());
            } else if constexpr (std::is_same_v<Field, JsonText>) {
                RC_ASSERT(canonical(value) == (record.*member).text);
            } else if constexpr (std::is_same_v<Field, std::vector<std::string>> ||
                                 std::is_same_v<Field, std::vector<double>>) {
                RC_ASSERT(value == Json(record.*member));
            } else if constexpr (std::is_same_v<Field, std::string> ||
                                 std::is_same_v<Field, std::int64_t> ||
                                 std::is_same_v<Field, double>) {
                RC_ASSERT(value == Json(record.*member));
            }
        });
    }));
}

template <class... Records>
std::vector<std::string_view> tables_of(::testing::Types<Records...> /*types*/) {
    return {Records::kTable...};
}

TEST(Records, HaveTablesOfTheirOwn) {
    const auto tables = tables_of(AllRecords{});
    EXPECT_EQ(std::set<std::string_view>(tables.begin(), tables.end()).size(), tables.size());
}

TEST(FieldName, FindsTheColumnOfAMember) {
    EXPECT_EQ(field_name(&LabelTask::rank), "rank");
    EXPECT_EQ(field_name(&LabelTask::group), "group_id") << "GROUP is a word of SQL";
    EXPECT_EQ(field_name(&Turn::trigger), "trigger_name");
    EXPECT_EQ(field_name(&Turn::window_begin), "window_begin");
    EXPECT_EQ(field_name(&Turn::window_end), "window_end");
}

template <class E>
void expect_names_lead_back(std::size_t members) {
    const auto names = names_of(E{});
    EXPECT_EQ(names.size(), members);
    EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()).size(), members);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto value = static_cast<E>(i);
        EXPECT_EQ(enum_name(value), names[i]);
        EXPECT_EQ(*parse_enum<E>(names[i]), value);
    }
    EXPECT_EQ(parse_enum<E>("no such").error().message, "Unknown name: 'no such'");
    EXPECT_FALSE(parse_enum<E>(""));
}

TEST(EnumName, LeadsBackToTheMember) {
    expect_names_lead_back<ActorKind>(4);
    expect_names_lead_back<Arm>(3);
    expect_names_lead_back<FeedbackKind>(4);
    expect_names_lead_back<FeedbackSource>(3);
    expect_names_lead_back<IncidentState>(3);
    expect_names_lead_back<LabelAction>(6);
    expect_names_lead_back<SuggestionState>(4);
    expect_names_lead_back<RolloutState>(5);
    expect_names_lead_back<Route>(4);
    expect_names_lead_back<RunKind>(2);
    expect_names_lead_back<TaskKind>(2);
    expect_names_lead_back<TurnState>(5);
    expect_names_lead_back<Verdict>(3);
    EXPECT_EQ(enum_name(Verdict::Undecided), "undecided");
    EXPECT_EQ(enum_name(RolloutState::RolledBack), "rolled_back");
}

TEST(Prediction, ScoresBeforeCorrectionAreTheServedOnesWhenNoneIsOn) {
    Prediction row;
    row.scores = {0.25F, 0.75F};
    EXPECT_EQ(row.calibrated(), row.scores);
    row.base_scores = {0.5F, 0.5F};
    EXPECT_EQ(row.calibrated(), row.base_scores);
}

TEST(Schema, FindsTheLabelIdOfAName) {
    Schema schema;
    schema.labels = {"정치", "sports"};
    EXPECT_EQ(schema.label_id("sports"), 1);
    EXPECT_EQ(schema.label_id("정치"), 0);
    EXPECT_EQ(schema.label_id("Sports"), -1);
    EXPECT_EQ(schema.label_id(""), -1);
}

TEST(Field, StoresNumbersThatAreNotFiniteAsNotANumber) {
    Correction record;
    record.trained_prior = {
        0.5, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()
    };
    const auto read = from_row<Correction>(to_row(record));
    ASSERT_TRUE(read);
    ASSERT_EQ(read->trained_prior.size(), 3U);
    EXPECT_EQ(read->trained_prior[0], 0.5);
    EXPECT_TRUE(std::isnan(read->trained_prior[1]));
    EXPECT_TRUE(std::isnan(read->trained_prior[2]));
}

TEST(Field, RefusesListsThatAreNotListsOfTheRightKind) {
    auto row = to_row(Schema{});
    const auto names = field_names<Schema>();
    const auto labels =
        static_cast<std::size_t>(std::find(names.begin(), names.end(), "labels") - names.begin());
    row[0] = std::string("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    for (const auto* text : {"", "null", "{}", "[1]", "[\"a\",null]", "[\"a\"", "[\"a\"] x"}) {
        SCOPED_TRACE(text);
        row[labels] = std::string(text);
        EXPECT_EQ(from_row<Schema>(row).error().code, Code::Corrupt);
    }
    row[labels] = std::string(R"(["a","b"])");
    EXPECT_EQ(from_row<Schema>(row)->labels.size(), 2U);
}

TEST(RowToJson, PrintsEachFormAsAPersonExpects) {
    const Row row = {
        std::int64_t{1},
        std::int64_t{1},
        std::int64_t{1'500'000},
        std::string(R"({"a":1})"),
        std::string("torn {"),
        std::string(R"({"a":1})"),
        Value()
    };
    EXPECT_EQ(
        row_to_json(
            {"flag", "count", "at", "inner", "torn", "text", "none"},
            {JsonForm::Bool,
             JsonForm::Plain,
             JsonForm::Timestamp,
             JsonForm::Nested,
             JsonForm::Nested,
             JsonForm::Plain,
             JsonForm::Timestamp},
            row
        ),
        R"({"at":"1970-01-01T00:00:01.500000Z","count":1,"flag":true,"inner":{"a":1},"none":null,"text":"{\"a\":1}","torn":"torn {"})"
    );
}

TEST(Uncertainty, IsWhatItsFormulasSay) {
    const std::array<float, 3> scores = {0.25F, 0.5F, 0.25F};
    const Uncertainty sure = uncertainty_of(scores);
    EXPECT_FLOAT_EQ(sure.confidence, 0.5F);
    EXPECT_FLOAT_EQ(sure.margin, 0.25F);
    EXPECT_FLOAT_EQ(sure.entropy, 1.5F * std::log(2.0F));
}

TEST(Uncertainty, FindsTheSecondWhereverTheFirstStands) {
    for (const auto& scores :
         {std::array{0.6F, 0.3F, 0.1F},
          std::array{0.3F, 0.6F, 0.1F},
          std::array{0.1F, 0.3F, 0.6F},
          std::array{0.6F, 0.1F, 0.3F}}) {
        EXPECT_FLOAT_EQ(uncertainty_of(scores).confidence, 0.6F);
        EXPECT_FLOAT_EQ(uncertainty_of(scores).margin, 0.3F);
    }
}

TEST(Uncertainty, HasValuesAtTheEdges) {
    EXPECT_EQ(uncertainty_of({}).confidence, 0);
    EXPECT_EQ(uncertainty_of({}).margin, 0);
    const std::array<float, 1> alone = {1};
    EXPECT_EQ(uncertainty_of(alone).margin, 1);
    EXPECT_EQ(uncertainty_of(alone).entropy, 0);
    const std::array<float, 2> certain = {0, 1};
    EXPECT_EQ(uncertainty_of(certain).entropy, 0) << "0 ln 0 is 0";
    const std::array<float, 2> equal = {0.5F, 0.5F};
    EXPECT_EQ(uncertainty_of(equal).margin, 0);
}

}  // namespace
}  // namespace flywheel
