// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/openvino/openvino_backend.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <openvino/openvino.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include "ports/engine/openvino/batch_dimension.h"
#include "ports/engine/openvino/files/model_options.h"
#include "ports/engine/openvino/values.h"

namespace flywheel::openvino {

namespace {

/// What the runtime throws, as an Error.
template <class Work>
auto guarded(Code code, std::string_view what, Work&& work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return make_error(
            Code::Unavailable,
            fmt::format("{}: no memory; raise engines.memory_gib in flywheel.toml", what)
        );
    } catch (const std::exception& error) {
        return make_error(code, fmt::format("{}: {}", what, first_line(error.what())));
    }
}

/// False where memory that was written can never be executed (MemoryDenyWriteExecute of systemd,
/// PR_SET_MDWE): what the runtime says then is about anything but that.
bool may_run_what_it_wrote() {
    const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* const page =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return true;
    }
    const bool may = ::mprotect(page, size, PROT_READ | PROT_EXEC) == 0;
    ::munmap(page, size);
    return may;
}

Result<std::shared_ptr<ov::Model>> read_model(ov::Core& core, const worker::Parts& parts) {
    const auto part = [&](std::string_view name) {
        const auto found = parts.find(name);
        return found == parts.end() ? std::string_view() : found->second;
    };
    const std::string_view onnx = part("model.onnx");
    const std::string_view weights = part("model.bin");
    const std::string model(onnx.empty() ? part("model.xml") : onnx);
    if (model.empty()) {
        return corrupt("Model artefact has neither model.onnx nor model.xml");
    }
    return guarded(
        Code::InvalidArgument,
        "The file is no model that OpenVINO can read; export it again as one ONNX file, or as IR "
        "with "
        "its .bin",
        [&]() -> Result<std::shared_ptr<ov::Model>> {
            // Weights stay where the artefact is mapped; the runtime only reads them.
            const ov::Tensor shared =
                weights.empty() ? ov::Tensor()
                                : ov::Tensor(
                                      ov::element::u8,
                                      {weights.size()},
                                      const_cast<char*>(weights.data())  // NOLINT: the API's type
                                  );
            return core.read_model(model, shared);
        }
    );
}

/// True when weights or activations of the model are quantised.
bool is_quantised(const ov::Model& model) {
    const auto ops = model.get_ordered_ops();
    return std::any_of(ops.begin(), ops.end(), [](const std::shared_ptr<ov::Node>& op) {
        const bool constant = std::string_view(op->get_type_name()) == "Constant";
        const auto type = constant ? op->get_output_element_type(0) : ov::element::dynamic;
        return std::string_view(op->get_type_name()) == "FakeQuantize" ||
               (constant && op->get_output_shape(0).size() > 1 &&
                (type == ov::element::i8 || type == ov::element::u8));
    });
}

Result<ov::AnyMap> compile_settings(
    const ModelOptions& options, const ov::Model& model, int threads
) {
    ov::AnyMap settings = {
        ov::num_streams(1),
        ov::hint::enable_cpu_pinning(false),
        ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
    };
    if (threads > 0) {
        settings.insert(ov::inference_num_threads(threads));
    }
    if (options.precision == "int8" && !is_quantised(model)) {
        return invalid_argument(
            "The model is not quantised, so it cannot run as int8; quantise it first (NNCF), or "
            "import "
            "it with --precision fp32"
        );
    }
    // Set always: the runtime's own choice on some processors is bf16, which shifts the third
    // digit. A quantised model runs its quantised layers as int8 under any of them.
    const std::map<std::string, ov::element::Type> types = {
        {"fp32", ov::element::f32},
        {"int8", ov::element::f32},
        {"fp16", ov::element::f16},
        {"bf16", ov::element::bf16},
    };
    if (const auto found = types.find(options.precision); found != types.end()) {
        settings.insert(ov::hint::inference_precision(found->second));
    }
    return settings;
}

class OpenvinoSession final : public worker::Session {
  public:
    explicit OpenvinoSession(ov::InferRequest request) : request_(std::move(request)) {}

    Result<std::vector<TensorView>> run(
        std::span<const TensorView> inputs, std::span<const std::size_t> wanted
    ) override {
        return guarded(
            Code::InvalidArgument,
            "The model refused its inputs",
            [&]() -> Result<std::vector<TensorView>> {
                for (std::size_t i = 0; i < inputs.size(); ++i) {
                    TRY(check_integers(inputs[i]));
                    request_.set_input_tensor(i, to_runtime(inputs[i]));
                }
                request_.infer();
                outputs_.resize(wanted.size());
                std::vector<TensorView> views;
                for (std::size_t i = 0; i < wanted.size(); ++i) {
                    views.push_back(outputs_[i].hold(request_.get_output_tensor(wanted[i])));
                }
                return views;
            }
        );
    }

  private:
    ov::InferRequest request_;
    std::vector<HeldTensor> outputs_;
};

class OpenvinoBackend final : public worker::Backend {
  public:
    [[nodiscard]] std::string runtime() const override { return "openvino"; }

    [[nodiscard]] std::string version() const override {
        return ov::get_openvino_version().buildNumber;
    }

    Result<Signature> load(const worker::Parts& parts, int threads) override {
        const auto written = parts.find("options.json");
        const ModelOptions options =
            written == parts.end() ? ModelOptions() : TRY(parse_options(written->second));
        const auto model = TRY(read_model(core_, parts));
        TRY(signature_of(*model));  // what the protocol cannot say is refused before it runs
        const auto compile = [&](const std::shared_ptr<ov::Model>& one) {
            return this->compile(one, options, threads);
        };
        const auto decided = TRY(decide_batches(model, options.batches, compile));
        compiled_ = decided.compiled;
        return decided.signature;
    }

    Result<std::unique_ptr<worker::Session>> open_session() override {
        return guarded(
            Code::Internal,
            "OpenVINO cannot run the model",
            [&]() -> Result<std::unique_ptr<worker::Session>> {
                return std::unique_ptr<worker::Session>(
                    std::make_unique<OpenvinoSession>(compiled_.create_infer_request())
                );
            }
        );
    }

  private:
    Result<ov::CompiledModel> compile(
        const std::shared_ptr<ov::Model>& model, const ModelOptions& options, int threads
    ) {
        const ov::AnyMap settings = TRY(compile_settings(options, *model, threads));
        auto compiled = guarded(
            Code::Unsupported,
            "OpenVINO cannot run this model on the CPU",
            [&]() -> Result<ov::CompiledModel> {
                return core_.compile_model(model, "CPU", settings);
            }
        );
        if (!compiled && !may_run_what_it_wrote()) {
            return make_error(
                Code::Unavailable,
                "OpenVINO compiles code, and this process may not run what it has written; under "
                "systemd: `systemctl edit flywheel`, [Service] MemoryDenyWriteExecute=no"
            );
        }
        return compiled;
    }

    ov::Core core_;
    ov::CompiledModel compiled_;
};

}  // namespace

std::unique_ptr<worker::Backend> make_backend() {
    return std::make_unique<OpenvinoBackend>();
}

}  // namespace flywheel::openvino
