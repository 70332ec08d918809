#pragma once
// SPDX-License-Identifier: Apache-2.0
// SecretKey: HMAC-SHA-256 (RFC 2104) under the key of one project, for subjects and for the
// redaction action `hash`. Made by app/ from DIR/keys, used by capture; immutable, any thread.

#include <string>
#include <string_view>

#include "base/hash.h"

namespace flywheel {

class SecretKey {
  public:
    /// Any number of bytes; longer than 64 are hashed first, as the RFC says.
    explicit SecretKey(std::string_view key = {});

    [[nodiscard]] Digest hmac(std::string_view message) const;

  private:
    std::string inner_;  ///< Key with ipad, one block.
    std::string outer_;  ///< Key with opad.
};

}  // namespace flywheel
