// SPDX-License-Identifier: Apache-2.0
// Models of users in the OpenVINO worker: files made here, run through the built program, compared
// with what they say by hand.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ports/engine/openvino/files/import_files.h"
#include "ports/engine/openvino/onnx_writer.h"
#include "ports/engine/tensor_model.h"
#include "ports/engine/worker/bundle.h"
#include "ports/engine/worker/worker_engine.h"
#include "temp_folder.h"

namespace flywheel::openvino {

namespace {

using ::testing::HasSubstr;
using testing::OnnxModel;
using testing::OnnxType;
using testing::Sizes;

using Floats = std::vector<float>;

std::string bundle_of(const OnnxModel& model, const ModelOptions& options = {}) {
    const std::string bytes = model.bytes();
    const std::string how = to_json(options);
    return worker::write_bundle({{"model.onnx", bytes}, {"options.json", how}}).value();
}

Result<std::shared_ptr<const Model>> load(const std::string& bundle) {
    worker::EnginePlan plan;
    plan.name = "openvino";
    plan.program = "flywheel-openvino";
    plan.folders = {FLYWHEEL_PROGRAMS};
    plan.worker.process.shared_memory_max = 64 << 20;
    return worker::make_engine(plan)->load(bundle);
}

template <class T>
TensorView view_of(DataType type, const Shape& shape, const std::vector<T>& values) {
    return {type, shape, std::as_bytes(std::span(values)), {}};
}

template <class T>
std::vector<T> values_of(const Tensor& tensor) {
    const auto bytes = tensor.bytes.bytes();
    const auto* const values = reinterpret_cast<const T*>(bytes.data());
    return {values, values + bytes.size() / sizeof(T)};
}

/// The first output of a model with one input.
Result<Tensor> run(const Model& model, const TensorView& input) {
    constexpr std::size_t kFirst[] = {0};
    auto outputs = TRY(model.tensors()->run(std::span(&input, 1), kFirst));
    return std::move(outputs.at(0));
}

constexpr std::size_t kIn = 4;
constexpr std::size_t kOut = 3;

const Floats kWeights = {.5F, -1, 2, .25F, 1, 0, -2, .75F, 1.5F, 3, -.5F, .125F};
const Floats kBias = {.1F, .2F, -.3F};

OnnxModel dense(std::int64_t rows = -1) {
    OnnxModel model;
    model.input("x", OnnxType::Float, {rows, kIn}).output("y", OnnxType::Float, {rows, kOut});
    model.constant("w", OnnxType::Float, {kIn, kOut}, kWeights);
    model.constant("b", OnnxType::Float, {kOut}, kBias);
    model.node("MatMul", {"x", "w"}, {"xw"}).node("Add", {"xw", "b"}, {"y"});
    return model;
}

Floats dense_by_hand(const Floats& x) {
    Floats y;
    for (std::size_t row = 0; row < x.size() / kIn; ++row) {
        for (std::size_t k = 0; k < kOut; ++k) {
            double sum = kBias[k];
            for (std::size_t j = 0; j < kIn; ++j) {
                sum += static_cast<double>(x[row * kIn + j]) * kWeights[j * kOut + k];
            }
            y.push_back(static_cast<float>(sum));
        }
    }
    return y;
}

Floats ramp(std::size_t count) {
    Floats values;
    for (std::size_t i = 0; i < count; ++i) {
        values.push_back(static_cast<float>(i * 29 % 83) / 40.0F - 1.0F);
    }
    return values;
}

void expect_near(const Floats& got, const Floats& wanted, double tolerance) {
    ASSERT_EQ(got.size(), wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_NEAR(got[i], wanted[i], tolerance * (1 + std::abs(wanted[i]))) << i;
    }
}

TEST(Openvino, RunsADenseLayerOverAnyNumberOfRows) {
    const auto model = load(bundle_of(dense())).value();
    const Signature& signature = model->tensors()->signature();
    EXPECT_TRUE(signature.batches);
    EXPECT_EQ(signature.inputs.at(0).name, "x");
    EXPECT_EQ(signature.inputs.at(0).shape, (Shape{-1, 4}));
    EXPECT_EQ(signature.outputs.at(0).name, "y");
    EXPECT_EQ(signature.outputs.at(0).shape, (Shape{-1, 3}));
    EXPECT_GT(model->memory_bytes(), 1U << 20);
    for (const std::int64_t rows : {1, 2, 7, 64, 1}) {
        SCOPED_TRACE(rows);
        const Floats x = ramp(kIn * static_cast<std::size_t>(rows));
        const auto y = run(*model, view_of(DataType::Fp32, {rows, 4}, x)).value();
        EXPECT_EQ(y.shape, (Shape{rows, 3}));
        expect_near(values_of<float>(y), dense_by_hand(x), 1e-5);
    }
}

TEST(Openvino, GivesARowTheSameAloneAndInABatch) {
    const auto model = load(bundle_of(dense())).value();
    const Floats x = ramp(kIn * 33);
    const auto together = values_of<float>(*run(*model, view_of(DataType::Fp32, {33, 4}, x)));
    Floats alone;
    for (std::size_t row = 0; row < 33; ++row) {
        const Floats one(x.begin() + row * kIn, x.begin() + (row + 1) * kIn);
        const auto y = values_of<float>(*run(*model, view_of(DataType::Fp32, {1, 4}, one)));
        alone.insert(alone.end(), y.begin(), y.end());
    }
    expect_near(together, alone, 1e-5);
}

TEST(Openvino, FreesTheFirstDimensionOfAModelForOneRow) {
    // 3 x 3 convolution of two filters, rectified, averaged.
    const Floats filters = ramp(18);
    OnnxModel net;
    net.input("image", OnnxType::Float, {1, 1, 6, 6})
        .output("pooled", OnnxType::Float, {1, 2, 1, 1});
    net.constant("w", OnnxType::Float, {2, 1, 3, 3}, filters);
    net.node("Conv", {"image", "w"}, {"c"}).node("Relu", {"c"}, {"r"});
    net.node("GlobalAveragePool", {"r"}, {"pooled"});
    const auto model = load(bundle_of(net)).value();
    EXPECT_TRUE(model->tensors()->signature().batches);
    EXPECT_EQ(model->tensors()->signature().inputs.at(0).shape, (Shape{-1, 1, 6, 6}));
    const Floats images = ramp(3 * 36);
    Floats wanted;
    for (std::size_t n = 0; n < 6; ++n) {
        double sum = 0;
        for (std::size_t at = 0; at < 16; ++at) {
            double pixel = 0;
            for (std::size_t k = 0; k < 9; ++k) {
                const std::size_t place = (at / 4 + k / 3) * 6 + at % 4 + k % 3;
                pixel += static_cast<double>(images[n / 2 * 36 + place]) * filters[n % 2 * 9 + k];
            }
            sum += std::max(pixel, 0.0) / 16;
        }
        wanted.push_back(static_cast<float>(sum));
    }
    const auto pooled = run(*model, view_of(DataType::Fp32, {3, 1, 6, 6}, images)).value();
    expect_near(values_of<float>(pooled), wanted, 1e-5);
}

TEST(Openvino, BatchesOnlyWhatDoesNotMixRows) {
    OnnxModel centred;  // y = x - mean of all rows
    centred.input("x", OnnxType::Float, {-1, 4}).output("y", OnnxType::Float, {-1, 4});
    centred.constant("axes", OnnxType::Int64, {1}, std::vector<std::int64_t>{0});
    centred.node("ReduceSum", {"x", "axes"}, {"m"}).node("Sub", {"x", "m"}, {"y"});
    OnnxModel four = dense(4);

    struct Row {
        const char* what;
        const OnnxModel model;
        const char* wish;
        int batches;  ///< -1 = refused
        Shape shape;
    };

    const Row table[] = {
        {"free", dense(), "auto", 1, {-1, 4}},
        {"free, but not wanted", dense(), "no", 0, {-1, 4}},
        {"one", dense(1), "auto", 1, {-1, 4}},
        {"one, and not wanted", dense(1), "no", 0, {1, 4}},
        {"mixes rows", centred, "auto", 0, {-1, 4}},
        {"mixes rows, and is wanted", centred, "yes", 1, {-1, 4}},
        {"four", four, "auto", 0, {4, 4}},
        {"four, and is wanted", four, "yes", -1, {}},
    };
    for (const Row& row : table) {
        SCOPED_TRACE(row.what);
        const auto model = load(bundle_of(row.model, {row.wish, "fp32"}));
        ASSERT_EQ(model.has_value(), row.batches >= 0);
        if (!model) {
            EXPECT_EQ(model.error().code, Code::InvalidArgument);
            EXPECT_THAT(model.error().message, HasSubstr("--batches no"));
            continue;
        }
        const Signature& signature = (*model)->tensors()->signature();
        EXPECT_EQ(signature.batches, row.batches == 1);
        EXPECT_EQ(signature.inputs.at(0).shape, row.shape);
    }
}

TEST(Openvino, RunsHalfPrecision) {
    // 1, 2, -0.5 and 0.25 as halves.
    const std::vector<std::uint16_t> weights = {0x3C00, 0x4000, 0xB800, 0x3400};
    OnnxModel net;
    net.input("x", OnnxType::Half, {-1, 2}).output("y", OnnxType::Half, {-1, 2});
    net.constant("w", OnnxType::Half, {2, 2}, weights).node("MatMul", {"x", "w"}, {"y"});
    for (const char* precision : {"fp32", "fp16"}) {
        SCOPED_TRACE(precision);
        const auto model = load(bundle_of(net, {"auto", precision})).value();
        EXPECT_EQ(model->tensors()->signature().inputs.at(0).type, DataType::Fp16);
        const std::vector<std::uint16_t> x = {0x4000, 0x3C00};  // 2, 1
        const auto y = run(*model, view_of(DataType::Fp16, {1, 2}, x)).value();
        EXPECT_EQ(values_of<std::uint16_t>(y), (std::vector<std::uint16_t>{0x3E00, 0x4440}));
    }
}

OnnxModel quantised() {
    const std::vector<std::int8_t> weights = {
        10, -20, 30, 40, 50, -60, 70, 80, -90, 100, -110, 120
    };
    OnnxModel net;
    net.input("x", OnnxType::Float, {-1, kIn}).output("y", OnnxType::Float, {-1, kOut});
    net.constant("s", OnnxType::Float, {}, Floats{.02F});
    net.constant("z", OnnxType::Int8, {}, std::vector<std::int8_t>{0});
    net.constant("ws", OnnxType::Float, {}, Floats{.01F});
    net.constant("w8", OnnxType::Int8, {kIn, kOut}, weights);
    net.node("QuantizeLinear", {"x", "s", "z"}, {"q"})
        .node("DequantizeLinear", {"q", "s", "z"}, {"d"});
    net.node("DequantizeLinear", {"w8", "ws", "z"}, {"w"}).node("MatMul", {"d", "w"}, {"y"});
    return net;
}

TEST(Openvino, RunsAQuantisedModelAsItIs) {
    for (const char* precision : {"int8", "fp32"}) {
        SCOPED_TRACE(precision);
        const auto model = load(bundle_of(quantised(), {"auto", precision})).value();
        const Floats x = {.5F, -.25F, 1, .111F};  // 25, -12.5 -> -12, 50, 5.55 -> 6 steps of .02
        const double steps[] = {25, -12, 50, 6};
        const double weights[] = {10, -20, 30, 40, 50, -60, 70, 80, -90, 100, -110, 120};
        Floats wanted;
        for (std::size_t k = 0; k < kOut; ++k) {
            double sum = 0;
            for (std::size_t j = 0; j < kIn; ++j) {
                sum += steps[j] * .02 * weights[j * kOut + k] * .01;
            }
            wanted.push_back(static_cast<float>(sum));
        }
        const auto y = run(*model, view_of(DataType::Fp32, {1, 4}, x)).value();
        expect_near(values_of<float>(y), wanted, 1e-4);
    }
    const auto refused = load(bundle_of(dense(), {"auto", "int8"}));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("quantise it first"));
}

TEST(Openvino, ReadsIrFromItsTwoFiles) {
    const testing::TempFolder folder;
    const auto file = folder.path() / "double.xml";
    std::ofstream(file) << R"(<?xml version="1.0"?><net name="double" version="11"><layers>
<layer id="0" name="x" type="Parameter" version="opset1"><data shape="?,2" element_type="f32"/>
<output><port id="0" precision="FP32" names="x"><dim>-1</dim><dim>2</dim></port></output></layer>
<layer id="1" name="two" type="Const" version="opset1"><data element_type="f32" shape="1,2" offset="0" size="8"/>
<output><port id="0" precision="FP32"><dim>1</dim><dim>2</dim></port></output></layer>
<layer id="2" name="times" type="Multiply" version="opset1"><data auto_broadcast="numpy"/>
<input><port id="0"><dim>-1</dim><dim>2</dim></port><port id="1"><dim>1</dim><dim>2</dim></port></input>
<output><port id="2" precision="FP32" names="y"><dim>-1</dim><dim>2</dim></port></output></layer>
<layer id="3" name="out" type="Result" version="opset1">
<input><port id="0"><dim>-1</dim><dim>2</dim></port></input></layer></layers>
<edges><edge from-layer="0" from-port="0" to-layer="2" to-port="0"/><edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
<edge from-layer="2" from-port="2" to-layer="3" to-port="0"/></edges></net>)";
    EXPECT_THAT(load(*bundle_of_file(file, {})).error().message, HasSubstr("with its .bin"));
    const Floats weights = {2, 3};
    std::ofstream(folder.path() / "double.bin", std::ios::binary)
        .write(reinterpret_cast<const char*>(weights.data()), 8);
    const auto model = load(*bundle_of_file(file, {})).value();
    EXPECT_EQ(model->tensors()->signature().outputs.at(0).name, "y");
    const Floats x = {1, 10, 2, 20};
    const auto y = run(*model, view_of(DataType::Fp32, {2, 2}, x)).value();
    EXPECT_EQ(values_of<float>(y), (Floats{2, 30, 4, 60}));
}

TEST(Openvino, HasTheDatatypesOfTheProtocol) {
    struct Row {
        OnnxType onnx;
        DataType type;
    };

    const Row table[] = {
        {OnnxType::Bool, DataType::Bool},
        {OnnxType::Uint8, DataType::Uint8},
        {OnnxType::Uint16, DataType::Uint16},
        {OnnxType::Uint32, DataType::Uint32},
        {OnnxType::Uint64, DataType::Uint64},
        {OnnxType::Int8, DataType::Int8},
        {OnnxType::Int16, DataType::Int16},
        {OnnxType::Int32, DataType::Int32},
        {OnnxType::Int64, DataType::Int64},
        {OnnxType::Half, DataType::Fp16},
        {OnnxType::Bf16, DataType::Bf16},
        {OnnxType::Float, DataType::Fp32},
        {OnnxType::Double, DataType::Fp64},
    };
    for (const Row& row : table) {
        SCOPED_TRACE(name_of(row.type));
        OnnxModel net;
        net.input("x", row.onnx, {-1, 2}).output("y", row.onnx, {-1, 2});
        net.node("Identity", {"x"}, {"y"});
        const auto model = load(bundle_of(net));
        ASSERT_TRUE(model) << model.error().message;
        EXPECT_EQ((*model)->tensors()->signature().inputs.at(0).type, row.type);
        std::vector<char> x(2 * item_size(row.type), 0);
        x[0] = 1;
        const auto y = run(**model, view_of(row.type, {1, 2}, x));
        ASSERT_TRUE(y) << y.error().message;
        EXPECT_EQ(values_of<char>(*y), x);
    }
}

TEST(Openvino, RefusesWhatItWouldCarryWrongly) {
    OnnxModel texts;
    texts.input("s", OnnxType::String, {-1}).output("t", OnnxType::String, {-1});
    texts.node("Identity", {"s"}, {"t"});
    const auto refused = load(bundle_of(texts));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Unsupported);
    EXPECT_THAT(refused.error().message, HasSubstr("tokenise before"));
    OnnxModel numbers;
    numbers.input("x", OnnxType::Int64, {-1, 1}).output("y", OnnxType::Int64, {-1, 1});
    numbers.node("Identity", {"x"}, {"y"});
    const auto model = load(bundle_of(numbers)).value();
    const std::vector<std::int64_t> fits = {-5, INT32_MAX};
    const auto y = run(*model, view_of(DataType::Int64, {2, 1}, fits)).value();
    EXPECT_EQ(values_of<std::int64_t>(y), fits);
    const std::vector<std::int64_t> large = {1, INT64_C(1) << 40};
    const auto cut = run(*model, view_of(DataType::Int64, {2, 1}, large));
    ASSERT_FALSE(cut);
    EXPECT_THAT(cut.error().message, HasSubstr("1099511627776"));
}

TEST(Openvino, GivesTheWantedOutputsOfSeveralInputs) {
    OnnxModel net;
    net.input("a", OnnxType::Float, {-1, 2}).input("b", OnnxType::Float, {-1, 2});
    net.output("sum", OnnxType::Float, {-1, 2}).output("product", OnnxType::Float, {-1, 2});
    net.node("Add", {"a", "b"}, {"sum"}).node("Mul", {"a", "b"}, {"product"});
    const auto model = load(bundle_of(net)).value();
    const Floats a = {1, 2};
    const Floats b = {3, 5};
    const TensorView inputs[] = {
        view_of(DataType::Fp32, {1, 2}, a), view_of(DataType::Fp32, {1, 2}, b)
    };
    constexpr std::size_t kBoth[] = {1, 0};
    const auto both = model->tensors()->run(inputs, kBoth).value();
    EXPECT_EQ(values_of<float>(both.at(0)), (Floats{3, 10}));
    EXPECT_EQ(values_of<float>(both.at(1)), (Floats{4, 7}));
    const auto second = model->tensors()->run(inputs, std::span(kBoth).first(1)).value();
    EXPECT_EQ(second.size(), 1U);
}

TEST(Openvino, SaysWhatIsWrongWithAFile) {
    const std::string whole = dense().bytes();
    const std::string how = to_json({});
    const auto error_of = [&](std::string_view part, std::string_view bytes) {
        const auto refused =
            load(worker::write_bundle({{std::string(part), bytes}, {"options.json", how}}).value());
        return refused ? Error{Code::Internal, "it was loaded"} : refused.error();
    };
    for (const std::size_t size : {1UL, whole.size() / 3, whole.size() - 10}) {
        SCOPED_TRACE(size);
        const Error error = error_of("model.onnx", std::string_view(whole).substr(0, size));
        EXPECT_EQ(error.code, Code::InvalidArgument) << error.message;
        EXPECT_THAT(error.message, HasSubstr("export it again"));
    }
    EXPECT_THAT(error_of("model.onnx", "GIF89a").message, HasSubstr("export it again"));
    EXPECT_THAT(error_of("model.xml", "<net/>").message, HasSubstr("export it again"));
    EXPECT_THAT(error_of("other", "x").message, HasSubstr("neither model.onnx nor model.xml"));
}

/// Of sizes that an operator cannot take the runtime makes an error, nothing, or its end: never
/// more than that call's.
TEST(Openvino, LivesOnAfterSizesThatTheModelCannotTake) {
    OnnxModel net;  // a free image that must not be smaller than the filter
    net.input("x", OnnxType::Float, {-1, 1, -2, -3}).output("y", OnnxType::Float, {-1, 1, -2, -3});
    net.constant("w", OnnxType::Float, {1, 1, 3, 3}, Floats(9, 1)).node("Conv", {"x", "w"}, {"y"});
    const auto model = load(bundle_of(net)).value();
    EXPECT_TRUE(model->tensors()->signature().batches);
    const Floats pixels(25, 1);
    const TensorView image = view_of(DataType::Fp32, {1, 1, 5, 5}, pixels);
    EXPECT_EQ(values_of<float>(*run(*model, image)), Floats(9, 9));
    const Floats few(4, 1);
    const auto small = run(*model, view_of(DataType::Fp32, {1, 1, 2, 2}, few));
    EXPECT_TRUE(
        small
            ? small->bytes.bytes().empty()
            : small.error().code == Code::InvalidArgument || small.error().code == Code::Unavailable
    );
    auto again = run(*model, image);
    while (!again && again.error().code == Code::Unavailable) {
        std::this_thread::yield();
        again = run(*model, image);
    }
    EXPECT_EQ(values_of<float>(*again), Floats(9, 9));
}

}  // namespace

}  // namespace flywheel::openvino
