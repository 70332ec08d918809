#pragma once
// SPDX-License-Identifier: Apache-2.0
// One table of flywheel.toml as the reader of the settings sees it. Private to settings.cpp.

#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/clock.h"
#include "base/result.h"
#include "records/field.h"

namespace flywheel::app {

/// Reads one table, remembers what was asked for, and refuses what is left over.
class SettingsTable {
  public:
    SettingsTable(const toml::table* table, std::string name, std::string file)
        : table_(table), name_(std::move(name)), file_(std::move(file)) {}

    template <class T, class Out>
    Result<void> read(std::string_view key, Out& out, std::string_view wanted) {
        known_.insert(std::string(key));
        const auto* node = table_ == nullptr ? nullptr : table_->get(key);
        if (node == nullptr) {
            return {};
        }
        const auto value = node->value<T>();
        if (!value) {
            return wrong(*node, key, wanted);
        }
        out = static_cast<Out>(*value);
        return {};
    }

    Result<void> read_days(std::string_view key, Duration& out) {
        double days = static_cast<double>(out.count()) / 86'400e6;
        TRY(read<double>(key, days, "a number of days"));
        if (!(days > 0) || days > 36'500) {
            return wrong(*table_->get(key), key, "days between 0 and 36500");
        }
        out = Duration(static_cast<std::int64_t>(days * 86'400e6));
        return {};
    }

    Result<void> read_share(std::string_view key, double& out, double least, double most) {
        TRY(read<double>(key, out, "a number"));
        if (!(out >= least && out <= most)) {
            return wrong(
                *table_->get(key), key, fmt::format("a number from {} to {}", least, most)
            );
        }
        return {};
    }

    template <class Out>
    Result<void> read_whole(std::string_view key, Out& out, std::int64_t least, std::int64_t most) {
        std::int64_t value = out;
        const std::string wanted = fmt::format("a whole number from {} to {}", least, most);
        TRY(read<std::int64_t>(key, value, wanted));
        if (value < least || value > most) {
            return wrong(*table_->get(key), key, wanted);
        }
        out = static_cast<Out>(value);
        return {};
    }

    /// One of the names of an enumeration.
    template <class E>
    Result<void> read_name(std::string_view key, E& out) {
        std::string name(enum_name(out));
        const std::string wanted = fmt::format("one of {}", fmt::join(names_of(E()), ", "));
        TRY(read<std::string>(key, name, wanted));
        const auto value = parse_enum<E>(name);
        if (!value) {
            return wrong(*table_->get(key), key, wanted);
        }
        out = *value;
        return {};
    }

    Result<void> read_names(std::string_view key, std::vector<std::string>& out) {
        known_.insert(std::string(key));
        const auto* node = table_ == nullptr ? nullptr : table_->get(key);
        if (node == nullptr) {
            return {};
        }
        const auto* list = node->as_array();
        if (list == nullptr) {
            return wrong(*node, key, "a list of names");
        }
        for (const auto& item : *list) {
            const auto name = item.value<std::string>();
            if (!name || name->empty()) {
                return wrong(item, key, "a list of names");
            }
            out.push_back(*name);
        }
        return {};
    }

    Result<void> refuse_unknown() const {
        if (table_ == nullptr) {
            return {};
        }
        for (const auto& [key, node] : *table_) {
            if (!known_.contains(std::string(key.str()))) {
                return invalid_argument(fmt::format(
                    "{}, line {}: unknown setting '{}.{}'. Known here: {}",
                    file_,
                    node.source().begin.line,
                    name_,
                    key.str(),
                    fmt::join(known_, ", ")
                ));
            }
        }
        return {};
    }

    [[nodiscard]] Error wrong(const toml::node& node, std::string_view key, std::string_view wanted)
        const {
        return invalid_argument(fmt::format(
            "{}, line {}: '{}.{}' must be {}", file_, node.source().begin.line, name_, key, wanted
        ));
    }

    /// A table below this one; `name` as people write it.
    [[nodiscard]] SettingsTable within(const toml::table* table, std::string name) const {
        return {table, std::move(name), file_};
    }

    /// A setting that is read in another way.
    void know(std::string_view key) { known_.insert(std::string(key)); }

    [[nodiscard]] const toml::node* find(std::string_view key) const {
        return table_ == nullptr ? nullptr : table_->get(key);
    }

  private:
    const toml::table* table_;
    std::string name_;
    std::string file_;
    std::set<std::string> known_;
};

}  // namespace flywheel::app
