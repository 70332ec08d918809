// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/openvino/files/import_files.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ports/engine/worker/bundle.h"
#include "temp_folder.h"

namespace flywheel::openvino {

namespace {

using ::testing::HasSubstr;

TEST(ModelOptions, ComeBackAsTheyWereWritten) {
    const auto back = parse_options(to_json({"no", "bf16"})).value();
    EXPECT_EQ(back.batches, "no");
    EXPECT_EQ(back.precision, "bf16");
    for (const char* bad : {"", "{}", R"({"batches":"maybe","precision":"fp32"})"}) {
        SCOPED_TRACE(bad);
        EXPECT_FALSE(parse_options(bad));
    }
    EXPECT_THAT(
        check_options({"auto", "fp8"}).error().message,
        HasSubstr("precision is one of fp32, fp16, bf16, int8, auto: 'fp8'")
    );
}

TEST(ModelFile, BecomesABundleWithWhatStandsBesideIt) {
    const testing::TempFolder folder;
    const auto write = [&](const char* name, const char* text) {
        std::ofstream(folder.path() / name) << text;
        return folder.path() / name;
    };
    const std::string onnx = bundle_of_file(write("a.onnx", "graph"), {}).value();
    EXPECT_EQ(worker::read_bundle(onnx)->at("model.onnx"), "graph");
    const auto xml = write("b.xml", "<net/>");
    EXPECT_EQ(worker::read_bundle(*bundle_of_file(xml, {}))->count("model.bin"), 0U);
    write("b.bin", "weights");
    const std::string ir = bundle_of_file(xml, {"yes", "fp16"}).value();
    const auto parts = worker::read_bundle(ir).value();
    EXPECT_EQ(parts.at("model.xml"), "<net/>");
    EXPECT_EQ(parts.at("model.bin"), "weights");
    EXPECT_EQ(parse_options(parts.at("options.json"))->precision, "fp16");
}

TEST(ModelFile, OfAnotherKindIsRefusedWithWhatToDo) {
    const testing::TempFolder folder;
    const auto refusal = [&](const std::string& name, const ModelOptions& options = {}) {
        return bundle_of_file(folder.path() / name, options).error().message;
    };
    EXPECT_THAT(refusal("weights.pt"), HasSubstr("FILE.onnx"));
    EXPECT_THAT(refusal("none.onnx"), HasSubstr("cannot be read"));
    std::ofstream(folder.path() / "empty.onnx").flush();
    EXPECT_THAT(refusal("empty.onnx"), HasSubstr("empty"));
    EXPECT_THAT(refusal("none.onnx", {"perhaps", "fp32"}), HasSubstr("batches"));
}

}  // namespace

}  // namespace flywheel::openvino
