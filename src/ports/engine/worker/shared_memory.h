#pragma once
// SPDX-License-Identifier: Apache-2.0
// SharedMemory: one memory of a lane (memfd) with its mapping, and tensors in it. Both sides use
// it; one thread at a time. The other side may write into it at any moment, but never shrink it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ports/engine/worker/descriptor.h"
#include "ports/engine/worker/message.h"

namespace flywheel::worker {

class SharedMemory {
  public:
    enum class Access { Read, Write };

    SharedMemory() = default;
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory(SharedMemory&& other) noexcept;
    SharedMemory& operator=(const SharedMemory&) = delete;
    SharedMemory& operator=(SharedMemory&& other) noexcept;
    ~SharedMemory();

    /// Empty, sealed against shrinking. Unavailable when the kernel refuses.
    static Result<SharedMemory> make(std::uint64_t size_max, Access access);
    /// What the other side made. Corrupt when it could shrink.
    static Result<SharedMemory> attach(
        Descriptor descriptor, std::uint64_t size_max, Access access
    );

    /// Room for `size` bytes, to write. InvalidArgument: more than the memory may have.
    /// Unavailable: there is no memory.
    Result<std::span<std::byte>> grow(std::uint64_t size);
    /// All that the other side made room for. Corrupt: more than the memory may have.
    Result<std::span<const std::byte>> view();

    [[nodiscard]] int descriptor() const { return descriptor_.number(); }

  private:
    Result<void> map(std::uint64_t size);

    Descriptor descriptor_;
    std::uint64_t size_max_ = 0;
    Access access_ = Access::Read;
    std::byte* bytes_ = nullptr;
    std::uint64_t mapped_ = 0;
};

/// A sealed memory with these bytes, to hand out an artefact. Unavailable: there is no memory.
Result<Descriptor> make_sealed(std::string_view bytes);

/// Copies tensors into `memory`, one behind the other, and says where. Errors as of grow().
Result<std::vector<Place>> put_tensors(std::span<const TensorView> tensors, SharedMemory& memory);

/// The elements of a BYTES tensor as `bytes` hold them: exactly `count`, copied out. Corrupt when
/// the lengths do not fit.
Result<std::vector<std::string>> take_strings(
    std::span<const std::byte> bytes, std::uint64_t count
);

}  // namespace flywheel::worker
