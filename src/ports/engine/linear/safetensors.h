#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reader and writer of safetensors, the file of all our weights: 8 bytes little-endian header
// length N, N bytes of JSON, then the tensors' bytes. Called by the linear engine's artefact and by
// checkpoints. Bytes from outside are refused, never trusted. Pure functions, any thread.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace flywheel::linear {

enum class Dtype { Bool, U8, I8, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64 };

/// As it stands in the file, e.g. "BF16".
[[nodiscard]] std::string_view name_of(Dtype dtype);
/// Bytes of one element.
[[nodiscard]] std::size_t width_of(Dtype dtype);

/// One tensor; its bytes belong to somebody else. No alignment is promised: copy out.
struct Tensor {
    std::string name;
    Dtype dtype = Dtype::F32;
    std::vector<std::uint64_t> shape;  ///< Empty: a scalar. A zero: no elements.
    std::string_view bytes;            ///< product(shape) * width_of(dtype), little-endian.
};

struct TensorFile {
    std::vector<Tensor> tensors;                  ///< In order of their names when read.
    std::map<std::string, std::string> metadata;  ///< `__metadata__`.

    /// The tensor of that name, or nullptr.
    [[nodiscard]] const Tensor* find(std::string_view name) const;
};

/// Largest header that is read or written.
inline constexpr std::uint64_t kHeaderBytesMax = 100'000'000;

/// Views into `bytes`, which must outlive the result. Corrupt: header longer than kHeaderBytesMax
/// or than the file, not UTF-8, not JSON, a name twice, tensors with holes between them,
/// overlapping, outside the buffer or not covering it, a size other than product x width, overflow.
/// Unsupported: an unknown dtype.
Result<TensorFile> read_tensors(std::string_view bytes);

/// The file's bytes, a pure function of the content: tensors by descending width, then name;
/// metadata by key; the header padded with spaces so that the buffer begins at a multiple of 8.
/// InvalidArgument: a name twice, the name `__metadata__`, bytes that do not fit the shape, text
/// that is not UTF-8, a header too long.
Result<std::string> write_tensors(const TensorFile& file);

}  // namespace flywheel::linear
