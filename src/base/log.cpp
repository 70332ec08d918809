// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <memory>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "base/text.h"

namespace flywheel {

namespace {

spdlog::logger& logger() {
    static const auto instance = [] {
        auto made = spdlog::stderr_color_mt("flywheel");
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return spdlog::level::debug;
        case LogLevel::Info:
            return spdlog::level::info;
        case LogLevel::Warn:
            return spdlog::level::warn;
        case LogLevel::Error:
            return spdlog::level::err;
        case LogLevel::Off:
            break;
    }
    return spdlog::level::off;
}

std::string quoted_if_needed(const std::string& value) {
    if (!value.empty() && value.find_first_of(" \"=\n\r\t") == std::string::npos) {
        return printable(value);
    }
    std::string quoted = "\"";
    for (const char byte : printable(value)) {
        if (byte == '"') {
            quoted += '\\';
        }
        quoted += byte;
    }
    return quoted + '"';
}

}  // namespace

LogField::LogField(std::string_view field, double number)
    : name(field), value(fmt::format("{:.6g}", number)) {}

void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
    auto& log = logger();
    if (!log.should_log(level_of(level))) {
        return;
    }
    std::string line(event);
    for (const auto& field : fields) {
        line += ' ';
        line += field.name;
        line += '=';
        line += quoted_if_needed(field.value);
    }
    log.log(level_of(level), "{}", line);
}

void set_log_level(LogLevel level) {
    logger().set_level(level_of(level));
}

}  // namespace flywheel
