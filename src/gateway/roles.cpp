// SPDX-License-Identifier: Apache-2.0
#include "gateway/roles.h"

namespace flywheel::gateway {

namespace {

using http::Method;
using http::Role;

struct RoleRule {
    std::string_view begins;  ///< With these bytes.
    std::string_view ends;    ///< And these.
    Method method;
    Role role;
};

/// First match wins. The table names what needs less than admin; nothing else does.
constexpr RoleRule kRules[] = {
    {"/v2/health/", "", Method::Get, Role::Open},
    {"/v2/models/", "/requests/{id}", Method::Get, Role::Read},
    {"/v2", "", Method::Get, Role::Metadata},
    {"/metrics", "", Method::Get, Role::Metadata},
    {"/v2/models/", "/infer", Method::Post, Role::Infer},
    {"/v2/models/", "/feedback", Method::Post, Role::Feedback},
    {"/v2/repository/index", "", Method::Post, Role::Read},
    {"/v1/me", "", Method::Get, Role::AnyKey},
    {"/v1/events", "", Method::Get, Role::AnyKey},
    {"/v1/models/", "/tasks", Method::Get, Role::Label},
    {"/v1/notes", "", Method::Get, Role::LabelOrRead},
    {"/v1/notes", "", Method::Post, Role::Label},
    {"/v1/models/", "/nearest", Method::Post, Role::Read},
    {"/v1/models/", "/guideline", Method::Get, Role::LabelOrRead},
    {"/v1/models/", "/label-events", Method::Get, Role::LabelOrRead},
    {"/v1/models/", "/annotators", Method::Get, Role::LabelOrRead},
    {"/v1/labels", "", Method::Post, Role::Label},
    {"/v1/models/", "/review", Method::Post, Role::Label},  // and read: it is looked at there
    {"/v1/models/", "/gold", Method::Post, Role::Label},    // likewise
    {"/v1/keys", "", Method::Get, Role::Admin},
    {"/v1/audit", "", Method::Get, Role::Admin},
    {"/v1/", "", Method::Get, Role::Read},
    {"/assets/", "", Method::Get, Role::Open},
    {"/icon.svg", "", Method::Get, Role::Open},
};

}  // namespace

http::Role role_for(Method method, std::string_view pattern) {
    for (const RoleRule& rule : kRules) {
        if (method == rule.method && pattern.starts_with(rule.begins) &&
            pattern.ends_with(rule.ends)) {
            return rule.role;
        }
    }
    return method == Method::Get && pattern == "/" ? Role::Open : Role::Admin;
}

}  // namespace flywheel::gateway
