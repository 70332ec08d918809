// SPDX-License-Identifier: Apache-2.0
// The safetensors reader against every refusal of the format, and against its own writer.

#include "ports/engine/linear/safetensors.h"

#include <cstring>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace flywheel::linear {
namespace {

std::string file_of(const std::string& header, const std::string& buffer) {
    const std::uint64_t length = header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + header + buffer;
}

TEST(Safetensors, ReadsWhatItWrote) {
    const std::string floats("\0\0\x80\x3f\0\0\0\x40", 8);
    const std::string bytes("\1\2\3", 3);
    TensorFile file;
    file.tensors.push_back({"b", Dtype::I8, {3}, bytes});
    file.tensors.push_back({"a", Dtype::F32, {2, 1}, floats});
    file.tensors.push_back({"none", Dtype::F64, {0, 7}, {}});
    file.metadata = {{"who", "한글 \"quoted\""}};
    const auto written = write_tensors(file);
    ASSERT_TRUE(written) << written.error().message;
    std::uint64_t length = 0;
    std::memcpy(&length, written->data(), 8);
    EXPECT_EQ(length % 8, 0U) << "the buffer begins at a multiple of 8";

    const auto read = read_tensors(*written);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->metadata, file.metadata);
    ASSERT_EQ(read->tensors.size(), 3U);
    EXPECT_EQ(read->find("a")->bytes, floats);
    EXPECT_EQ(read->find("a")->shape, (std::vector<std::uint64_t>{2, 1}));
    EXPECT_EQ(read->find("b")->bytes, bytes);
    EXPECT_EQ(read->find("none")->shape, (std::vector<std::uint64_t>{0, 7}));
    EXPECT_EQ(read->find("c"), nullptr);
    // Wide tensors first, so that every tensor is aligned to its width.
    EXPECT_LT(read->find("a")->bytes.data(), read->find("b")->bytes.data());
}

TEST(Safetensors, ReadsAScalarAndAnEmptyFile) {
    const auto scalar =
        read_tensors(file_of(R"({"x":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})", "\7"));
    ASSERT_TRUE(scalar) << scalar.error().message;
    EXPECT_TRUE(scalar->find("x")->shape.empty());
    const auto empty = read_tensors(file_of("{}   ", ""));
    ASSERT_TRUE(empty) << empty.error().message;
    EXPECT_TRUE(empty->tensors.empty());
}

struct Damage {
    const char* what;
    std::string bytes;
    const char* says;
};

void expect_refused(const std::vector<Damage>& rows) {
    for (const Damage& row : rows) {
        SCOPED_TRACE(row.what);
        const auto read = read_tensors(row.bytes);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, Code::Corrupt);
        EXPECT_NE(read.error().message.find(row.says), std::string::npos) << read.error().message;
    }
}

/// A header of one entry.
std::string one(const std::string& entry) {
    return "{\"x\":" + entry + "}";
}

TEST(Safetensors, RefusesADamagedHeader) {
    const std::string four(4, '\0');
    expect_refused({
        {"no bytes", "", "shorter than its header"},
        {"seven bytes", "1234567", "shorter than its header"},
        {"header past the end", file_of("{}", "").substr(0, 9), "header is too long"},
        {"header of 2^64 - 1 bytes", std::string(8, '\xff') + "{}", "header is too long"},
        {"empty header", file_of("", ""), "does not begin with '{'"},
        {"leading space", file_of(" {}", ""), "does not begin with '{'"},
        {"not JSON", file_of("{x}", ""), "not JSON"},
        {"behind the JSON", file_of("{} {}", ""), "not JSON"},
        {"not UTF-8", file_of("{\"__metadata__\":{\"a\":\"\xff\"}}", ""), "not JSON"},
        {"a name twice",
         file_of(
             R"({"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
             R"("x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
             ""
         ),
         "not JSON"},
        {"entry is a list", file_of(one("[]"), ""), "not an object"},
        {"no dtype", file_of(one(R"({"shape":[4],"data_offsets":[0,4]})"), four), "no dtype"},
        {"no shape", file_of(one(R"({"dtype":"U8","data_offsets":[0,4]})"), four), "no shape"},
        {"no offsets", file_of(one(R"({"dtype":"U8","shape":[4]})"), four), "no data_offsets"},
        {"a negative extent",
         file_of(one(R"({"dtype":"U8","shape":[-4],"data_offsets":[0,4]})"), four),
         "not a list of counts"},
        {"a broken extent",
         file_of(one(R"({"dtype":"U8","shape":[4.0],"data_offsets":[0,4]})"), four),
         "not a list of counts"},
        {"metadata is a list", file_of(R"({"__metadata__":[]})", ""), "not an object of strings"},
        {"metadata of numbers", file_of(R"({"__metadata__":{"a":1}})", ""), "not a string"},
    });
}

TEST(Safetensors, RefusesTensorsThatDoNotFillTheBuffer) {
    const std::string four(4, '\0');
    expect_refused({
        {"three offsets",
         file_of(one(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4,4]})"), four),
         "outside"},
        {"offsets backwards",
         file_of(one(R"({"dtype":"U8","shape":[4],"data_offsets":[4,0]})"), four),
         "outside"},
        {"offsets past the end",
         file_of(one(R"({"dtype":"U8","shape":[5],"data_offsets":[0,5]})"), four),
         "outside"},
        {"size is not product x width",
         file_of(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})"), four),
         "does not match"},
        {"a product that overflows to 4",
         file_of(
             one(R"({"dtype":"F32","shape":[9223372036854775809,2],"data_offsets":[0,4]})"), four
         ),
         "does not match"},
        {"buffer not covered",
         file_of(one(R"({"dtype":"U8","shape":[3],"data_offsets":[0,3]})"), four),
         "end at byte 3 of 4"},
        {"a hole",
         file_of(
             R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
             R"("y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
             four
         ),
         "leave a hole"},
        {"an overlap",
         file_of(
             R"({"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
             R"("y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
             four
         ),
         "overlap"},
    });
}

TEST(Safetensors, DoesNotSupportAnUnknownDtype) {
    const auto read =
        read_tensors(file_of(R"({"x":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", "a"));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::Unsupported);
    EXPECT_NE(read.error().message.find("F8_E4M3"), std::string::npos);
}

TEST(Safetensors, RefusesToWriteWhatItWouldNotRead) {
    struct Row {
        const char* what;
        std::vector<Tensor> tensors;
        std::map<std::string, std::string> metadata;
    };

    const Row rows[] = {
        {"a name twice", {{"x", Dtype::U8, {0}, {}}, {"x", Dtype::U8, {0}, {}}}, {}},
        {"the reserved name", {{"__metadata__", Dtype::U8, {0}, {}}}, {}},
        {"bytes that do not fit", {{"x", Dtype::U16, {1}, "abc"}}, {}},
        {"a name that is not UTF-8", {{"\xff", Dtype::U8, {0}, {}}}, {}},
        {"metadata that is not UTF-8", {}, {{"a", "\xff"}}},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what);
        const auto written = write_tensors({row.tensors, row.metadata});
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().code, Code::InvalidArgument);
    }
}

RC_GTEST_PROP(Safetensors, ReturnsAnyTensorsUnchanged, ()) {
    const auto dtypes =
        std::vector<Dtype>{Dtype::Bool, Dtype::I8, Dtype::U16, Dtype::BF16, Dtype::F32, Dtype::I64};
    const auto count = *rc::gen::inRange<std::size_t>(0, 6);
    std::vector<std::string> bytes(count);
    TensorFile file;
    for (std::size_t i = 0; i < count; ++i) {
        Tensor tensor;
        tensor.name = "t" + std::to_string(*rc::gen::inRange(0, 1000) * 10 + static_cast<int>(i));
        tensor.dtype = *rc::gen::elementOf(dtypes);
        std::size_t size = width_of(tensor.dtype);
        for (int rank = *rc::gen::inRange(0, 4); rank > 0; --rank) {
            tensor.shape.push_back(*rc::gen::inRange<std::uint64_t>(0, 5));
            size *= tensor.shape.back();
        }
        bytes[i] = *rc::gen::container<std::string>(size, rc::gen::arbitrary<char>());
        tensor.bytes = bytes[i];
        file.tensors.push_back(tensor);
    }
    const auto written = write_tensors(file);
    RC_ASSERT(written.has_value());
    const auto read = read_tensors(*written);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->tensors.size() == count);
    for (const Tensor& tensor : file.tensors) {
        const Tensor* found = read->find(tensor.name);
        RC_ASSERT(found != nullptr);
        RC_ASSERT(found->dtype == tensor.dtype);
        RC_ASSERT(found->shape == tensor.shape);
        RC_ASSERT(found->bytes == tensor.bytes);
    }
    RC_ASSERT(*write_tensors(*read) == *written);
}

RC_GTEST_PROP(Safetensors, NeverCrashesOnAnyBytes, (const std::string& tail)) {
    const auto length = static_cast<char>(*rc::gen::inRange(0, 40));
    const auto read = read_tensors(std::string(1, length) + std::string(7, '\0') + "{" + tail);
    RC_ASSERT(read.has_value() || !read.error().message.empty());
}

}  // namespace
}  // namespace flywheel::linear
