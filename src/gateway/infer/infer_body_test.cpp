// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/infer_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/infer/reading_fixture.h"

namespace flywheel::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::mutated;
using testing::Reading;
using testing::signature_of;

std::string request_of(
    std::string_view type, std::string_view shape, std::string_view data, std::string_view more = ""
) {
    return R"({"inputs":[{"name":"x","shape":)" + std::string(shape) + R"(,"datatype":")" +
           std::string(type) + R"(","data":)" + std::string(data) + "}]" + std::string(more) + "}";
}

std::string flagged(
    std::string_view type, std::string_view shape, std::size_t bytes, std::string_view more = ""
) {
    return R"({"inputs":[{"name":"x","shape":)" + std::string(shape) + R"(,"datatype":")" +
           std::string(type) + R"(","parameters":{"binary_data_size":)" + std::to_string(bytes) +
           "}" + std::string(more) + "}]}";
}

TEST(InferBody, RefusesNumbersThatTheDatatypeCannotHold) {
    struct Row {
        DataType type;
        std::string good;
        std::string bad;
    };

    Reading reading;
    for (const Row& row : {
             Row{DataType::Bool, "true", "2"},
             Row{DataType::Bool, "0", "\"true\""},
             Row{DataType::Uint8, "255", "256"},
             Row{DataType::Uint8, "0", "-1"},
             Row{DataType::Uint16, "65535", "65536"},
             Row{DataType::Uint32, "4294967295", "4294967296"},
             Row{DataType::Uint64, "18446744073709551615", "18446744073709551616"},
             Row{DataType::Int8, "-128", "128"},
             Row{DataType::Int16, "-32768", "-32769"},
             Row{DataType::Int32, "2147483647", "2147483648"},
             Row{DataType::Int64, "-9223372036854775808", "9223372036854775808"},
             Row{DataType::Int32, "1", "1.0"},
             Row{DataType::Int32, "1", "1e2"},
             Row{DataType::Int32, "1", "null"},
             Row{DataType::Fp32, "3.4028235e38", "3.4028236e38"},
             Row{DataType::Fp32, "-1e-50", "1e39"},
             Row{DataType::Fp64, "1.7976931348623157e308", "1e309"},
             Row{DataType::Fp64, "1", "NaN"},
             Row{DataType::Fp64, "1", "01"},
             Row{DataType::Bytes, "\"x\"", "7"},
         }) {
        SCOPED_TRACE(std::string(name_of(row.type)) + " " + row.bad);
        const Signature signature = signature_of(row.type, {-1});
        const std::string type(name_of(row.type));
        EXPECT_EQ(
            reading.refusal(signature, request_of(type, "[1]", "[" + row.good + "]")), "accepted"
        );
        const auto refused = reading.json(signature, request_of(type, "[1]", "[" + row.bad + "]"));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Code::InvalidArgument);
    }
    EXPECT_EQ(
        reading.refusal(signature_of(DataType::Int8, {-1}), request_of("INT8", "[2]", "[1,300]")),
        "Input 'x': data[1] is not a value of INT8: 300"
    );
}

TEST(InferBody, SaysThatHalfFloatsNeedBinaryData) {
    Reading reading;
    for (const DataType type : {DataType::Fp16, DataType::Bf16}) {
        const std::string name(name_of(type));
        const Signature signature = signature_of(type, {-1});
        EXPECT_THAT(
            reading.refusal(signature, request_of(name, "[1]", "[1]")),
            HasSubstr(name + " needs binary data")
        );
        EXPECT_THAT(
            reading.refusal(signature, flagged(name, "[1]", 2), "ab"),
            HasSubstr("Output 'y': " + name + " needs binary data")
        );
    }
}

TEST(InferBody, ReadsFlatAndNestedDataAlike) {
    Reading reading;
    const Signature signature = signature_of(DataType::Int32, {-1, 2, 3});
    for (const std::string data :
         {"[1,2,3,4,5,6]", "[[[1,2,3],[4,5,6]]]", " [ [ [1 ,2,3 ] , [4,5,6]]]"}) {
        ASSERT_EQ(reading.refusal(signature, request_of("INT32", "[1,2,3]", data)), "accepted");
        EXPECT_THAT(reading.body.inputs[0].as<std::int32_t>(), ElementsAre(1, 2, 3, 4, 5, 6));
    }

    struct Row {
        std::string data;
        std::string words;
    };

    for (const Row& row : {
             Row{"[1,2,3,4,5]", "Input 'x': data has 5 elements, but shape is [1,2,3]"},
             Row{"[1,2,3,4,5,6,7]", "Input 'x': data has 7 elements, but shape is [1,2,3]"},
             Row{"[]", "Input 'x': data has 0 elements, but shape is [1,2,3]"},
             Row{"[[[1,2,3],[4,5]]]", "Input 'x': data[0][1] is nested with 2 elements, expected 3"
             },
             Row{"[[[1,2,3]]]", "Input 'x': data[0] is nested with 1 elements, expected 2"},
             Row{"[[[1,2,3],4]]", "Input 'x': data[0][1] mixes flat and nested elements"},
             Row{"[[[1,[2],3],[4,5,6]]]", "Input 'x': data[0][0][1] mixes flat and nested elements"
             },
             Row{"[[1,2,3],[4,5,6]]",
                 "Input 'x': data[0] is nested less deep than shape [1,2,3] says"},
             Row{"[[[[1]]]]", "Input 'x': data is nested, but shape is [1,2,3]"},
             Row{"7", "Field 'inputs.data' is not an array"},
         }) {
        EXPECT_EQ(reading.refusal(signature, request_of("INT32", "[1,2,3]", row.data)), row.words);
    }
}

TEST(InferBody, ReadsFieldsInAnyOrder) {
    Reading reading;
    Signature signature = signature_of(DataType::Bytes, {-1, 1});
    signature.inputs.push_back({"n", DataType::Int64, {-1}});
    ASSERT_EQ(
        reading.refusal(
            signature,
            R"({"inputs":[{"data":["a\u00e9","b"],"shape":[2,1],"name":"x","datatype":"BYTES"},)"
            R"({"datatype":"INT64","data":[[7],[-8]],"shape":[2,1],"name":"n"}]})"
        ),
        "accepted"
    );
    EXPECT_THAT(reading.body.inputs[0].strings, ElementsAre("a\xC3\xA9", "b"));
    EXPECT_THAT(reading.body.inputs[1].as<std::int64_t>(), ElementsAre(7, -8));
    EXPECT_EQ(reading.body.inputs[1].shape, (Shape{2}));
    EXPECT_EQ(reading.body.rows, 2);
}

TEST(InferBody, NamesWhatIsWrongWithAnInput) {
    Reading reading;
    const Signature signature = signature_of(DataType::Fp32, {-1, 2});

    struct Row {
        std::string request;
        std::string words;
    };

    for (const Row& row : {
             Row{request_of("FP32", "[1,3]", "[1,2,3]"),
                 "Input 'x': shape does not fit the model's [-1,2]: [1,3]"},
             Row{request_of("FP32", "[0,2]", "[]"), "Request has no rows"},
             Row{request_of("FP32", "[65537,2]", "[]"),
                 "Input 'x': more rows than the limit of 65536: 65537"},
             Row{request_of("FP32", "[9223372036854775807,2]", "[]"),
                 "Input 'x': more rows than the limit of 65536: 9223372036854775807"},
             Row{request_of("FP32", "[9223372036854775808,2]", "[]"),
                 "Field 'inputs.shape' is not an integer"},
             Row{request_of("FP32", "[-1,2]", "[]"),
                 "Field 'inputs.shape' has a negative dimension: -1"},
             Row{request_of("FP32", "[1,1,1,1,1,1,1,1,1]", "[1]"),
                 "Field 'inputs.shape' has more dimensions than the limit of 8"},
             Row{request_of("FP128", "[1,2]", "[1,2]"),
                 "Input 'x': datatype is not the model's FP32: 'FP128'"},
             Row{R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32"}]})",
                 "Field 'inputs.data' is missing for input 'x'"},
             Row{R"({"inputs":[{"name":"x","datatype":"FP32","data":[1,2]}]})",
                 "Field 'inputs.shape' is missing for input 'x'"},
             Row{flagged("FP32", "[1,2]", 8),
                 "Input 'x': binary_data_size needs the header Inference-Header-Content-Length"},
         }) {
        EXPECT_EQ(reading.refusal(signature, row.request), row.words);
    }
    const Signature free = signature_of(DataType::Fp64, {-1, -1, -1});
    EXPECT_THAT(
        reading.refusal(free, request_of("FP64", "[1,4294967296,4294967296]", "[]")),
        HasSubstr("63 bits")
    );
    EXPECT_THAT(
        reading.refusal(free, request_of("FP64", "[1,4294967296,1073741824]", "[]")),
        HasSubstr("63 bits")
    );
    EXPECT_THAT(
        reading.refusal(free, request_of("FP64", "[1,4096,4096]", "[]")),
        HasSubstr("limit of 67108864 bytes")
    );
}

TEST(InferBody, NamesWhatIsWrongWithBinaryData) {
    Reading reading;
    const Signature floats = signature_of(DataType::Fp32, {-1, 2});
    const Signature texts = signature_of(DataType::Bytes, {-1});
    const Signature flags = signature_of(DataType::Bool, {-1});
    EXPECT_EQ(
        reading.refusal(floats, flagged("FP32", "[1,2]", 8), "1234567"),
        "Input 'x': fewer bytes are left in the body than binary_data_size says: 7 of 8"
    );
    EXPECT_EQ(
        reading.refusal(floats, flagged("FP32", "[1,2]", 8), "123456789"),
        "Request has bytes left over behind its binary tensors: 1"
    );
    EXPECT_EQ(
        reading.refusal(floats, flagged("FP32", "[1,2]", 4), "1234"),
        "Input 'x': binary data has 4 bytes, but FP32 [1,2] needs 8"
    );
    EXPECT_EQ(
        reading.refusal(floats, flagged("FP32", "[1,2]", 8, R"(,"data":[1,2])"), "12345678"),
        "Input 'x': binary_data_size and data exclude each other"
    );
    EXPECT_EQ(
        reading.refusal(texts, flagged("BYTES", "[1]", 5), std::string_view("\2\0\0\0a", 5)),
        "Input 'x': length of BYTES element 0 runs past the end of its 5 bytes"
    );
    EXPECT_EQ(
        reading.refusal(texts, flagged("BYTES", "[1]", 4), "\xFF\xFF\xFF\xFF"),
        "Input 'x': length of BYTES element 0 runs past the end of its 4 bytes"
    );
    EXPECT_EQ(
        reading.refusal(texts, flagged("BYTES", "[2]", 5), std::string_view("\1\0\0\0a", 5)),
        "Input 'x': binary data has 1 BYTES elements, but shape is [2]"
    );
    EXPECT_EQ(
        reading.refusal(texts, flagged("BYTES", "[1]", 8), std::string_view("\0\0\0\0\0\0\0\0", 8)),
        "Input 'x': binary data has more BYTES elements than shape [1] says"
    );
    EXPECT_EQ(
        reading.refusal(flags, flagged("BOOL", "[2]", 2), "\1\2"),
        "Input 'x': BOOL element 1 is neither 0 nor 1: 2"
    );
    const std::string one = flagged("FP32", "[1,2]", 8);
    for (const std::string length : {"", "+9", "1x", "99999999999999999999", " 1"}) {
        BodyForm form;
        form.header_length = length;
        EXPECT_THAT(
            reading.read(floats, one, form).error().message, HasSubstr("plain decimal number")
        );
    }
    BodyForm form;
    form.header_length = "1000";
    EXPECT_THAT(reading.read(floats, one, form).error().message, HasSubstr("larger than the body"));
}

TEST(InferBody, GivesTheOnlyInputTheRestOfTheBody) {
    Reading reading;
    const Signature signature = signature_of(DataType::Uint8, {-1, 2});
    ASSERT_EQ(
        reading.refusal(
            signature, R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"UINT8"}]})", "ab"
        ),
        "accepted"
    );
    EXPECT_THAT(reading.body.inputs[0].as<std::uint8_t>(), ElementsAre('a', 'b'));
}

TEST(InferBody, TakesARawBodyAsTheOneTensor) {
    Reading reading;
    BodyForm raw;
    raw.header_length = "0";
    ASSERT_TRUE(reading.read(signature_of(DataType::Int16, {-1, -1, 2}), "12345678", raw));
    EXPECT_EQ(reading.body.inputs[0].shape, (Shape{1, 2, 2}));
    EXPECT_TRUE(reading.body.outputs[0].binary);
    raw.accepts_json = true;
    ASSERT_TRUE(reading.read(signature_of(DataType::Bytes, {-1}), "any bytes", raw));
    EXPECT_THAT(reading.body.inputs[0].strings, ElementsAre("any bytes"));
    EXPECT_FALSE(reading.body.outputs[0].binary);
    EXPECT_FALSE(reading.read(signature_of(DataType::Int16, {-1, -1, 2}), "12345", raw));
    EXPECT_FALSE(reading.read(signature_of(DataType::Int16, {-1, -1, -1}), "1234", raw));
    EXPECT_FALSE(reading.read(signature_of(DataType::Int16, {-1, 2}), "12345678", raw));
    BodyForm text;
    text.content_type = "text/plain";
    ASSERT_TRUE(reading.read(signature_of(DataType::Bytes, {-1}), "{not json", text));
    EXPECT_THAT(reading.body.inputs[0].strings, ElementsAre("{not json"));
    ASSERT_TRUE(reading.read(
        signature_of(DataType::Bytes, {-1}), request_of("BYTES", "[1]", "[\"a\"]"), text
    ));
    EXPECT_THAT(reading.body.inputs[0].strings, ElementsAre("a"));
    BodyForm image;
    image.content_type = "image/jpeg";
    ASSERT_TRUE(reading.read(signature_of(DataType::Bytes, {-1}), "\xFF\xD8", image));
    Signature two = signature_of(DataType::Bytes, {-1});
    two.inputs.push_back(two.inputs[0]);
    EXPECT_FALSE(reading.read(two, "x", image));
}

TEST(InferBody, TakesRowIdsAndSubjectsOut) {
    Reading reading;
    const Signature signature = signature_of(DataType::Int32, {-1});
    const auto with = [](const std::string& more) {
        return R"({"inputs":[{"name":"x","shape":[2],"datatype":"INT32","data":[1,2]},)" + more +
               "]}";
    };
    ASSERT_EQ(
        reading.refusal(
            signature,
            with(R"({"name":"fw_row_id","shape":[2,1],"datatype":"INT64","data":[7,-8]},)"
                 R"({"name":"fw_subject","shape":[1],"datatype":"BYTES","data":["ann"]})")
        ),
        "accepted"
    );
    EXPECT_EQ(reading.body.inputs.size(), 1U);
    EXPECT_THAT(reading.body.row_ids, ElementsAre("7", "-8"));
    EXPECT_THAT(reading.body.subjects, ElementsAre("ann"));
    EXPECT_THAT(
        reading.refusal(
            signature,
            with(R"({"name":"fw_row_id","shape":[2],"datatype":"BYTES","data":["a","a"]})")
        ),
        HasSubstr("two rows have one id: 'a'")
    );
    EXPECT_THAT(
        reading.refusal(
            signature, with(R"({"name":"fw_row_id","shape":[1],"datatype":"BYTES","data":["a"]})")
        ),
        HasSubstr("1 elements for 2 rows")
    );
    EXPECT_THAT(
        reading.refusal(
            signature,
            with(R"({"name":"fw_subject","shape":[3],"datatype":"BYTES","data":["a","b","c"]})")
        ),
        HasSubstr("3 elements for 2 rows")
    );
}

TEST(InferBody, KeepsParametersAndRefusesUnknownOnesOfOurs) {
    Reading reading;
    const Signature signature = signature_of(DataType::Int32, {-1});
    const auto with = [](const std::string& parameters) {
        return request_of("INT32", "[1]", "[1]", R"(,"parameters":)" + parameters);
    };
    ASSERT_EQ(
        reading.refusal(
            signature,
            with(
                R"({"a":"x\"y","b":1.50,"c":true,"d":null,"headers":{"x":[1]},"triton_z":[],"timeout":5,)"
                R"("priority":1,"fw_subject":"s","fw_key":"k","fw_capture":false,"sequence_end":false})"
            )
        ),
        "accepted"
    );
    EXPECT_EQ(reading.body.parameters.own, R"({"a":"x\"y","b":1.50,"c":true})");
    EXPECT_EQ(reading.body.parameters.timeout_us, 5);
    EXPECT_EQ(reading.body.parameters.subject, "s");
    EXPECT_EQ(reading.body.parameters.key, "k");
    EXPECT_FALSE(reading.body.parameters.keep_payload);
    for (const std::string bad :
         {R"({"fw_new":1})",
          R"({"a":[1]})",
          R"({"timeout":"x"})",
          R"({"timeout":-1})",
          R"({"priority":1.5})",
          R"({"fw_key":1})",
          R"({"sequence_id":1})",
          "[]",
          R"({"shared_memory_region":"r"})"}) {
        EXPECT_NE(reading.refusal(signature, with(bad)), "accepted") << bad;
    }
    EXPECT_THAT(
        reading.refusal(signature, with(R"({"a":")" + std::string(2048, 'x') + "\"}")),
        HasSubstr("limit of 2048 bytes")
    );
    EXPECT_EQ(reading.refusal(signature, with("null")), "accepted");
    EXPECT_EQ(reading.body.parameters.own, "");
}

TEST(InferBody, ResolvesTheFormOfEachOutput) {
    Reading reading;
    Signature signature = signature_of(DataType::Fp32, {-1, 2});
    signature.outputs.push_back({"big", DataType::Fp32, {-1, 2}, true});
    const auto with = [](const std::string& more) {
        return request_of("FP32", "[1,2]", "[1,2]", more);
    };
    ASSERT_TRUE(reading.json(signature, with(R"(,"parameters":{"binary_data_output":true})")));
    ASSERT_EQ(reading.body.outputs.size(), 1U);
    EXPECT_TRUE(reading.body.outputs[0].binary);
    ASSERT_TRUE(reading.json(
        signature,
        with(
            R"(,"outputs":[{"name":"big"},{"name":"y","parameters":{"binary_data":false,"classification":1}}],)"
            R"("parameters":{"binary_data_output":true})"
        )
    ));
    ASSERT_EQ(reading.body.outputs.size(), 2U);
    EXPECT_EQ(reading.body.outputs[0].index, 1U);
    EXPECT_TRUE(reading.body.outputs[0].binary);
    EXPECT_FALSE(reading.body.outputs[1].binary);
    EXPECT_EQ(reading.body.outputs[1].classes, 1);
    for (const std::string bad :
         {R"([{"name":"no"}])",
          R"([{"name":"y"},{"name":"y"}])",
          R"([{}])",
          R"([{"name":"y","parameters":{"classification":0}}])",
          R"([{"name":"y","parameters":{"binary_data":1}}])"}) {
        EXPECT_NE(reading.refusal(signature, with(R"(,"outputs":)" + bad)), "accepted") << bad;
    }
    const Signature scalar = signature_of(DataType::Fp32, {-1});
    EXPECT_THAT(
        reading.refusal(
            scalar,
            request_of(
                "FP32",
                "[1]",
                "[1]",
                R"(,"outputs":[{"name":"y","parameters":{"classification":1}}])"
            )
        ),
        HasSubstr("Classification needs")
    );
}

TEST(InferBody, NeedsAllInputsOfTheModelWithTheSameRows) {
    Reading reading;
    Signature signature = signature_of(DataType::Int8, {-1});
    signature.inputs.push_back({"z", DataType::Int8, {-1}});
    EXPECT_EQ(
        reading.refusal(signature, request_of("INT8", "[1]", "[1]")), "Input is missing: 'z'"
    );
    EXPECT_THAT(
        reading.refusal(
            signature,
            R"({"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[1]},{"name":"z","shape":[2],"datatype":"INT8","data":[1,2]}]})"
        ),
        HasSubstr("rows differ")
    );
}

TEST(InferBody, SurvivesMutatedJson) {
    Signature signature = signature_of(DataType::Fp32, {-1, 2});
    signature.inputs.push_back({"t", DataType::Bytes, {-1}});
    const std::string good =
        R"({"id":"q","inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[[1,2.5],[-3e2,4]]},)"
        R"({"data":["a\u00e9","b"],"name":"t","shape":[2],"datatype":"BYTES"}],"outputs":[{"name":"y",)"
        R"("parameters":{"binary_data":false}}],"parameters":{"priority":1,"x":2.5e3}})";
    Rng rng(3);
    Reading reading;
    int accepted = 0;
    for (int round = 0; round < 50'000; ++round) {
        if (reading.json(signature, mutated(good, rng))) {
            ++accepted;
            const auto rows = static_cast<std::size_t>(reading.body.rows);
            ASSERT_EQ(reading.body.inputs[0].as<float>().size(), 2 * rows);
            ASSERT_EQ(reading.body.inputs[1].strings.size(), rows);
        }
    }
    EXPECT_GT(accepted, 5'000);
    EXPECT_LT(accepted, 45'000);
}

TEST(InferBody, SurvivesMutatedBinaryBodies) {
    Signature signature = signature_of(DataType::Fp32, {-1, 2});
    signature.inputs.push_back({"t", DataType::Bytes, {-1}});
    const std::string head =
        R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}},)"
        R"({"name":"t","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":7}}]})";
    const std::string good = head + std::string("12345678\3\0\0\0abc", 15);
    const std::string length = std::to_string(head.size());
    Rng rng(5);
    Reading reading;
    BodyForm form;
    form.header_length = length;
    int accepted = 0;
    for (int round = 0; round < 50'000; ++round) {
        if (reading.read(signature, mutated(good, rng), form)) {
            ++accepted;
            ASSERT_EQ(reading.body.inputs[0].bytes.size(), 8U);
            ASSERT_EQ(reading.body.inputs[1].strings[0].size(), 3U);
        }
    }
    EXPECT_GT(accepted, 5'000);
    EXPECT_LT(accepted, 45'000);
}

}  // namespace
}  // namespace flywheel::gateway
