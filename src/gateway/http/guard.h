#pragma once
// SPDX-License-Identifier: Apache-2.0
// The guard at the server's door: asked once the route of a request is known and before its body is
// read. Implemented by gateway/access; called on connection threads.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/http/message.h"

namespace flywheel::http {

/// What a caller must be allowed to do. Open needs no key, Metadata any key or, by the settings,
/// none; AnyKey is what every key may do, LabelOrRead what comes with either of the two.
enum class Role : std::uint8_t {
    Open,
    Metadata,
    Infer,
    Feedback,
    Label,
    Read,
    Admin,
    AnyKey,
    LabelOrRead
};

constexpr std::size_t kRoles = 9;

/// "infer", as keys name it.
[[nodiscard]] std::string_view name_of(Role role);

/// A request at the door.
struct Visit {
    Role role = Role::Admin;   ///< That its route asks for.
    std::string_view route{};  ///< The route's name.
    std::span<const HeaderField> headers{};
    std::span<const PathParameter> parameters{};
    std::string_view remote{};  ///< The peer's address.
    Method method = Method::Get;
};

class Guard {
  public:
    Guard() = default;
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    virtual ~Guard() = default;

    /// True, and `caller` is the name of the key ("" without one). False: `refusal` is the answer.
    /// Never waits.
    virtual bool admits(const Visit& visit, HttpResponse& refusal, std::string& caller) = 0;
};

}  // namespace flywheel::http
