// SPDX-License-Identifier: Apache-2.0
#include "ports/sources/files/files_source.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <zlib.h>

#include "temp_folder.h"

namespace flywheel::files {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

struct Outcome {
    std::vector<SourceRow> rows;
    ReadSummary summary;

    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> texts;
        for (const auto& row : rows) {
            texts.push_back(row.text);
        }
        return texts;
    }
};

std::string gzip(const std::string& bytes) {
    z_stream stream{};
    CHECK(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string packed(deflateBound(&stream, bytes.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<unsigned>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<unsigned>(packed.size());
    CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

class FilesSourceTest : public ::testing::Test {
  protected:
    Result<Outcome> try_read(
        const std::string& name, const std::string& bytes, ColumnNames columns = {}
    ) {
        const auto path = folder.path() / name;
        std::ofstream(path, std::ios::binary) << bytes;
        const auto source = TRY(open(path, std::move(columns)));
        Outcome outcome;
        outcome.summary = TRY(source->read([&](SourceRow&& row) -> Result<void> {
            outcome.rows.push_back(std::move(row));
            return {};
        }));
        return outcome;
    }

    Outcome read(const std::string& name, const std::string& bytes) {
        auto outcome = try_read(name, bytes);
        CHECK(outcome.has_value());
        CHECK(outcome->summary.rows == static_cast<std::int64_t>(outcome->rows.size()));
        return std::move(*outcome);
    }

    testing::TempFolder folder;
};

TEST_F(FilesSourceTest, ReadsAllFieldsOfAJsonLine) {
    const auto outcome = read(
        "stream.jsonl",
        R"({"id":17,"time":"2016-03-01T09:30:00+09:00","text":"a \"b\" \u00e9","label":3,)"
        R"("annotators":{"zoe":"x","adam":2,"eve":null},"extra":[1,{"text":"inner"}]})"
        "\n"
    );
    ASSERT_EQ(outcome.rows.size(), 1U);
    const auto& row = outcome.rows[0];
    EXPECT_EQ(row.line, 1);
    EXPECT_EQ(row.id, "17");
    EXPECT_EQ(to_rfc3339(*row.time), "2016-03-01T00:30:00Z");
    EXPECT_EQ(row.text, "a \"b\" \xC3\xA9");
    EXPECT_EQ(row.label, "3");
    EXPECT_THAT(row.annotators, ElementsAre(Pair("zoe", "x"), Pair("adam", "2")))
        << "in file order";
    EXPECT_FALSE(outcome.summary.truncated);
}

TEST_F(FilesSourceTest, PassesOverWhatDoesNoHarmInJsonLines) {
    const auto outcome = read(
        "a.jsonl",
        "\xEF\xBB\xBF{\"text\":\"one\"}\r\n\r\n  \n{\"text\":\"two\"}\n\n{\"text\":\"three\"}"
    );
    EXPECT_THAT(outcome.texts(), ElementsAre("one", "two", "three"));
    EXPECT_EQ(outcome.rows[2].line, 6);
    EXPECT_EQ(outcome.summary.rejected, 0);
    EXPECT_FALSE(outcome.summary.truncated);
}

TEST_F(FilesSourceTest, RefusesBadJsonLinesByLineAndField) {
    struct Row {
        const char* line;
        const char* field;
        const char* message;
    };

    const Row table[] = {
        {R"({"text":"a","text":"b"})", "text", "The key 'text' is repeated"},
        {R"({"text":"a","x":{"k":1,"k":2}})", "", "The key 'k' is repeated"},
        {R"({"text":"a","x":NaN})", "", "Not valid JSON"},
        {R"({"text":"a","x":Infinity})", "", "Not valid JSON"},
        {R"({"text":"\ud83d"})", "", "Not valid JSON"},
        {R"({"text":"\udc00 lone"})", "", "Not valid JSON"},
        {"{\"text\":\"\xC3(\"}", "", "not UTF-8 at byte 10"},
        {"{\"text\":\"\xED\xA0\x80\"}", "", "not UTF-8"},
        {R"({"label":"x"})", "text", "no field 'text'"},
        {R"({"text":null})", "text", "no field 'text'"},
        {R"({"text":""})", "text", "empty"},
        {"{\"text\":\" \xE3\x80\x80\xC2\xA0\\n\"}", "text", "only white space"},
        {R"({"text":7})", "text", "Expected text, got a number"},
        {R"({"text":["a"]})", "text", "Expected text, got a list"},
        {R"({"text":"a","label":true})", "label", "Expected text or a number, got true or false"},
        {R"({"text":"a","label":{}})", "label", "got an object"},
        {R"({"text":"a","time":20160301})", "time", "Expected text, got a number"},
        {R"({"text":"a","time":"yesterday"})", "time", ""},
        {R"({"text":"a","time":"2016-02-30"})", "time", ""},
        {R"({"text":"a","annotators":["x"]})", "annotators", "Expected an object of persons"},
        {R"({"text":"a","annotators":"x"})", "annotators", "Expected an object of persons"},
        {R"({"text":"a","annotators":{"p":{"q":1}}})", "annotators", "Expected an object of persons"
        },
        {R"({"text":"a","annotators":{"p":"x","p":"y"}})", "", "The key 'p' is repeated"},
        {R"([1,2])", "", "not a JSON object"},
        {R"("text")", "", "not a JSON object"},
        {R"({"text":"a"} {"text":"b"})", "", "Not valid JSON"},
        {R"({"text":"a")", "", "Not valid JSON"},
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.line);
        const auto outcome = read(
            "a.jsonl",
            std::string("{\"text\":\"before\"}\n") + row.line + "\n{\"text\":\"after\"}\n"
        );
        EXPECT_THAT(outcome.texts(), ElementsAre("before", "after"));
        ASSERT_EQ(outcome.summary.rejected, 1);
        const auto& rejection = outcome.summary.first_rejections[0];
        EXPECT_EQ(rejection.line, 2);
        EXPECT_EQ(rejection.field, row.field);
        EXPECT_THAT(rejection.message, HasSubstr(row.message));
        EXPECT_FALSE(outcome.summary.truncated);
    }
}

TEST_F(FilesSourceTest, KeepsTheDigitsOfLargeNumbers) {
    const auto outcome = read(
        "a.jsonl",
        "{\"text\":\"a\",\"id\":9007199254740993,\"label\":123456789012345678901234567890}\n"
        "{\"text\":\"a\",\"id\":-1,\"label\":1.50}\n"
    );
    ASSERT_EQ(outcome.rows.size(), 2U);
    EXPECT_EQ(outcome.rows[0].id, "9007199254740993");
    EXPECT_EQ(outcome.rows[0].label, "123456789012345678901234567890");
    EXPECT_EQ(outcome.rows[1].id, "-1");
    EXPECT_EQ(outcome.rows[1].label, "1.50");
}

TEST_F(FilesSourceTest, RefusesNestingWithoutEnd) {
    const auto outcome = read(
        "a.jsonl", "{\"text\":\"a\",\"x\":" + std::string(100000, '[') + "\n{\"text\":\"b\"}\n"
    );
    EXPECT_THAT(outcome.texts(), ElementsAre("b"));
    EXPECT_THAT(outcome.summary.first_rejections[0].message, HasSubstr("nested deeper than 100"));
}

TEST_F(FilesSourceTest, FindsARepeatedKeyAmongMany) {
    std::string line = "{\"text\":\"a\"";
    for (int n = 0; n < 200; ++n) {
        line += ",\"k" + std::to_string(n) + "\":1";
    }
    const auto outcome =
        read("a.jsonl", line + "}\n" + line + ",\"k3\":1}\n" + line + ",\"k150\":1}\n");
    EXPECT_EQ(outcome.rows.size(), 1U);
    EXPECT_EQ(outcome.summary.rejected, 2);
}

TEST_F(FilesSourceTest, RefusesAnOverlongTextAndNamesTheLimit) {
    for (const std::size_t bytes :
         {kTextBytesMax + 1, std::size_t{10} << 20U, std::size_t{40} << 20U}) {
        const std::string text(bytes, 'x');
        const auto lines = read("a.jsonl", "{\"text\":\"" + text + "\"}\n{\"text\":\"b\"}\n");
        EXPECT_THAT(lines.texts(), ElementsAre("b"));
        EXPECT_EQ(lines.rows[0].line, 2);
        EXPECT_THAT(lines.summary.first_rejections[0].message, HasSubstr("1 MiB"));
        const auto table = read("a.csv", "label,text\nx," + text + "\ny,b\n");
        EXPECT_THAT(table.texts(), ElementsAre("b"));
        EXPECT_EQ(table.rows[0].line, 3);
        EXPECT_THAT(table.summary.first_rejections[0].message, HasSubstr("over the limit"));
    }
    EXPECT_EQ(
        read("a.jsonl", "{\"text\":\"" + std::string(kTextBytesMax, 'x') + "\"}").rows.size(), 1U
    );
}

TEST_F(FilesSourceTest, KeepsTheRowsBeforeAnUnfinishedOne) {
    const auto lines = read("a.jsonl", "{\"text\":\"one\"}\n{\"text\":\"tw");
    EXPECT_THAT(lines.texts(), ElementsAre("one"));
    EXPECT_TRUE(lines.summary.truncated);
    EXPECT_EQ(lines.summary.first_rejections[0].line, 2);
    const auto table = read("a.csv", "text,label\none,x\ntwo");
    EXPECT_THAT(table.texts(), ElementsAre("one"));
    EXPECT_TRUE(table.summary.truncated);
    const auto quoted = read("a.csv", "text,label\none,x\n\"two, th");
    EXPECT_THAT(quoted.texts(), ElementsAre("one"));
    EXPECT_TRUE(quoted.summary.truncated);
    EXPECT_EQ(quoted.summary.first_rejections[0].line, 3);
}

TEST_F(FilesSourceTest, ReadsGzipOfEveryFormat) {
    EXPECT_THAT(read("a.jsonl.gz", gzip("{\"text\":\"one\"}\n")).texts(), ElementsAre("one"));
    EXPECT_THAT(read("a.csv.gz", gzip("text\none\n")).texts(), ElementsAre("one"));
    EXPECT_THAT(read("a.tsv.GZ", gzip("x\ttext\n1\tone\n")).texts(), ElementsAre("one"));
    EXPECT_THAT(
        read("b.jsonl.gz", gzip("{\"text\":\"1\"}\n") + gzip("{\"text\":\"2\"}\n")).texts(),
        ElementsAre("1", "2")
    );
}

TEST_F(FilesSourceTest, KeepsTheGoodRowsOfATruncatedGzipAtEveryLength) {
    std::string json;
    std::string csv = "n,text\n";
    for (int n = 0; n < 300; ++n) {
        json += "{\"text\":\"row " + std::to_string(n * 7919) + "\"}\n";
        csv += std::to_string(n) + ",row " + std::to_string(n * 7919) + "\n";
    }
    for (const auto& [name, bytes] : {std::pair{"a.jsonl.gz", json}, std::pair{"a.csv.gz", csv}}) {
        const auto packed = gzip(bytes);
        for (std::size_t length = 40; length < packed.size(); length += 37) {
            SCOPED_TRACE(std::string(name) + " " + std::to_string(length));
            const auto outcome = try_read(name, packed.substr(0, length));
            if (!outcome) {  // so short that not even the header of the table is there
                EXPECT_EQ(outcome.error().code, Code::InvalidArgument);
                continue;
            }
            EXPECT_TRUE(outcome->summary.truncated);
            EXPECT_LE(outcome->summary.rejected, 1);
            for (std::size_t i = 0; i < outcome->rows.size(); ++i) {
                ASSERT_EQ(outcome->rows[i].text, "row " + std::to_string(i * 7919));
            }
        }
        EXPECT_FALSE(try_read(name, packed)->summary.truncated);
    }
}

TEST_F(FilesSourceTest, SaysThatACompressedFileIsDamaged) {
    std::string json;
    for (int n = 0; n < 3000; ++n) {
        json += "{\"text\":\"row " + std::to_string(n * 7919) + "\"}\n";
    }
    auto packed = gzip(json);
    packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 0x55);
    const auto damaged = try_read("a.jsonl.gz", packed);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, Code::Corrupt);
    EXPECT_THAT(damaged.error().message, HasSubstr("a.jsonl.gz"));
}

TEST_F(FilesSourceTest, ReadsQuotedCells) {
    const auto outcome = read(
        "a.csv",
        "id,text,label,annotators\r\n"
        "007,\"a, \"\"b\"\"\nc\",NA,\"{\"\"zoe\"\":\"\"x\"\",\"\"adam\"\":2}\"\r\n"
        "8, plain \"inner\" ,,\r\n"
    );
    ASSERT_EQ(outcome.rows.size(), 2U) << outcome.summary.first_rejections[0].message;
    EXPECT_EQ(outcome.rows[0].id, "007");
    EXPECT_EQ(outcome.rows[0].text, "a, \"b\"\nc");
    EXPECT_EQ(outcome.rows[0].label, "NA");
    EXPECT_THAT(outcome.rows[0].annotators, ElementsAre(Pair("zoe", "x"), Pair("adam", "2")));
    EXPECT_EQ(outcome.rows[0].line, 2);
    EXPECT_EQ(outcome.rows[1].text, " plain \"inner\" ");
    EXPECT_EQ(outcome.rows[1].label, "");
    EXPECT_EQ(outcome.rows[1].line, 4) << "the row before has two lines";
}

TEST_F(FilesSourceTest, ReadsATabInsideAQuotedCell) {
    const auto outcome = read("titles.tsv", "\xEF\xBB\xBFtext\tlabel\n\"a\tb\"\tx\nc, d\ty");
    EXPECT_THAT(outcome.texts(), ElementsAre("a\tb", "c, d"));
    EXPECT_FALSE(outcome.summary.truncated);
}

TEST_F(FilesSourceTest, RefusesBadTableRowsByLineAndField) {
    struct Row {
        const char* line;
        const char* field;
        const char* message;
    };

    const Row table[] = {
        {"2016-01-01,a,x,more", "", "another number of cells than the header: 4, expected 3"},
        {"2016-01-01,a", "", "2, expected 3"},
        {"time,text,label", "", "The header is repeated"},
        {"2016-01-01,\xC3(,x", "text", "not UTF-8 at byte 1"},
        {"2016-01-01,a,\xFF", "label", "not UTF-8"},
        {"2016-01-01,,x", "text", "empty"},
        {"2016-01-01,\" \t\",x", "text", "only white space"},
        {"soon,a,x", "time", ""},
        {"2016-01-01,\"a\"b,x", "", "behind a closing quote"},
        {"2016-01-01,\"a,x", "", "quote"},
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.line);
        const auto outcome = read(
            "a.csv",
            std::string("time,text,label\n,before,x\n\n") + row.line + "\n2016-01-02,after,y\n"
        );
        EXPECT_THAT(outcome.texts(), ElementsAre("before", "after"));
        ASSERT_EQ(outcome.summary.rejected, 1);
        const auto& rejection = outcome.summary.first_rejections[0];
        EXPECT_EQ(rejection.line, 4);
        EXPECT_EQ(rejection.field, row.field);
        EXPECT_THAT(rejection.message, HasSubstr(row.message));
        EXPECT_EQ(outcome.rows[1].line, 5);
    }
}

TEST_F(FilesSourceTest, FindsTheFormatByContentWhereTheNameSaysNothing) {
    EXPECT_THAT(read("stream", "{\"text\":\"one\"}\n").texts(), ElementsAre("one"));
    EXPECT_THAT(read("stream.txt", "text,x\none,1\n").texts(), ElementsAre("one"));
    EXPECT_THAT(read("stream.txt", "text\tx\none\t1\n").texts(), ElementsAre("one"));
    EXPECT_THAT(read("wrong.csv", "text\tx\none\t1\n").texts(), ElementsAre("one"));
    EXPECT_THAT(read("wrong.gz", "text\none\n").texts(), ElementsAre("one"))
        << "not compressed after all";
}

TEST_F(FilesSourceTest, TakesOtherColumnNames) {
    const auto outcome =
        try_read("a.csv", "title,topic\none,x\n", {.id = "", .text = "title", .label = "topic"});
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->rows[0].text, "one");
    EXPECT_EQ(outcome->rows[0].label, "x");
}

TEST_F(FilesSourceTest, RefusesFilesItCannotRead) {
    EXPECT_EQ(open(folder.path() / "absent.csv").error().code, Code::NotFound);
    EXPECT_EQ(open(folder.path()).error().code, Code::InvalidArgument);
    const auto no_text = try_read("a.csv", "title,topic\none,x\n");
    EXPECT_EQ(no_text.error().code, Code::InvalidArgument);
    EXPECT_THAT(no_text.error().message, HasSubstr("a.csv: The header has no column 'text'"));
    EXPECT_THAT(no_text.error().message, HasSubstr("title, topic"));
    EXPECT_THAT(try_read("a.csv", "text,text\na,b\n").error().message, HasSubstr("twice"));
    EXPECT_THAT(try_read("a.csv", "\xFF\xFEt\0e\0").error().message, HasSubstr("UTF-16"));
    EXPECT_EQ(try_read("a.csv", "x\n", {.text = ""}).error().code, Code::InvalidArgument);
}

TEST_F(FilesSourceTest, ReadsAnEmptyFileAsNoRows) {
    for (const auto* name : {"a.csv", "a.jsonl", "a.jsonl.gz", "a"}) {
        for (const auto* bytes : {"", "\n", "\r\n\n"}) {
            const auto outcome = read(name, bytes);
            EXPECT_THAT(outcome.rows, IsEmpty());
            EXPECT_EQ(outcome.summary.rejected, 0);
        }
    }
}

TEST_F(FilesSourceTest, StopsAtTheVisitorsError) {
    std::ofstream(folder.path() / "a.csv") << "text\none\ntwo\n";
    const auto source = *open(folder.path() / "a.csv");
    int visited = 0;
    const auto stopped = source->read([&](SourceRow&&) -> Result<void> {
        ++visited;
        return make_error(Code::Cancelled, "Enough");
    });
    EXPECT_EQ(stopped.error().message, "Enough");
    EXPECT_EQ(visited, 1);
    EXPECT_EQ(source->name(), "a.csv");
}

TEST_F(FilesSourceTest, KeepsTheFirstHundredRejections) {
    std::string lines;
    for (int n = 0; n < 250; ++n) {
        lines += "bad\n";
    }
    const auto outcome = read("a.jsonl", lines);
    EXPECT_EQ(outcome.summary.rejected, 250);
    EXPECT_EQ(outcome.summary.first_rejections.size(), 100U);
}

std::string quoted(const std::string& cell) {
    std::string out = "\"";
    for (const char c : cell) {
        out += c == '"' ? std::string("\"\"") : std::string(1, c);
    }
    return out + "\"";
}

RC_GTEST_FIXTURE_PROP(FilesSourceTest, AnyCellComesBackFromATable, ()) {
    const auto letters =
        rc::gen::container<std::string>(rc::gen::element('a', 'b', '"', ',', '\t', '\n', '\r', ' ')
        );
    const auto cells = *rc::gen::container<std::vector<std::string>>(letters);
    for (const auto* name : {"p.csv", "p.tsv"}) {
        const std::string separator = name == std::string("p.csv") ? "," : "\t";
        std::string table = "text" + separator + "label\n";
        std::vector<std::string> expected;
        for (const auto& cell : cells) {
            table += "x" + separator + quoted(cell) + "\r\n";
            expected.push_back(cell);
        }
        const auto outcome = read(name, table);
        std::vector<std::string> labels;
        for (const auto& row : outcome.rows) {
            labels.push_back(row.label);
        }
        RC_ASSERT(labels == expected);
    }
}

RC_GTEST_FIXTURE_PROP(FilesSourceTest, NoBytesMakeItFail, (const std::string& bytes)) {
    const auto lines = try_read("f.jsonl", bytes);
    // Two first bytes are refused at once: the mark of UTF-16.
    const bool refused_well = !lines && lines.error().code == Code::InvalidArgument;
    RC_ASSERT(lines.has_value() || refused_well);
    RC_ASSERT(try_read("f.csv", "text,label\n" + bytes).has_value());
}

}  // namespace

}  // namespace flywheel::files
