#pragma once
// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error. Every call that a correct program can see fail returns one; see
// STYLE.md, "Errors". Used by everybody, from any thread; a Result itself is not shared.

#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace flywheel {

/// The nine kinds of failure. Each maps once to an HTTP status and to an exit code.
enum class Code {
    InvalidArgument,  ///< 400: the input is wrong; the message names its place.
    NotFound,         ///< 404: no such model, record, file.
    Conflict,         ///< 409: the state does not allow it (exists already, locked, stale).
    Exhausted,        ///< 429: a limit or quota was reached.
    Cancelled,        ///< 499: the caller went away or asked to stop.
    Internal,         ///< 500: our own failure.
    Corrupt,          ///< 500: stored bytes are damaged.
    Unsupported,      ///< 501: deliberately absent.
    Unavailable,      ///< 503: not now; trying again later may help.
};

/// HTTP status of a code.
[[nodiscard]] int http_status(Code code);
/// Process exit code of a code: 2 for InvalidArgument, then 3, 4, ... in declaration order.
[[nodiscard]] int exit_code(Code code);
/// Name of a code as it stands in the source, e.g. "InvalidArgument".
[[nodiscard]] std::string_view name_of(Code code);

struct [[nodiscard]] Error {
    Code code = Code::Internal;
    std::string message;
    const char* file = "";
    unsigned line = 0;

    /// The same error with `context` in front: "context: message".
    [[nodiscard]] Error within(std::string_view context) &&;
};

/// Makes an Error that knows where it was made. A message begins with a fixed sentence and ends
/// with the values.
[[nodiscard]] Error make_error(
    Code code,
    std::string message,
    std::source_location where = std::source_location::current()
);

inline Error invalid_argument(
    std::string message,
    std::source_location where = std::source_location::current()
) {
    return make_error(Code::InvalidArgument, std::move(message), where);
}

inline Error not_found(
    std::string message,
    std::source_location where = std::source_location::current()
) {
    return make_error(Code::NotFound, std::move(message), where);
}

inline Error corrupt(
    std::string message,
    std::source_location where = std::source_location::current()
) {
    return make_error(Code::Corrupt, std::move(message), where);
}

inline Error internal_error(
    std::string message,
    std::source_location where = std::source_location::current()
) {
    return make_error(Code::Internal, std::move(message), where);
}

[[noreturn]] void check_failed(
    const char* expression,
    const std::string& values,
    std::source_location where = std::source_location::current()
);

template <class T>
class [[nodiscard]] Result {
  public:
    using value_type = T;

    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: as std::expected
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& value() & {
        require_value();
        return std::get<0>(state_);
    }
    const T& value() const& {
        require_value();
        return std::get<0>(state_);
    }
    T&& value() && {
        require_value();
        return std::move(std::get<0>(state_));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    template <class U>
    T value_or(U&& other) && {
        return has_value() ? std::move(std::get<0>(state_)) : static_cast<T>(std::forward<U>(other));
    }

    [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
    [[nodiscard]] Error&& error() && { return std::move(std::get<1>(state_)); }

    /// The same result; an error gets `context` in front.
    Result within(std::string_view context) && {
        if (has_value()) {
            return std::move(*this);
        }
        return std::move(std::get<1>(state_)).within(context);
    }

  private:
    void require_value() const {
        if (!has_value()) {
            check_failed("Result::has_value()", std::get<1>(state_).message);
        }
    }

    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    using value_type = void;

    Result() = default;
    Result(Error error) : error_(std::move(error)), failed_(true) {}  // NOLINT: as std::expected

    [[nodiscard]] bool has_value() const { return !failed_; }
    explicit operator bool() const { return !failed_; }
    void value() const {
        if (failed_) {
            check_failed("Result::has_value()", error_.message);
        }
    }
    [[nodiscard]] const Error& error() const& { return error_; }
    [[nodiscard]] Error&& error() && { return std::move(error_); }

    Result within(std::string_view context) && {
        if (failed_) {
            return std::move(error_).within(context);
        }
        return {};
    }

  private:
    Error error_;
    bool failed_ = false;
};

namespace detail {
template <class T>
T take_value(Result<T>&& result) {
    return std::move(result).value();
}
inline void take_value(Result<void>&& /*result*/) {}
}  // namespace detail

}  // namespace flywheel

/// Returns the error of `expression` from the enclosing function, or is its value. Not inside a
/// coroutine that awaits: there, check by hand.
#define TRY(expression) FLYWHEEL_TRY_AS(__COUNTER__, expression)
// Nested TRYs need names of their own, hence the counter.
#define FLYWHEEL_TRY_AS(count, expression) FLYWHEEL_TRY_PASTE(count, expression)
#define FLYWHEEL_TRY_PASTE(count, expression) FLYWHEEL_TRY_NAMED(try_result_##count, expression)
#define FLYWHEEL_TRY_NAMED(name, expression)                      \
    ({                                                            \
        auto name = (expression);                                 \
        if (!name.has_value()) [[unlikely]] {                     \
            return std::move(name).error();                       \
        }                                                         \
        ::flywheel::detail::take_value(std::move(name));          \
    })

/// A bug if false: aborts in every build, with the text of the condition.
#define CHECK(condition)                                        \
    do {                                                        \
        if (!(condition)) [[unlikely]] {                        \
            ::flywheel::check_failed(#condition, std::string()); \
        }                                                       \
    } while (false)
