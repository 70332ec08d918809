#pragma once
// SPDX-License-Identifier: Apache-2.0
// OwnPattern: a regular expression from the settings, through RE2: time linear in the text whatever
// the expression. Used by redaction; the one place that sees the library. Immutable, any thread.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rooms/capture/privacy/sensitive_spans.h"

namespace flywheel {

class OwnPattern {
  public:
    /// InvalidArgument: what RE2 says of the expression, or that it matches the empty text.
    static Result<OwnPattern> compile(const std::string& expression);

    /// Matches from left to right; nothing when one is empty, so that it takes nothing out.
    [[nodiscard]] std::optional<std::vector<TextSpan>> find(std::string_view text) const;

  private:
    class Compiled;

    explicit OwnPattern(std::shared_ptr<const Compiled> compiled);

    std::shared_ptr<const Compiled> compiled_;
};

}  // namespace flywheel
