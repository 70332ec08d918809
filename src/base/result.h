#pragma once
// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error. Every call that a correct program can see fail returns one; see
// STYLE.md, "Errors". Used by everybody, from any thread; a Result itself is not shared.

#include <string_view>
#include <utility>
#include <variant>

#include "base/error.h"

namespace flywheel {

template <class T>
class [[nodiscard]] Result {
  public:
    using value_type = T;

    Result(T value)
        : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: as std::expected

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
        return has_value() ? std::move(std::get<0>(state_))
                           : static_cast<T>(std::forward<U>(other));
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
#define FLYWHEEL_TRY_NAMED(name, expression)             \
    ({                                                   \
        auto name = (expression);                        \
        if (!name.has_value()) [[unlikely]] {            \
            return std::move(name).error();              \
        }                                                \
        ::flywheel::detail::take_value(std::move(name)); \
    })

/// A bug if false: aborts in every build, with the text of the condition.
#define CHECK(condition)                                         \
    do {                                                         \
        if (!(condition)) [[unlikely]] {                         \
            ::flywheel::check_failed(#condition, std::string()); \
        }                                                        \
    } while (false)
