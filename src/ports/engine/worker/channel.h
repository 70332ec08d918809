#pragma once
// SPDX-License-Identifier: Apache-2.0
// Channel: one lane of the worker protocol, a Unix socket that carries whole messages and
// descriptors. Used by both sides; one thread at a time.

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "ports/engine/worker/descriptor.h"
#include "ports/engine/worker/message.h"

namespace flywheel::worker {

struct Received {
    Message message;
    std::array<Descriptor, 2> descriptors;  ///< As many as came.
};

class Channel {
  public:
    explicit Channel(Descriptor socket);

    /// Two ends of one lane. Unavailable when there are no descriptors left.
    static Result<std::pair<Descriptor, Descriptor>> open_pair();

    /// Unavailable: the other side has gone, or does not read. At most two `descriptors`.
    Result<void> send(const Message& message, std::span<const int> descriptors = {});

    /// Nothing when `longest` is over (0 = waits for ever). Unavailable: the other side has gone.
    /// Corrupt, Unsupported: what came breaks the protocol.
    Result<std::optional<Received>> receive(std::chrono::milliseconds longest);

  private:
    Descriptor socket_;
    std::chrono::milliseconds receive_max_{0};  ///< What the socket is set to.
    std::unique_ptr<std::array<char, kMessageBytesMax>> buffer_;
};

}  // namespace flywheel::worker
