#pragma once
// SPDX-License-Identifier: Apache-2.0
// The forms of read_number_run(): plain C++ for every machine, and AVX2. They take the same runs
// and give the same bits. Called by number_run.cpp, which chooses, and by its test; any thread.

#include <cstddef>
#include <span>
#include <string_view>

namespace flywheel::gateway {

inline bool is_json_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// One number, white space around it; as in a run.
bool read_number(std::string_view token, float& value);
bool read_number(std::string_view token, double& value);

bool read_run_scalar(std::string_view text, std::span<float> values, std::size_t& count);
bool read_run_scalar(std::string_view text, std::span<double> values, std::size_t& count);

/// True when this machine has what read_run_avx2() needs; found once.
[[nodiscard]] bool has_avx2_form();

/// The scalar form where there is no x86-64.
bool read_run_avx2(std::string_view text, std::span<float> values, std::size_t& count);
bool read_run_avx2(std::string_view text, std::span<double> values, std::size_t& count);

}  // namespace flywheel::gateway
