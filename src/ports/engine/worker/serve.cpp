// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/worker/serve.h"

#include <atomic>
#include <charconv>
#include <csignal>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "ports/engine/worker/channel.h"
#include "ports/engine/worker/shared_memory.h"

namespace flywheel::worker {

namespace {

/// "--lanes N".
std::optional<int> lanes_of(const std::vector<std::string>& arguments) {
    if (arguments.size() != 2 || arguments[0] != "--lanes") {
        return {};
    }
    int lanes = 0;
    const std::string& text = arguments[1];
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), lanes);
    const bool good = failed == std::errc() && end == text.data() + text.size();
    return good && lanes >= 1 && lanes <= kLanesMax ? std::optional(lanes) : std::nullopt;
}

/// Resident bytes of this process.
std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t pages = 0;
    file >> pages >> pages;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// The artefact as bytes that stay until the process ends.
Result<std::string_view> map_artefact(const Descriptor& artefact, std::uint64_t size) {
    struct stat state{};
    const int seals = artefact ? ::fcntl(artefact.number(), F_GET_SEALS) : -1;
    constexpr int kSealed = F_SEAL_SHRINK | F_SEAL_WRITE;
    if (seals < 0 || (seals & kSealed) != kSealed || ::fstat(artefact.number(), &state) != 0 ||
        static_cast<std::uint64_t>(state.st_size) != size || size == 0) {
        return corrupt("Artefact is not the sealed memory that the worker protocol asks for");
    }
    void* const bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, artefact.number(), 0);
    if (bytes == MAP_FAILED) {
        return make_error(Code::Unavailable, "No memory to map the artefact");
    }
    return std::string_view(static_cast<const char*>(bytes), size);
}

/// What all lanes share: the model, once it is loaded.
class SharedModel {
  public:
    explicit SharedModel(Backend& backend) : backend_(&backend) {}

    Result<Loaded> load(const Load& how, const Descriptor& artefact) {
        const std::scoped_lock lock(mutex_);
        if (signature_) {
            return make_error(Code::Conflict, "This worker has a model already");
        }
        const Parts parts = TRY(read_bundle(TRY(map_artefact(artefact, how.size))));
        Signature signature = TRY(backend_->load(parts, how.threads));
        TRY(check_signature(signature));
        signature_ = std::move(signature);
        return Loaded{*signature_, resident_bytes()};
    }

    struct Opened {
        std::unique_ptr<Session> session;
        Signature signature;
    };

    Result<Opened> open() {
        const std::scoped_lock lock(mutex_);
        if (!signature_) {
            return make_error(Code::Unavailable, "This worker has no model yet");
        }
        return Opened{TRY(backend_->open_session()), *signature_};
    }

  private:
    Backend* backend_;
    std::mutex mutex_;
    std::optional<Signature> signature_;
};

class LaneServer {
  public:
    LaneServer(Descriptor socket, SharedModel& model, bool first)
        : channel_(std::move(socket)), model_(&model), first_(first) {}

    Result<void> greet(Hello hello) { return channel_.send({0, std::move(hello)}); }

    /// True after a shutdown; false when the other side went, or broke the protocol.
    bool serve() {
        while (true) {
            auto received = channel_.receive(std::chrono::milliseconds(0));
            if (!received || !*received) {
                return false;
            }
            Received& asked = **received;
            if (first_ && std::holds_alternative<Shutdown>(asked.message.body)) {
                return true;
            }
            auto answer = answer_to(asked);
            Body body = answer ? Body(std::move(*answer))
                               : Body(Failed{answer.error().code, answer.error().message});
            if (!channel_.send({asked.message.call, std::move(body)})) {
                return false;
            }
        }
    }

  private:
    Result<Body> answer_to(Received& asked) {
        if (std::holds_alternative<Run>(asked.message.body)) {
            return TRY(run(std::get<Run>(asked.message.body)));
        }
        if (const auto* memory = std::get_if<Memory>(&asked.message.body)) {
            return TRY(attach(*memory, asked.descriptors));
        }
        if (const auto* how = std::get_if<Load>(&asked.message.body); how != nullptr && first_) {
            return Body(TRY(model_->load(*how, asked.descriptors[0])));
        }
        if (std::holds_alternative<Ping>(asked.message.body)) {
            return Body(Pong());
        }
        return invalid_argument("This lane does not take such a message");
    }

    Result<Body> attach(const Memory& memory, std::array<Descriptor, 2>& descriptors) {
        using Access = SharedMemory::Access;
        inputs_ =
            TRY(SharedMemory::attach(std::move(descriptors[0]), memory.size_max, Access::Read));
        outputs_ =
            TRY(SharedMemory::attach(std::move(descriptors[1]), memory.size_max, Access::Write));
        return Body(Done());
    }

    Result<Body> run(const Run& run) {
        if (!opened_.session) {
            opened_ = TRY(model_->open());
        }
        const Signature& signature = opened_.signature;
        const auto shared = TRY(inputs_.view());
        TRY(check_places(run.inputs, input_specs(signature), signature.batches, shared.size()));
        TRY(output_specs(signature, run.wanted));
        const auto inputs = TRY(views_of(run.inputs, shared));
        const auto began = monotonic_now();
        const auto outputs = TRY(opened_.session->run(inputs, run.wanted));
        Ran ran;
        ran.nanoseconds = static_cast<std::uint64_t>((monotonic_now() - began).count());
        ran.outputs = TRY(put_tensors(outputs, outputs_));
        return Body(std::move(ran));
    }

    Result<std::vector<TensorView>> views_of(
        const std::vector<Place>& places, std::span<const std::byte> shared
    ) {
        std::vector<TensorView> views;
        texts_.resize(places.size());
        for (std::size_t i = 0; i < places.size(); ++i) {
            const Place& place = places[i];
            TensorView& view = views.emplace_back();
            view.type = place.type;
            view.shape = place.shape;
            const auto bytes = shared.subspan(place.offset, place.bytes);
            if (place.type != DataType::Bytes) {
                view.bytes = bytes;
                continue;
            }
            Texts& texts = texts_[i];
            texts.owned = TRY(take_strings(bytes, TRY(element_count(place.shape))));
            texts.views.assign(texts.owned.begin(), texts.owned.end());
            view.strings = texts.views;
        }
        return views;
    }

    struct Texts {
        std::vector<std::string> owned;
        std::vector<std::string_view> views;
    };

    Channel channel_;
    SharedModel* model_;
    bool first_;
    SharedMemory inputs_;
    SharedMemory outputs_;
    SharedModel::Opened opened_;
    std::vector<Texts> texts_;
};

}  // namespace

int serve_worker(Backend& backend, const std::vector<std::string>& arguments) {
    const auto lanes = lanes_of(arguments);
    if (!lanes) {
        log_error("started by hand; `flywheel serve` starts this program itself", {});
        return 2;
    }
    ::signal(SIGPIPE, SIG_IGN);
    SharedModel model(backend);
    // The end of one lane is the end of the process: nothing is left to answer for.
    for (int lane = 1; lane < *lanes; ++lane) {
        std::thread([socket = kFirstLane + lane, &model] {
            LaneServer(Descriptor(socket), model, false).serve();
            ::_exit(1);
        }).detach();
    }
    LaneServer first(Descriptor(kFirstLane), model, true);
    const Hello hello{backend.runtime(), backend.version(), static_cast<std::uint16_t>(*lanes)};
    const bool asked_to_stop = first.greet(hello) && first.serve();
    // Without destructors: other lanes may be in the middle of a call, and a runtime's threads need
    // not be waited for.
    ::_exit(asked_to_stop ? 0 : 1);
}

}  // namespace flywheel::worker
