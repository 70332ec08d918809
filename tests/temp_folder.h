#pragma once
// SPDX-License-Identifier: Apache-2.0
// A folder of its own for one test, removed with everything in it at the end.

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace flywheel::testing {

class TempFolder {
  public:
    TempFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "flywheel-XXXXXX").string();
        CHECK(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }

    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace flywheel::testing
