// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/worker/message.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"

namespace flywheel::worker {

namespace {

constexpr std::uint32_t kMagic = 0x4B575746;
constexpr std::size_t kHeaderBytes = 16;

Error broken(std::string_view what) {
    return corrupt(fmt::format("Worker message breaks the protocol: {}", what));
}

class Encoder {
  public:
    explicit Encoder(std::string& out) : out_(&out) {}

    template <class T>
    void put(T value) {
        char bytes[sizeof(T)];
        put_bytes(bytes, value);
        out_->append(bytes, sizeof(T));
    }

    void text(std::string_view text) {
        put(static_cast<std::uint16_t>(text.size()));
        out_->append(text);
    }

    void shape(const Shape& shape) {
        put(static_cast<std::uint8_t>(shape.size()));
        for (const std::int64_t size : shape) {
            put(size);
        }
    }

    void places(const std::vector<Place>& places) {
        put(static_cast<std::uint8_t>(places.size()));
        for (const Place& place : places) {
            put(static_cast<std::uint8_t>(place.type));
            shape(place.shape);
            put(place.offset);
            put(place.bytes);
        }
    }

    void specs(const std::vector<TensorSpec>& specs) {
        put(static_cast<std::uint8_t>(specs.size()));
        for (const TensorSpec& spec : specs) {
            text(spec.name);
            put(static_cast<std::uint8_t>(spec.type));
            shape(spec.shape);
            put(static_cast<std::uint8_t>(spec.only_when_named ? 1 : 0));
        }
    }

    void body(const Hello& hello) {
        text(hello.runtime);
        text(hello.version);
        put(hello.lanes);
    }

    void body(const Memory& memory) { put(memory.size_max); }

    void body(const Load& load) {
        put(load.size);
        put(load.threads);
    }

    void body(const Loaded& loaded) {
        put(static_cast<std::uint8_t>(loaded.signature.batches ? 1 : 0));
        specs(loaded.signature.inputs);
        specs(loaded.signature.outputs);
        put(loaded.memory_bytes);
    }

    void body(const Run& run) {
        places(run.inputs);
        put(static_cast<std::uint8_t>(run.wanted.size()));
        for (const std::size_t output : run.wanted) {
            put(static_cast<std::uint8_t>(output));
        }
    }

    void body(const Ran& ran) {
        put(ran.nanoseconds);
        places(ran.outputs);
    }

    void body(const Failed& failed) {
        put(static_cast<std::uint8_t>(failed.code));
        text(failed.message);
    }

    void body(const Ping& /*none*/) {}

    void body(const Pong& /*none*/) {}

    void body(const Done& /*none*/) {}

    void body(const Shutdown& /*none*/) {}

  private:
    std::string* out_;
};

/// Reads one body; whatever is not right makes good() false, and what is read then means nothing.
class Decoder {
  public:
    explicit Decoder(std::string_view body) : reader_(body) {}

    [[nodiscard]] bool good() const { return good_ && reader_.ok() && reader_.at_end(); }

    void body(Hello& hello) {
        hello.runtime = text(kTextBytesMax);
        hello.version = text(kTextBytesMax);
        hello.lanes = reader_.take<std::uint16_t>();
    }

    void body(Memory& memory) { memory.size_max = reader_.take<std::uint64_t>(); }

    void body(Load& load) {
        load.size = reader_.take<std::uint64_t>();
        load.threads = reader_.take<std::uint16_t>();
    }

    void body(Loaded& loaded) {
        loaded.signature.batches = flag();
        specs(loaded.signature.inputs);
        specs(loaded.signature.outputs);
        loaded.memory_bytes = reader_.take<std::uint64_t>();
        good_ = good_ && check_signature(loaded.signature).has_value();
    }

    void body(Run& run) {
        places(run.inputs);
        run.wanted.resize(count());
        for (std::size_t& output : run.wanted) {
            output = reader_.take<std::uint8_t>();
        }
    }

    void body(Ran& ran) {
        ran.nanoseconds = reader_.take<std::uint64_t>();
        places(ran.outputs);
    }

    void body(Failed& failed) {
        const auto code = reader_.take<std::uint8_t>();
        good_ = good_ && code < kAllCodes.size();
        failed.code = static_cast<Code>(code);
        failed.message = text(kTextBytesMax);
    }

    void body(Ping& /*none*/) {}

    void body(Pong& /*none*/) {}

    void body(Done& /*none*/) {}

    void body(Shutdown& /*none*/) {}

  private:
    bool flag() {
        const auto value = reader_.take<std::uint8_t>();
        good_ = good_ && value <= 1;
        return value == 1;
    }

    std::size_t count() {
        const std::size_t count = reader_.take<std::uint8_t>();
        good_ = good_ && count <= kTensorsMax;
        return good_ ? count : 0;
    }

    std::string text(std::size_t most) {
        const std::size_t size = reader_.take<std::uint16_t>();
        const std::string_view text = reader_.take_bytes(size);
        good_ = good_ && size <= most && first_invalid_utf8(text) == std::string_view::npos;
        return good_ ? std::string(text) : std::string();
    }

    DataType type() {
        const auto number = reader_.take<std::uint8_t>();
        good_ = good_ && number < kDataTypes;
        return good_ ? static_cast<DataType>(number) : DataType::Fp32;
    }

    Shape shape() {
        Shape shape;
        const auto rank = reader_.take<std::uint8_t>();
        for (int i = 0; i < rank && good_; ++i) {
            good_ = shape.push_back(reader_.take<std::int64_t>());
        }
        return shape;
    }

    void places(std::vector<Place>& places) {
        places.resize(count());
        for (Place& place : places) {
            place.type = type();
            place.shape = shape();
            place.offset = reader_.take<std::uint64_t>();
            place.bytes = reader_.take<std::uint64_t>();
            good_ = good_ && element_count(place.shape).has_value();
        }
    }

    void specs(std::vector<TensorSpec>& specs) {
        specs.resize(count());
        for (TensorSpec& spec : specs) {
            spec.name = text(kNameBytesMax);
            spec.type = type();
            spec.shape = shape();
            spec.only_when_named = flag();
        }
    }

    ByteReader reader_;
    bool good_ = true;
};

template <std::size_t kKind = 0>
Result<Body> decode_body(std::size_t kind, std::string_view bytes) {
    if constexpr (kKind == std::variant_size_v<Body>) {
        return broken(fmt::format("unknown kind {}", kind + 1));
    } else {
        if (kind != kKind) {
            return decode_body<kKind + 1>(kind, bytes);
        }
        Body body(std::in_place_index<kKind>);
        Decoder decoder(bytes);
        decoder.body(std::get<kKind>(body));
        if (!decoder.good()) {
            return broken(fmt::format("body of kind {}, {} bytes", kind + 1, bytes.size()));
        }
        return body;
    }
}

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

Result<void> check_sendable(const Body& body) {
    const auto few = [](std::size_t count) { return count <= kTensorsMax; };
    if (const auto* loaded = std::get_if<Loaded>(&body)) {
        TRY(check_signature(loaded->signature));
    }
    const auto* const run = std::get_if<Run>(&body);
    const auto* const ran = std::get_if<Ran>(&body);
    if ((run != nullptr && !(few(run->inputs.size()) && few(run->wanted.size()))) ||
        (ran != nullptr && !few(ran->outputs.size()))) {
        return invalid_argument(fmt::format("More tensors than the limit of {}", kTensorsMax));
    }
    return {};
}

/// At most kTextBytesMax, cut between code points, and UTF-8 whatever a runtime wrote.
std::string sendable_text(std::string_view text) {
    std::string clean(text.substr(0, kTextBytesMax));
    for (std::size_t bad = first_invalid_utf8(clean); bad != std::string::npos;
         bad = first_invalid_utf8(clean)) {
        clean[bad] = '?';
    }
    return clean;
}

Body sendable(Body body) {
    if (auto* failed = std::get_if<Failed>(&body)) {
        failed->message = sendable_text(failed->message);
    }
    if (auto* hello = std::get_if<Hello>(&body)) {
        hello->runtime = sendable_text(hello->runtime);
        hello->version = sendable_text(hello->version);
    }
    return body;
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

Result<std::string> encode(const Message& message) {
    TRY(check_sendable(message.body));
    const Body body = sendable(message.body);
    std::string datagram;
    Encoder header(datagram);
    header.put(kMagic);
    header.put(kProtocolVersion);
    header.put(static_cast<std::uint16_t>(body.index() + 1));
    header.put(message.call);
    header.put(std::uint32_t{0});
    std::visit([&](const auto& one) { Encoder(datagram).body(one); }, body);
    CHECK(datagram.size() <= kMessageBytesMax);
    put_bytes(
        datagram.data() + kHeaderBytes - sizeof(std::uint32_t),
        static_cast<std::uint32_t>(datagram.size() - kHeaderBytes)
    );
    return datagram;
}

Result<Message> decode(std::string_view datagram) {
    ByteReader reader(datagram);
    const auto magic = reader.take<std::uint32_t>();
    const auto version = reader.take<std::uint16_t>();
    if (!reader.ok() || magic != kMagic) {
        return broken(fmt::format("no message, {} bytes", datagram.size()));
    }
    if (version != kProtocolVersion) {
        return make_error(
            Code::Unsupported,
            fmt::format(
                "The other side speaks another version of the worker protocol; install flywheel "
                "and "
                "its engines from one release: version {}, this program {}",
                version,
                kProtocolVersion
            )
        );
    }
    const std::size_t kind = reader.take<std::uint16_t>();
    Message message;
    message.call = reader.take<std::uint32_t>();
    const auto size = reader.take<std::uint32_t>();
    if (!reader.ok() || size != reader.left() || datagram.size() > kMessageBytesMax) {
        return broken(fmt::format("size {} of a datagram of {}", size, datagram.size()));
    }
    message.body = TRY(decode_body(kind - 1, datagram.substr(kHeaderBytes)));
    return message;
}

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
