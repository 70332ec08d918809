#pragma once
// SPDX-License-Identifier: Apache-2.0
// Structured log: one line an event, with its fields in it. Goes to standard error; any thread.
// Never give it payloads, keys or label values.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace flywheel {

enum class LogLevel { Debug, Info, Warn, Error, Off };

/// One "name=value" of a line. Values are quoted when they need it.
struct LogField {
    std::string_view name;
    std::string value;

    LogField(std::string_view field, std::string text) : name(field), value(std::move(text)) {}

    LogField(std::string_view field, std::string_view text) : name(field), value(text) {}

    LogField(std::string_view field, const char* text) : name(field), value(text) {}

    LogField(std::string_view field, std::int64_t number)
        : name(field), value(std::to_string(number)) {}

    LogField(std::string_view field, std::size_t number)
        : name(field), value(std::to_string(number)) {}

    LogField(std::string_view field, int number) : name(field), value(std::to_string(number)) {}

    LogField(std::string_view field, double number);
};

void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

inline void log_info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log_event(LogLevel::Info, event, fields);
}

inline void log_warn(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log_event(LogLevel::Warn, event, fields);
}

inline void log_error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log_event(LogLevel::Error, event, fields);
}

/// Lines below `level` are not written. Called once, by main or a test's main.
void set_log_level(LogLevel level);

}  // namespace flywheel
