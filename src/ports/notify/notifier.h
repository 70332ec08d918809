#pragma once
// SPDX-License-Identifier: Apache-2.0
// Tells people. Adapter: log. A notifier that fails never fails a Turn.

#include <string>

#include "base/result.h"

namespace flywheel {

struct Notice {
    std::string key;  ///< Same key within an hour: one message.
    std::string model;
    std::string text;  ///< One or two sentences with the numbers.
};

class Notifier {
  public:
    Notifier() = default;
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;
    virtual ~Notifier() = default;

    virtual Result<void> tell(const Notice& notice) = 0;
};

}  // namespace flywheel
