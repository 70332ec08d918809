#pragma once
// SPDX-License-Identifier: Apache-2.0
// The people of a demo: they ask the server for tasks and answer them over HTTP, as the stream
// recorded them. A row without recorded answers is answered by one person who errs in 5 % of cases.
// One thread.

#include <cstdint>
#include <string>
#include <unordered_map>

#include "app/demo/http_client.h"
#include "app/demo/stream.h"
#include "base/result.h"

namespace flywheel::app {

class Annotators {
  public:
    Annotators(const Stream& stream, std::string model, std::uint64_t seed, std::uint16_t port);

    /// Answers every open task; returns how many.
    Result<std::int64_t> answer_all();

  private:
    /// Who answers this text, and what: a function of the seed and the row, not of the order of
    /// tasks.
    [[nodiscard]] std::pair<std::string, std::int32_t> answer_to(const StreamRow& row) const;

    const Stream& stream_;
    std::string model_;
    std::uint64_t seed_;
    HttpClient client_;
    std::unordered_map<std::string_view, const StreamRow*> by_text_;
};

}  // namespace flywheel::app
