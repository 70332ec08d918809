// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/worker/message.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"

namespace flywheel::worker {

namespace {

constexpr std::uint32_t kMagic = 0x4B575746;
constexpr std::size_t kHeaderBytes = 16;

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

}  // namespace

Error broken(std::string_view what) {
    return corrupt(fmt::format("Worker message breaks the protocol: {}", what));
}

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

}  // namespace flywheel::worker
