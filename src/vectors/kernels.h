#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which SIMD kernels run. Every operation of this rung has one meaning, written down as a fixed
// reduction tree, and several kernels that follow it; so the answer never depends on the machine.
// Fused multiply-add rounds once where a scalar machine rounds twice, so no kernel uses it (GCC
// contracts a product and a sum into one wherever the target has FMA: the wide kernels are compiled
// for AVX2 alone; AVX-512 would bring FMA with it). Any thread.

#include <array>
#include <string_view>

namespace flywheel::vectors {

enum class Kernel {
    Scalar,  ///< Plain C++, on every machine; the twin that the others are tested against.
    Avx2,    ///< x86-64 with AVX2.
};

inline constexpr std::array<Kernel, 2> kKernels{Kernel::Scalar, Kernel::Avx2};

[[nodiscard]] std::string_view name_of(Kernel kernel);

/// True when this machine can run `kernel`.
[[nodiscard]] bool is_supported(Kernel kernel);

/// The fastest kernel of this machine; found once.
[[nodiscard]] Kernel best_kernel();

}  // namespace flywheel::vectors
