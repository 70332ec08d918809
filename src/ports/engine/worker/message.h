#pragma once
// SPDX-License-Identifier: Apache-2.0
// The messages of the worker protocol and their bytes (docs/internals/worker-protocol.md). Used by
// both sides; what comes from the other one is refused unless every byte is as the format says.
// Pure functions, any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "ports/engine/tensor.h"

namespace flywheel::worker {

inline constexpr std::uint16_t kProtocolVersion = 1;
inline constexpr std::size_t kMessageBytesMax = 65'536;
inline constexpr std::size_t kTensorsMax = 64;      ///< Inputs, and outputs, of a model.
inline constexpr std::size_t kTextBytesMax = 1024;  ///< A message; longer ones are cut.
inline constexpr std::size_t kNameBytesMax = 256;   ///< Of a tensor.
inline constexpr int kLanesMax = 16;
inline constexpr int kFirstLane = 3;             ///< Its descriptor in a worker.
inline constexpr std::uint64_t kAlignment = 64;  ///< Of a tensor in shared memory, and of a part.

[[nodiscard]] inline std::uint64_t aligned(std::uint64_t size) {
    return (size + kAlignment - 1) / kAlignment * kAlignment;
}

/// A worker says what it is; the first message on lane 0.
struct Hello {
    std::string runtime;  ///< "openvino"
    std::string version;  ///< Of the runtime.
    std::uint16_t lanes = 0;
};

/// Comes with two descriptors: inputs, outputs.
struct Memory {
    std::uint64_t size_max = 0;
};

/// Comes with the artefact's descriptor.
struct Load {
    std::uint64_t size = 0;
    std::uint16_t threads = 0;  ///< 0 = as the runtime likes.
};

struct Loaded {
    Signature signature;
    std::uint64_t memory_bytes = 0;
};

/// Where a tensor lies in shared memory.
struct Place {
    DataType type = DataType::Fp32;
    Shape shape{};
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

struct Run {
    std::vector<Place> inputs;
    std::vector<std::size_t> wanted;  ///< Places in the signature's outputs.
};

struct Ran {
    std::uint64_t nanoseconds = 0;  ///< In the runtime.
    std::vector<Place> outputs;
};

struct Failed {
    Code code = Code::Internal;
    std::string message;
};

struct Ping {};

struct Pong {};

struct Done {};

struct Shutdown {};

/// In the order of their numbers, from 1.
using Body =
    std::variant<Hello, Memory, Load, Loaded, Run, Ran, Failed, Ping, Pong, Done, Shutdown>;

struct Message {
    std::uint32_t call = 0;
    Body body;
};

/// The datagram. InvalidArgument: more tensors, or longer names, than the protocol allows.
Result<std::string> encode(const Message& message);

/// Unsupported: another protocol version (says which). Corrupt: anything else that is not exactly
/// what encode() could have written.
Result<Message> decode(std::string_view datagram);

/// Corrupt: what came breaks the protocol, and how.
[[nodiscard]] Error broken(std::string_view what);

/// What a signature must be to be sent: names, counts, sizes. Corrupt says what is wrong.
Result<void> check_signature(const Signature& signature);

/// That `places` are the tensors `specs` (of a model that batches or not), and lie within `size`
/// bytes of shared memory, one behind the other. Gives the number of rows, 1 when it does not
/// batch. Corrupt says which is wrong.
Result<std::int64_t> check_places(
    const std::vector<Place>& places,
    const std::vector<const TensorSpec*>& specs,
    bool batches,
    std::uint64_t size
);

/// Specs of the inputs, and of the wanted outputs. Corrupt: an output that is not there, or twice.
[[nodiscard]] std::vector<const TensorSpec*> input_specs(const Signature& signature);
Result<std::vector<const TensorSpec*>> output_specs(
    const Signature& signature, const std::vector<std::size_t>& wanted
);

}  // namespace flywheel::worker
