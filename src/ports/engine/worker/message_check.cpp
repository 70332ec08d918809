// SPDX-License-Identifier: Apache-2.0
// What a signature and the places of tensors must be, whoever says them.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "ports/engine/worker/message.h"

namespace flywheel::worker {

namespace {

Result<void> check_specs(const std::vector<TensorSpec>& specs, bool batches) {
    if (specs.empty() || specs.size() > kTensorsMax) {
        return broken(fmt::format("1 to {} tensors, not {}", kTensorsMax, specs.size()));
    }
    std::set<std::string_view> names;
    for (const TensorSpec& spec : specs) {
        const bool named = !spec.name.empty() && spec.name.size() <= kNameBytesMax &&
                           first_invalid_utf8(spec.name) == std::string_view::npos;
        if (!named || !names.insert(spec.name).second) {
            return broken("a tensor's name is empty, too long, no UTF-8, or there twice");
        }
        const bool sized =
            std::all_of(spec.shape.begin(), spec.shape.end(), [](auto size) { return size >= -1; });
        if (!sized || (batches && (spec.shape.empty() || spec.shape[0] != -1))) {
            return broken(fmt::format("shape of {}: {}", spec.name, spec.shape.text()));
        }
    }
    return {};
}

/// A tensor within shared memory from `begin` to `end`.
Result<void> check_place(
    const Place& place, const TensorSpec& spec, std::uint64_t begin, std::uint64_t end
) {
    const auto wrong = [&](std::string_view what) {
        return broken(fmt::format("tensor {}: {}", spec.name, what));
    };
    if (place.type != spec.type || !fits(place.shape, spec.shape)) {
        return wrong(fmt::format(
            "{} {} instead of {} {}",
            name_of(place.type),
            place.shape.text(),
            name_of(spec.type),
            spec.shape.text()
        ));
    }
    if (place.offset % kAlignment != 0 || place.offset < begin || place.offset > end ||
        place.bytes > end - place.offset) {
        return wrong(fmt::format("{} bytes at {} of {}", place.bytes, place.offset, end));
    }
    const std::uint64_t elements = TRY(element_count(place.shape));
    if (place.type == DataType::Bytes) {
        return elements <= place.bytes / sizeof(std::uint32_t)
                   ? Result<void>()
                   : Result<void>(wrong(fmt::format("{} elements in {}", elements, place.bytes)));
    }
    return TRY(byte_count(place.type, place.shape)) == place.bytes
               ? Result<void>()
               : Result<void>(wrong(fmt::format("{} bytes for its shape", place.bytes)));
}

}  // namespace

Result<void> check_signature(const Signature& signature) {
    TRY(check_specs(signature.inputs, signature.batches));
    return check_specs(signature.outputs, signature.batches);
}

Result<std::int64_t> check_places(
    const std::vector<Place>& places,
    const std::vector<const TensorSpec*>& specs,
    bool batches,
    std::uint64_t size
) {
    if (places.size() != specs.size()) {
        return broken(fmt::format("{} tensors instead of {}", places.size(), specs.size()));
    }
    std::int64_t rows = 1;
    std::uint64_t begin = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
        TRY(check_place(places[i], *specs[i], begin, size));
        begin = places[i].offset + places[i].bytes;
        if (!batches) {
            continue;
        }
        const std::int64_t its = places[i].shape[0];  // check_signature saw a first dimension
        if (i > 0 && its != rows) {
            return broken(fmt::format("tensors of {} and {} rows", rows, its));
        }
        rows = its;
    }
    return rows;
}

std::vector<const TensorSpec*> input_specs(const Signature& signature) {
    std::vector<const TensorSpec*> specs;
    for (const TensorSpec& spec : signature.inputs) {
        specs.push_back(&spec);
    }
    return specs;
}

Result<std::vector<const TensorSpec*>> output_specs(
    const Signature& signature, const std::vector<std::size_t>& wanted
) {
    std::vector<const TensorSpec*> specs;
    std::set<std::size_t> seen;
    for (const std::size_t output : wanted) {
        if (output >= signature.outputs.size() || !seen.insert(output).second) {
            return broken(fmt::format("output {} is not there, or wanted twice", output));
        }
        specs.push_back(&signature.outputs[output]);
    }
    return specs;
}

}  // namespace flywheel::worker
