// SPDX-License-Identifier: Apache-2.0
// A worker program without a foreign runtime, for the tests of the worker protocol and of its
// supervisor. Its artefact has one part, "model": what it says is the kind of the model; what an
// input says may be that it shall crash, hang or lie.

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include <sys/socket.h>
#include <unistd.h>

#include "ports/engine/worker/message.h"
#include "ports/engine/worker/serve.h"

namespace flywheel::worker {

namespace {

/// "adds": y = x + 1 over FP32 [-1,3], but a first value below zero is a wish.
class Adds final : public Session {
  public:
    Result<std::vector<TensorView>> run(
        std::span<const TensorView> inputs, std::span<const std::size_t> wanted
    ) override {
        const auto x = inputs[0].as<float>();
        TRY(grant(x.empty() ? 0 : static_cast<int>(x[0])));
        y_.assign(x.begin(), x.end());
        for (float& value : y_) {
            value += 1;
        }
        TensorView view = inputs[0];
        view.bytes = std::as_bytes(std::span(y_));
        if (!x.empty() && x[0] == -5) {  // one row less than was asked for
            view.shape[0] -= 1;
            view.bytes = view.bytes.first(view.bytes.size() - 3 * sizeof(float));
        }
        return std::vector<TensorView>(wanted.size(), view);
    }

  private:
    /// On every lane: it does not know which one it answers on.
    static void send_garbage() {
        for (int lane = kFirstLane; ::send(lane, "garbage", 7, 0) >= 0; ++lane) {
        }
    }

    static Result<void> grant(int wish) {
        switch (wish) {
            case -1:
                std::abort();
            case -2:
                ::pause();
                break;
            case -3:
                return invalid_argument("the model does not like these values");
            case -4:
                send_garbage();
                break;
            case -6:
                return make_error(Code::NotFound, "a code that a model has no business with");
            default:
                break;
        }
        return {};
    }

    std::vector<float> y_;
};

/// "echo": t = s over BYTES [-1]; the word "descriptors" is answered with those that are open, and
/// other words with variables of the environment, if there are such.
class Echo final : public Session {
  public:
    Result<std::vector<TensorView>> run(
        std::span<const TensorView> inputs, std::span<const std::size_t> wanted
    ) override {
        texts_.clear();
        for (const std::string_view text : inputs[0].strings) {
            const char* const variable = std::getenv(std::string(text).c_str());
            texts_.emplace_back(variable != nullptr ? std::string_view(variable) : text);
        }
        if (!texts_.empty() && texts_[0] == "descriptors") {
            texts_[0] = descriptors();
        }
        views_.assign(texts_.begin(), texts_.end());
        TensorView view = inputs[0];
        view.strings = views_;
        return std::vector<TensorView>(wanted.size(), view);
    }

  private:
    static std::string descriptors() {
        std::vector<int> numbers;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
            numbers.push_back(std::atoi(entry.path().filename().c_str()));
        }
        std::sort(numbers.begin(), numbers.end());
        std::string text;
        for (const int number : numbers) {
            text += std::to_string(number) + " ";
        }
        return text;
    }

    std::vector<std::string> texts_;
    std::vector<std::string_view> views_;
};

class Trial final : public Backend {
  public:
    [[nodiscard]] std::string runtime() const override { return "trial"; }

    [[nodiscard]] std::string version() const override { return "1"; }

    Result<Signature> load(const Parts& parts, int /*threads*/) override {
        const auto model = parts.find("model");
        kind_ = model == parts.end() ? "" : std::string(model->second);
        if (kind_ == "crash") {
            std::abort();
        }
        if (kind_ == "hang") {
            ::pause();
        }
        if (kind_ == "adds") {
            return Signature{
                {{"x", DataType::Fp32, {-1, 3}}}, {{"y", DataType::Fp32, {-1, 3}}}, true
            };
        }
        if (kind_ == "echo") {
            return Signature{{{"s", DataType::Bytes, {-1}}}, {{"t", DataType::Bytes, {-1}}}, true};
        }
        return corrupt("no model that this worker knows: " + kind_);
    }

    Result<std::unique_ptr<Session>> open_session() override {
        if (kind_ == "echo") {
            return std::unique_ptr<Session>(std::make_unique<Echo>());
        }
        return std::unique_ptr<Session>(std::make_unique<Adds>());
    }

  private:
    std::string kind_;
};

}  // namespace

int run_trial(const std::vector<std::string>& arguments) {
    Trial trial;
    return serve_worker(trial, arguments);
}

}  // namespace flywheel::worker

int main(int count, char** arguments) {
    return flywheel::worker::run_trial({arguments + 1, arguments + count});
}
