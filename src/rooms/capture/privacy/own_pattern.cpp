// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/privacy/own_pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

namespace flywheel {

class OwnPattern::Compiled {
  public:
    explicit Compiled(const std::string& expression) : re_(expression, options()) {}

    [[nodiscard]] const re2::RE2& re() const { return re_; }

  private:
    static re2::RE2::Options options() {
        re2::RE2::Options options;
        options.set_log_errors(false);
        options.set_max_mem(8 << 20);
        return options;
    }

    re2::RE2 re_;
};

OwnPattern::OwnPattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

Result<OwnPattern> OwnPattern::compile(const std::string& expression) {
    auto compiled = std::make_shared<const Compiled>(expression);
    if (!compiled->re().ok()) {
        return invalid_argument(fmt::format(
            "Not a regular expression of RE2: {}: '{}'", compiled->re().error(), expression
        ));
    }
    if (expression.empty() || re2::RE2::FullMatch("", compiled->re())) {
        return invalid_argument(
            fmt::format("A pattern for redaction must not match the empty text: '{}'", expression)
        );
    }
    return OwnPattern(std::move(compiled));
}

std::optional<std::vector<TextSpan>> OwnPattern::find(std::string_view text) const {
    std::vector<TextSpan> spans;
    const re2::StringPiece whole(text.data(), text.size());
    re2::StringPiece match;
    std::size_t from = 0;
    while (from < text.size() &&
           compiled_->re().Match(whole, from, text.size(), re2::RE2::UNANCHORED, &match, 1)) {
        const auto begin = static_cast<std::size_t>(match.data() - text.data());
        const std::size_t end = begin + match.size();
        if (match.empty()) {
            return std::nullopt;  // an assertion such as \b: nothing to take out
        }
        spans.push_back({begin, end});
        from = end;
    }
    return spans;
}

}  // namespace flywheel
