// SPDX-License-Identifier: Apache-2.0
// A settings file with any bytes: read or refused, and what was read is written as a file that
// reads the same. libFuzzer.

#include <fstream>

#include "app/settings.h"
#include "fuzz_input.h"
#include "temp_folder.h"

namespace flywheel {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const testing::TempFolder folder;
    const auto path = folder.path() / "flywheel.toml";
    std::ofstream(path, std::ios::binary) << testing::FuzzInput(data, size).rest();
    const auto settings = app::read_settings(path);
    if (!settings) {
        CHECK(settings.error().code == Code::InvalidArgument);
        return 0;
    }
    std::ofstream(path, std::ios::binary) << app::settings_text(*settings);
    const auto again = app::read_settings(path);
    CHECK(again && app::settings_text(*again) == app::settings_text(*settings));
    return 0;
}

}  // namespace flywheel
