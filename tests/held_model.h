#pragma once
// SPDX-License-Identifier: Apache-2.0
// A model over tensors that tests can hold inside a call, and that fails when a row says so.

#include <condition_variable>
#include <mutex>
#include <vector>

#include "ports/engine/tensor_model.h"

namespace flywheel::testing {

inline constexpr float kBreaks = -1;        // a row with it makes the call fail
inline constexpr float kNoWorker = -2;      // likewise, as a worker that is not there
inline constexpr std::size_t kDoubled = 0;  // outputs
inline constexpr std::size_t kSum = 1;

/// Input x [-1, -1]; outputs y = 2 x and s = sum of the row. Can be held inside run().
class HeldModel final : public TensorModel {
  public:
    /// `at_once`: on the thread of who asks.
    explicit HeldModel(bool at_once = false) : at_once_(at_once) {
        signature_.inputs = {{"x", DataType::Fp32, {-1, -1}}};
        signature_.outputs = {{"y", DataType::Fp32, {-1, -1}}, {"s", DataType::Fp32, {-1}}};
    }

    [[nodiscard]] std::size_t memory_bytes() const override { return 0; }

    [[nodiscard]] const Signature& signature() const override { return signature_; }

    [[nodiscard]] bool runs_at_once() const override { return at_once_; }

    Result<std::vector<Tensor>> run(
        std::span<const TensorView> inputs, std::span<const std::size_t> wanted
    ) const override {
        const TensorView& x = inputs[0];
        const auto values = x.as<float>();
        {
            std::unique_lock lock(mutex_);
            calls_.push_back(x.shape[0]);
            seen_.insert(seen_.end(), values.begin(), values.end());
            ++inside_;
            changed_.notify_all();
            changed_.wait(lock, [this] { return !held_; });
            --inside_;
        }
        for (const float value : values) {
            if (value == kBreaks) {
                return internal_error("Row is broken");
            }
            if (value == kNoWorker) {
                return make_error(Code::Unavailable, "Worker is not there");
            }
        }
        std::vector<Tensor> outputs;
        for (const std::size_t output : wanted) {
            outputs.push_back(output == kDoubled ? doubled(x) : sums(x));
        }
        return outputs;
    }

    void hold() { set_held(true); }

    void release() { set_held(false); }

    void wait_inside(int calls) const {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return inside_ >= calls; });
    }

    std::vector<std::int64_t> calls() const {
        const std::scoped_lock lock(mutex_);
        return calls_;
    }

    /// All rows but those of the warm-up, which are zeros.
    std::vector<float> seen() const {
        const std::scoped_lock lock(mutex_);
        std::vector<float> asked = seen_;
        std::erase(asked, 0.0F);
        return asked;
    }

  private:
    void set_held(bool held) {
        const std::scoped_lock lock(mutex_);
        held_ = held;
        changed_.notify_all();
    }

    static Tensor doubled(const TensorView& x) {
        Tensor y;
        y.shape = x.shape;
        const auto bytes = y.bytes.resize(x.bytes.size());
        auto* to = reinterpret_cast<float*>(bytes.data());
        for (const float value : x.as<float>()) {
            *to++ = value * 2;
        }
        return y;
    }

    static Tensor sums(const TensorView& x) {
        Tensor s;
        s.shape = {x.shape[0]};
        const auto bytes = s.bytes.resize(static_cast<std::size_t>(x.shape[0]) * sizeof(float));
        auto* to = reinterpret_cast<float*>(bytes.data());
        const auto values = x.as<float>();
        const auto width = static_cast<std::size_t>(x.shape[1]);
        for (std::size_t row = 0; row * width < values.size(); ++row) {
            to[row] = 0;
            for (const float value : values.subspan(row * width, width)) {
                to[row] += value;
            }
        }
        return s;
    }

    const bool at_once_;
    Signature signature_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool held_ = false;
    mutable int inside_ = 0;
    mutable std::vector<std::int64_t> calls_;
    mutable std::vector<float> seen_;
};

}  // namespace flywheel::testing
