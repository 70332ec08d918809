// SPDX-License-Identifier: Apache-2.0
// Any bytes are a message, a bundle or strings, or are refused; what is accepted is written again
// as the same bytes. libFuzzer.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ports/engine/worker/bundle.h"
#include "ports/engine/worker/message.h"
#include "ports/engine/worker/shared_memory.h"

namespace {

using flywheel::worker::decode;
using flywheel::worker::encode;

void require(bool held) {
    if (!held) {
        __builtin_trap();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(
        reinterpret_cast<const char*>(bytes), size
    );  // NOLINT: fuzzer's type
    if (const auto message = decode(text)) {
        const auto again = encode(*message);
        require(again && *again == text);
        if (const auto* ran = std::get_if<flywheel::worker::Ran>(&message->body)) {
            const flywheel::TensorSpec spec{"y", flywheel::DataType::Fp32, {-1, 3}};
            const auto rows = flywheel::worker::check_places(ran->outputs, {&spec}, true, size * 8);
            require(!rows || ran->outputs.at(0).offset + ran->outputs.at(0).bytes <= size * 8);
        }
    }
    if (const auto parts = flywheel::worker::read_bundle(text)) {
        const auto again = flywheel::worker::write_bundle(*parts);
        require(again && *again == text);
    }
    const std::uint64_t count = size == 0 ? 0 : bytes[0];
    const auto strings =
        flywheel::worker::take_strings(std::as_bytes(std::span(bytes, size)), count);
    require(!strings || strings->size() == count);
    return 0;
}
