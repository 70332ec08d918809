#pragma once
// SPDX-License-Identifier: Apache-2.0
// The files of the page as they were built, carried inside the program. Made by tools/pack_web.py;
// constant data, any thread.

#include <span>
#include <string_view>

namespace flywheel::gateway {

struct PageFile {
    std::string_view path;  ///< "/", "/assets/index-Bk2x.js".
    std::string_view type;  ///< Of its content.
    std::string_view plain;
    std::string_view gzipped;  ///< Empty when that would not be shorter.
    std::string_view tag;      ///< Digest of `plain`, for ETag.
    bool for_ever = false;     ///< Its name holds its digest: what it holds never changes.
};

/// In order of path; "/" is there.
[[nodiscard]] std::span<const PageFile> page_files();

}  // namespace flywheel::gateway
