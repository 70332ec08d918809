// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/content_coding.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <zlib.h>

#include "base/result.h"

namespace flywheel::http {

namespace {

constexpr int kWindowBits = 15;
constexpr int kGzipWrapper = 16;
constexpr int kFastest = 1;
constexpr std::size_t kFirstGrowth = 16 * 1024;

int window_of(Coding coding) {
    return coding == Coding::Gzip ? kWindowBits + kGzipWrapper : kWindowBits;
}

Bytef* bytes_of(const char* text) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(text));  // zlib only reads its input
}

std::string_view next_part(std::string_view& list, char separator) {
    const std::size_t end = std::min(list.find(separator), list.size());
    std::string_view part = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) {
        part.remove_prefix(1);
    }
    while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) {
        part.remove_suffix(1);
    }
    return part;
}

/// The weight behind a coding, in thousandths; 1000 without one, 0 for one that is malformed.
int weight_of(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::string_view one = next_part(parameters, ';');
        if (one.size() < 3 || (one[0] | 0x20) != 'q' || one[1] != '=') {
            continue;
        }
        double weight = 0;
        const auto [end, failed] = std::from_chars(one.data() + 2, one.data() + one.size(), weight);
        const bool whole = failed == std::errc() && end == one.data() + one.size();
        return whole && weight >= 0 && weight <= 1 ? static_cast<int>(weight * 1000) : 0;
    }
    return 1000;
}

/// An inflating stream that is ended whatever happens.
class Inflater {
  public:
    explicit Inflater(Coding coding) { ready_ = inflateInit2(&stream_, window_of(coding)) == Z_OK; }

    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    ~Inflater() {
        if (ready_) {
            inflateEnd(&stream_);
        }
    }

    /// Inflates into out[at..); true while there may be more.
    int run(std::string& out, std::size_t at) {
        stream_.next_out = reinterpret_cast<Bytef*>(out.data() + at);
        stream_.avail_out = static_cast<uInt>(out.size() - at);
        return inflate(&stream_, Z_NO_FLUSH);
    }

    z_stream& stream() { return stream_; }

    [[nodiscard]] bool ready() const { return ready_; }

  private:
    z_stream stream_{};
    bool ready_ = false;
};

}  // namespace

std::string_view name_of(Coding coding) {
    return coding == Coding::Gzip ? "gzip" : coding == Coding::Deflate ? "deflate" : "identity";
}

std::optional<Coding> coding_named(std::string_view value) {
    if (value.empty() || same_token(value, "identity")) {
        return Coding::Identity;
    }
    if (same_token(value, "gzip") || same_token(value, "x-gzip")) {
        return Coding::Gzip;
    }
    return same_token(value, "deflate") ? std::optional(Coding::Deflate) : std::nullopt;
}

Coding choose_coding(std::string_view accepted) {
    int gzip = -1;
    int deflate = -1;
    int any = 0;
    while (!accepted.empty()) {
        std::string_view one = next_part(accepted, ',');
        const std::string_view name = next_part(one, ';');
        const int weight = weight_of(one);
        if (same_token(name, "gzip") || same_token(name, "x-gzip")) {
            gzip = weight;
        } else if (same_token(name, "deflate")) {
            deflate = weight;
        } else if (name == "*") {
            any = weight;
        }
    }
    gzip = gzip < 0 ? any : gzip;
    deflate = deflate < 0 ? any : deflate;
    if (gzip <= 0 && deflate <= 0) {
        return Coding::Identity;
    }
    return gzip >= deflate ? Coding::Gzip : Coding::Deflate;
}

std::optional<Refusal> inflate_body(
    Coding coding, std::string_view bytes, std::uint64_t limit, std::string& out
) {
    CHECK(coding != Coding::Identity && bytes.size() <= UINT32_MAX && limit < UINT32_MAX);
    out.clear();
    Inflater inflater(coding);
    z_stream& stream = inflater.stream();
    stream.next_in = bytes_of(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::size_t filled = 0;
    int state = inflater.ready() ? Z_OK : Z_MEM_ERROR;
    while (state == Z_OK) {
        if (filled > limit) {
            return Refusal{
                413, fmt::format("Body is larger than the limit of {} bytes, inflated", limit)
            };
        }
        // One byte over the limit shows that there is more; never much memory before much data.
        out.resize(std::min<std::size_t>(std::max(filled * 2, kFirstGrowth), limit + 1));
        state = inflater.run(out, filled);
        filled = out.size() - stream.avail_out;
        if (state == Z_OK && stream.avail_in == 0 && stream.avail_out > 0) {
            break;  // cut off
        }
    }
    out.resize(filled);
    if (filled > limit) {
        return Refusal{
            413, fmt::format("Body is larger than the limit of {} bytes, inflated", limit)
        };
    }
    if (state != Z_STREAM_END) {
        return Refusal{
            400, fmt::format("Body is not whole or not in the coding it names: {}", name_of(coding))
        };
    }
    if (stream.avail_in > 0) {
        return Refusal{400, fmt::format("Body has bytes behind its {} stream", name_of(coding))};
    }
    return {};
}

void deflate_body(Coding coding, std::string_view bytes, std::string& out) {
    CHECK(coding != Coding::Identity && bytes.size() <= UINT32_MAX);
    z_stream stream{};
    CHECK(
        deflateInit2(&stream, kFastest, Z_DEFLATED, window_of(coding), 8, Z_DEFAULT_STRATEGY) ==
        Z_OK
    );
    out.resize(deflateBound(&stream, bytes.size()));
    stream.next_in = bytes_of(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
}

}  // namespace flywheel::http
