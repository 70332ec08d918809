// SPDX-License-Identifier: Apache-2.0
#include "gateway/repository/sent_version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_value.h"

namespace flywheel::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Base64, ReadsThePublishedExamplesAndRefusesTheRest) {
    // RFC 4648, section 10.
    EXPECT_EQ(from_base64("").value(), "");
    EXPECT_EQ(from_base64("Zg==").value(), "f");
    EXPECT_EQ(from_base64("Zm8=").value(), "fo");
    EXPECT_EQ(from_base64("Zm9v").value(), "foo");
    EXPECT_EQ(from_base64("Zm9vYmFy").value(), "foobar");
    EXPECT_EQ(from_base64("/+8=").value(), "\xFF\xEF");
    for (const char* bad : {"Zg", "Zg=", "Zg=a", "====", "Zm9\n", "Zm_v", "=m9v", "Z==="}) {
        SCOPED_TRACE(bad);
        EXPECT_FALSE(from_base64(bad));
    }
}

TEST(SentVersion, IsNothingWithoutConfigAndFiles) {
    EXPECT_FALSE(read_sent_version(Json{{"x", 1}}, "m")->has_value());
}

TEST(SentVersion, HasItsFilesAndTheEngineOfItsArtefact) {
    const auto sent = read_sent_version(
        Json{
            {"config", R"({"name":"m"})"},
            {"file:7/model.safetensors", "Zm9v"},
            {"file:7/labels.txt", "YQpiCg=="},
            {"file:7/card.md", "IyBt"}
        },
        "m"
    );
    ASSERT_TRUE(sent) << sent.error().message;
    EXPECT_EQ((*sent)->number, 7);
    EXPECT_EQ((*sent)->engine, "linear");
    EXPECT_EQ((*sent)->artefact, "foo");
    EXPECT_THAT((*sent)->labels, ElementsAre("a", "b"));
    EXPECT_EQ((*sent)->card, "# m");
    EXPECT_FALSE((*sent)->signature_change);
    const auto onnx = read_sent_version(
        Json{{"config", R"({"fw_signature_change":true})"}, {"file:1/model.onnx", "Zm9v"}}, "m"
    );
    EXPECT_EQ((*onnx)->engine, "openvino");
    EXPECT_TRUE((*onnx)->signature_change);
}

TEST(SentVersion, RefusesWhatIsNotOneVersion) {
    struct Row {
        Json parameters;
        std::string words;
    };

    const Json config = "{}";
    for (const Row& row : {
             Row{{{"file:1/model.onnx", "Zm9v"}}, "need the parameter 'config'"},
             Row{{{"config", config}}, "No artefact"},
             Row{{{"config", config}, {"file:1/card.md", "Zm9v"}}, "No artefact"},
             Row{{{"config", 1}}, "not a string of JSON"},
             Row{{{"config", "{"}}, "not valid JSON"},
             Row{{{"config", "[]"}}, "not a JSON object"},
             Row{{{"config", R"({"name":"other"})"}}, "another model's"},
             Row{{{"config", R"({"backend":1})"}}, "'backend' is not a string"},
             Row{{{"config", config}, {"file:0/model.onnx", "Zm9v"}}, "version from 1"},
             Row{{{"config", config}, {"file:x/model.onnx", "Zm9v"}}, "version from 1"},
             Row{{{"config", config}, {"file:model.onnx", "Zm9v"}}, "version from 1"},
             Row{{{"config", config}, {"file:1/../../model.onnx", "Zm9v"}}, "must be model."},
             Row{{{"config", config}, {"file:1/model.pkl", "Zm9v"}}, "must be model."},
             Row{{{"config", config}, {"file:1/model.onnx", "Zm9"}}, "not base64"},
             Row{{{"config", config}, {"file:1/model.onnx", 7}}, "is not a string"},
             Row{{{"config", config}, {"file:1/model.onnx", "Zm9v"}, {"file:2/card.md", "Zm9v"}},
                 "several versions"},
             Row{{{"config", config},
                  {"file:1/model.onnx", "Zm9v"},
                  {"file:1/model.safetensors", "Zm9v"}},
                 "Two artefacts"},
             Row{{{"config", config}, {"file:1/labels.txt", "YQoKYg=="}}, "line 2"},
         }) {
        SCOPED_TRACE(row.parameters.dump());
        const auto refused = read_sent_version(row.parameters, "m");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Code::InvalidArgument);
        EXPECT_THAT(refused.error().message, HasSubstr(row.words));
    }
}

}  // namespace
}  // namespace flywheel::gateway
