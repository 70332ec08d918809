// SPDX-License-Identifier: Apache-2.0
#include "app/operations/settings_edit.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "app/settings.h"
#include "base/json_value.h"

namespace flywheel::app {

namespace {

double days_of(Duration duration) {
    return std::chrono::duration<double, std::ratio<86'400>>(duration).count();
}

using Ask = Json (*)(const Settings&);

struct Editable {
    std::string_view name;
    Ask ask;
};

constexpr std::array kEditable = {
    Editable{"model.objective", [](const Settings& s) { return Json(s.policy.objective); }},
    Editable{"model.licence", [](const Settings& s) { return Json(s.policy.licence); }},
    Editable{"loop.every_days", [](const Settings& s) { return Json(days_of(s.policy.cadence)); }},
    Editable{"loop.label_share", [](const Settings& s) { return Json(s.policy.label_share); }},
    Editable{"loop.audit_share", [](const Settings& s) { return Json(s.policy.audit_share); }},
    Editable{
        "labeling.second_share", [](const Settings& s) { return Json(s.labeling.second_share); }
    },
    Editable{"labeling.gold_share", [](const Settings& s) { return Json(s.labeling.gold_share); }},
    Editable{"loop.drift_boost", [](const Settings& s) { return Json(s.policy.drift_boost); }},
    Editable{
        "loop.retrain_labels_min",
        [](const Settings& s) { return Json(s.policy.retrain_labels_min); }
    },
    Editable{
        "loop.labels_wait_days",
        [](const Settings& s) { return Json(days_of(s.policy.labels_wait)); }
    },
    Editable{
        "loop.half_life_days", [](const Settings& s) { return Json(days_of(s.policy.half_life)); }
    },
    Editable{"loop.trials", [](const Settings& s) { return Json(s.policy.trials); }},
    Editable{
        "loop.false_alarm_days", [](const Settings& s) { return Json(s.policy.false_alarm_days); }
    },
    Editable{
        "loop.label_shift_correction", [](const Settings& s) { return Json(s.policy.correction); }
    },
    Editable{
        "loop.when_undecided",
        [](const Settings& s) {
            return Json(
                s.policy.when_undecided == release::WhenUndecided::Keep ? "keep" : "promote"
            );
        }
    },
};

/// As TOML writes it: JSON's texts, numbers and booleans are TOML's, but for escapes of '/' that
/// nobody writes and numbers without a point where a fraction is meant, which both are read.
std::string toml_of(const Json& value) {
    return value.dump();
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

/// Where a comment begins behind a value; the text's size when there is none.
std::size_t comment_of(std::string_view text) {
    char quote = '\0';
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quote != '\0') {
            i += text[i] == '\\' && quote == '"' ? 1 : 0;
            quote = i < text.size() && text[i] == quote ? '\0' : quote;
        } else if (text[i] == '"' || text[i] == '\'') {
            quote = text[i];
        } else if (text[i] == '#') {
            return i;
        }
    }
    return text.size();
}

/// True for "key = ..." with exactly this key.
bool sets(std::string_view line, std::string_view key) {
    const auto text = trimmed(line);
    return text.starts_with(key) && trimmed(text.substr(key.size())).starts_with('=');
}

/// Changes the line of `key` in the table, or adds one behind the table's header, or the table at
/// the end.
void set_value(
    std::string& text, std::string_view table, std::string_view key, const std::string& value
) {
    const std::string header = fmt::format("[{}]", table);
    bool inside = false;
    std::size_t behind_header = std::string::npos;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view line = std::string_view(text).substr(begin, end - begin);
        if (trimmed(line).starts_with('[')) {
            inside = trimmed(line).starts_with(header);
            behind_header = inside ? end : behind_header;
        } else if (inside && sets(line, key)) {
            const std::size_t equals = line.find('=');
            const std::size_t comment = comment_of(line);
            std::string changed = fmt::format("{}= {}", line.substr(0, equals), value);
            if (comment < line.size()) {
                changed += fmt::format("  {}", line.substr(comment));
            }
            text.replace(begin, line.size(), changed);
            return;
        }
        begin = end + 1;
    }
    const std::string line = fmt::format("{} = {}\n", key, value);
    if (behind_header != std::string::npos) {
        text.insert(std::min(behind_header + 1, text.size()), line);
    } else {
        text += fmt::format("\n{}\n{}", header, line);
    }
}

Error refuse_name(std::string_view name) {
    std::vector<std::string_view> known;
    known.reserve(kEditable.size());
    for (const Editable& one : kEditable) {
        known.push_back(one.name);
    }
    return invalid_argument(fmt::format(
        "This setting cannot be changed here; there are {}: '{}'", fmt::join(known, ", "), name
    ));
}

/// Read as the program would at its next start.
Result<Settings> settings_of_text(const std::filesystem::path& file, const std::string& text) {
    const std::filesystem::path trial = file.string() + ".trial";
    {
        std::ofstream out(trial, std::ios::binary);
        out << text;
    }
    auto settings = read_settings(trial);
    std::error_code ignored;
    std::filesystem::remove(trial, ignored);
    return settings;
}

}  // namespace

Result<std::string> settings_file_text(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        return not_found("The settings cannot be read: " + file.string());
    }
    return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<Json> editable_settings(const std::filesystem::path& file) {
    const Settings settings = TRY(read_settings(file));
    Json editable = Json::array();
    for (const Editable& one : kEditable) {
        editable.push_back({{"name", one.name}, {"value", one.ask(settings)}});
    }
    return editable;
}

Result<std::string> edited_text(const std::filesystem::path& file, const Json& changes) {
    std::string text = TRY(settings_file_text(file));
    for (const auto& [name, value] : changes.items()) {
        if (std::ranges::find(kEditable, name, &Editable::name) == kEditable.end()) {
            return refuse_name(name);
        }
        if (!value.is_string() && !value.is_number() && !value.is_boolean()) {
            return invalid_argument(fmt::format("Setting '{}' is a text, a number or a yes", name));
        }
        const auto dot = name.find('.');
        set_value(text, name.substr(0, dot), name.substr(dot + 1), toml_of(value));
    }
    TRY(settings_of_text(file, text));
    return text;
}

Result<void> write_settings(
    const std::filesystem::path& file, const std::string& before, const std::string& text
) {
    if (TRY(settings_file_text(file)) != before) {
        return make_error(
            Code::Conflict, "The settings were changed meanwhile; look at them again"
        );
    }
    const std::filesystem::path fresh = file.string() + ".new";
    const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const bool written =
        fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(fd) == 0;
    if (fd >= 0) {
        ::close(fd);
    }
    std::error_code failed;
    if (written) {
        std::filesystem::rename(fresh, file, failed);
    }
    if (!written || failed) {
        std::error_code ignored;
        std::filesystem::remove(fresh, ignored);
        return make_error(Code::Unavailable, "The settings cannot be written: " + file.string());
    }
    return {};
}

}  // namespace flywheel::app
