// SPDX-License-Identifier: Apache-2.0
#include "vectors/kernels.h"

namespace flywheel::vectors {

std::string_view name_of(Kernel kernel) {
    return kernel == Kernel::Avx2 ? "avx2" : "scalar";
}

bool is_supported(Kernel kernel) {
    if (kernel == Kernel::Scalar) {
        return true;
    }
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") != 0;
#else
    return false;
#endif
}

Kernel best_kernel() {
    static const Kernel kBest = is_supported(Kernel::Avx2) ? Kernel::Avx2 : Kernel::Scalar;
    return kBest;
}

}  // namespace flywheel::vectors
