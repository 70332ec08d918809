#pragma once
// SPDX-License-Identifier: Apache-2.0
// Descriptor: a file descriptor with one owner. Used by both sides of the worker protocol.

#include <utility>

#include <unistd.h>

namespace flywheel::worker {

class Descriptor {
  public:
    Descriptor() = default;

    explicit Descriptor(int number) : number_(number) {}

    Descriptor(const Descriptor&) = delete;

    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

    Descriptor& operator=(const Descriptor&) = delete;

    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }

    ~Descriptor() { close(); }

    void close() {
        if (number_ >= 0) {
            ::close(std::exchange(number_, -1));
        }
    }

    [[nodiscard]] int number() const { return number_; }

    explicit operator bool() const { return number_ >= 0; }

  private:
    int number_ = -1;
};

}  // namespace flywheel::worker
