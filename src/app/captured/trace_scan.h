#pragma once
// SPDX-License-Identifier: Apache-2.0
// Looks for pieces of bytes of one length in bytes of any length, all pieces in one pass (rolling
// hash of Karp and Rabin, 1987, then a comparison). One thread.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace flywheel::app {

class TraceScan {
  public:
    /// Every piece is `length` bytes long.
    TraceScan(std::vector<std::string> pieces, std::size_t length);

    /// How often any piece stands in `bytes`.
    [[nodiscard]] std::uint64_t count(std::string_view bytes) const;

    /// What a look into a file found.
    struct FileFinding {
        std::uint64_t bytes = 0;
        std::uint64_t found = 0;
    };

    /// Reads the file piece by piece. Unavailable when it cannot be read; a file that is gone is
    /// empty.
    Result<FileFinding> look_into(const std::filesystem::path& file) const;

  private:
    [[nodiscard]] std::uint64_t hash(std::string_view window) const;
    [[nodiscard]] bool is_piece(std::uint64_t hash, std::string_view window) const;

    std::size_t length_;
    std::uint64_t oldest_ = 1;  ///< Factor of the byte that leaves the window.
    std::vector<bool> maybe_;   ///< By the upper bits of the hash: no piece has them when false.
    std::unordered_multimap<std::uint64_t, std::string> pieces_;
};

}  // namespace flywheel::app
