// SPDX-License-Identifier: Apache-2.0
#include "ports/journal/segments/segment_journal.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "ports/journal/frame.h"
#include "ports/journal/segments/segment_header.h"

namespace flywheel {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFirstReadBytes = 72U << 10U;  // most frames hold up to 64 KiB

Error no_segment(std::uint64_t segment) {
    return not_found(fmt::format("The journal has no such segment: {}", segment));
}

Result<int> take_lock(const fs::path& folder) {
    const fs::path path = folder / "lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return disk_error("Cannot open the journal's lock", path, errno);
    }
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
        return fd;
    }
    const int reason = errno;
    ::close(fd);
    if (reason == EWOULDBLOCK) {
        return make_error(
            Code::Conflict, "The journal is in use by another process: " + folder.string()
        );
    }
    return disk_error("Cannot lock the journal", path, reason);
}

}  // namespace

Result<std::unique_ptr<Journal>> SegmentJournal::open(const fs::path& folder, Plan plan) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) {
        return disk_error("Cannot make the journal folder", folder, failed.value());
    }
    const int lock_fd = TRY(take_lock(folder));
    auto recovered = recover_folder(folder, plan.fault);
    if (!recovered) {
        ::close(lock_fd);
        return std::move(recovered).error();
    }
    // The constructor is private, so make_unique cannot reach it.
    return std::unique_ptr<Journal>(
        new SegmentJournal(folder, std::move(plan), lock_fd, *std::move(recovered))  // NOLINT
    );
}

SegmentJournal::SegmentJournal(fs::path folder, Plan plan, int lock_fd, RecoveredFolder recovered)
    : folder_(std::move(folder)),
      plan_(std::move(plan)),
      lock_fd_(lock_fd),
      last_segment_(recovered.last_segment),
      last_dropped_(recovered.last_dropped),
      recovered_(recovered.health) {
    for (const auto& sealed : recovered.sealed) {
        known_[sealed.segment] = {sealed.bytes, true, sealed.corrupt_bytes};
    }
}

SegmentJournal::~SegmentJournal() {
    ::close(lock_fd_);
}

void SegmentJournal::publish(std::uint64_t segment, Known known) {
    const std::lock_guard lock(mutex_);
    known_[segment] = known;
}

void SegmentJournal::forget(std::uint64_t segment) {
    const std::lock_guard lock(mutex_);
    known_.erase(segment);
}

Result<void> SegmentJournal::create_segment() {
    const std::uint64_t segment = last_segment_ + 1;
    const fs::path path = folder_ / segment_name(segment, "open");
    OpenFile opened{
        .file = TRY(SegmentFile::create(path, plan_.segment_bytes, plan_.fault)),
        .segment = segment,
        .end = kSegmentHeaderBytes,
        .synced = kSegmentHeaderBytes,
        .born = monotonic_now(),
    };
    last_segment_ = segment;
    const std::string header = encode_header({segment, SystemClock().now(), plan_.instance});
    auto written = opened.file.write_at(0, header);
    if (written) {
        written = sync_folder(folder_, plan_.fault);
    }
    if (!written) {
        static_cast<void>(remove_file(path));
        return written;
    }
    open_ = std::move(opened);
    const std::lock_guard lock(mutex_);
    known_[segment] = {kSegmentHeaderBytes, false, 0};
    open_segment_ = segment;
    return {};
}

Result<void> SegmentJournal::ensure_open(std::uint64_t group_bytes) {
    finish_abandoned();
    const bool has_frames = open_ && open_->end > kSegmentHeaderBytes;
    if (has_frames && (open_->end + group_bytes > plan_.segment_bytes ||
                       monotonic_now() - open_->born > plan_.max_age)) {
        TRY(seal());
    }
    if (!open_) {
        TRY(create_segment());
    }
    return {};
}

/// The file failed once and is not trusted again: what was durable in it stays, the rest is cut
/// away.
void SegmentJournal::abandon() {
    open_->end = open_->synced;
    open_->counts = open_->synced_counts;
    publish(open_->segment, {open_->synced, false, 0});
    {
        const std::lock_guard lock(mutex_);
        open_segment_ = 0;
    }
    abandoned_.push_back(std::move(*open_));
    open_.reset();
    finish_abandoned();
}

void SegmentJournal::finish_abandoned() {
    // What fails here fails quietly: it is tried again, at the latest by the recovery of the next
    // start.
    std::erase_if(abandoned_, [this](OpenFile& open) { return seal_one(open).has_value(); });
}

Result<void> SegmentJournal::seal_one(OpenFile& open) {
    if (open.end == kSegmentHeaderBytes) {
        TRY(remove_file(open.file.path()));
        forget(open.segment);
        return {};
    }
    const auto size = TRY(seal_file(open.file, open.end, open.counts, plan_.fault));
    publish(open.segment, {size, true, 0});
    return {};
}

Result<std::vector<FramePlace>> SegmentJournal::append(const std::vector<Frame>& group) {
    std::uint64_t group_bytes = 0;
    for (const Frame& frame : group) {
        group_bytes += frame_bytes(frame.payload.size());
    }
    TRY(ensure_open(group_bytes));
    std::string bytes;
    bytes.reserve(group_bytes);
    std::vector<FramePlace> places;
    places.reserve(group.size());
    for (const Frame& frame : group) {
        CHECK(frame.kind != FrameKind::Footer);
        places.push_back({open_->segment, open_->end + bytes.size()});
        append_frame(bytes, frame, {0, open_->frames++});
        ++open_->counts[static_cast<std::size_t>(frame.kind) - 1];
    }
    if (auto written = open_->file.write_at(open_->end, bytes); !written) {
        abandon();
        return std::move(written).error();
    }
    open_->end += bytes.size();
    publish(open_->segment, {open_->end, false, 0});
    return places;
}

Result<void> SegmentJournal::sync() {
    if (!open_ || open_->synced == open_->end) {
        return {};
    }
    if (auto synced = open_->file.sync(); !synced) {
        abandon();
        return synced;
    }
    open_->synced = open_->end;
    open_->synced_counts = open_->counts;
    return {};
}

Result<void> SegmentJournal::seal() {
    finish_abandoned();
    if (!open_ || open_->end == kSegmentHeaderBytes) {
        return {};
    }
    if (auto sealed = seal_one(*open_); !sealed) {
        abandon();
        return sealed;
    }
    open_.reset();
    const std::lock_guard lock(mutex_);
    open_segment_ = 0;
    return {};
}

Result<std::vector<std::uint64_t>> SegmentJournal::sealed() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::uint64_t> numbers;
    for (const auto& [segment, known] : known_) {
        if (known.is_sealed) {
            numbers.push_back(segment);
        }
    }
    return numbers;
}

Result<SegmentJournal::Known> SegmentJournal::known(std::uint64_t segment) const {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(segment);
    if (found == known_.end()) {
        return no_segment(segment);
    }
    return found->second;
}

Result<std::string> SegmentJournal::bytes_of(
    std::uint64_t segment, std::uint64_t offset, std::uint64_t size
) const {
    // The writer may rename the file just now, so the other name is tried as well.
    auto bytes = read_bytes(folder_ / segment_name(segment, "open"), offset, size);
    if (!bytes && bytes.error().code == Code::NotFound) {
        bytes = read_bytes(folder_ / segment_name(segment, "seg"), offset, size);
    }
    return bytes;
}

Result<void> SegmentJournal::read(
    std::uint64_t segment, const std::function<Result<void>(FramePlace, const Frame&)>& visit
) const {
    const Known seen = TRY(known(segment));
    std::string bytes = TRY(bytes_of(segment, 0, seen.bytes));
    Frame frame;
    const auto scan = TRY(scan_frames(
        bytes,
        kSegmentHeaderBytes,
        [&](std::size_t at, const FrameView& view) -> Result<void> {
            if (view.kind == FrameKind::Footer) {
                return {};
            }
            frame.kind = view.kind;
            frame.payload.assign(view.payload);
            return visit({segment, at}, frame);
        }
    ));
    const std::lock_guard lock(mutex_);
    if (const auto found = known_.find(segment); found != known_.end()) {
        const std::uint64_t missing =
            seen.bytes - std::min<std::uint64_t>(seen.bytes, bytes.size());
        found->second.corrupt_bytes = scan.corrupt_bytes + scan.torn_bytes + missing;
    }
    return {};
}

Result<Frame> SegmentJournal::read_at(FramePlace place) const {
    const Known seen = TRY(known(place.segment));
    const std::uint64_t rest = seen.bytes - std::min(seen.bytes, place.offset);
    std::string bytes = TRY(bytes_of(place.segment, place.offset, std::min(rest, kFirstReadBytes)));
    if (bytes.size() >= kFrameHeadBytes && rest > bytes.size()) {
        const auto whole = frame_bytes(bytes_at<std::uint32_t>(bytes.data() + 8));
        if (whole > bytes.size() && whole <= rest) {
            bytes = TRY(bytes_of(place.segment, place.offset, whole));
        }
    }
    const auto view = frame_at(bytes, 0);
    if (!view || view->kind == FrameKind::Footer) {
        return corrupt(fmt::format(
            "No good frame stands there: segment {}, offset {}", place.segment, place.offset
        ));
    }
    return Frame{view->kind, std::string(view->payload)};
}

std::uint64_t SegmentJournal::open_segment() const {
    const std::lock_guard lock(mutex_);
    return open_segment_;
}

Result<void> SegmentJournal::drop(std::uint64_t segment) {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(segment);
    if (found == known_.end() || !found->second.is_sealed) {
        return no_segment(segment);
    }
    if (segment > last_dropped_) {
        // Without this mark a restart could give the number to another segment, and its rows would
        // be taken for rolled.
        const fs::path mark = folder_ / segment_name(segment, "dropped");
        const int fd = ::open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0) {
            return disk_error("Cannot mark a journal segment as dropped", mark, errno);
        }
        ::close(fd);
        TRY(sync_folder(folder_, plan_.fault));
        if (last_dropped_ != 0) {
            TRY(remove_file(folder_ / segment_name(last_dropped_, "dropped")));
        }
        last_dropped_ = segment;
    }
    TRY(remove_file(folder_ / segment_name(segment, "seg")));
    recovered_.corrupt_bytes += found->second.corrupt_bytes;
    known_.erase(found);
    return {};
}

JournalHealth SegmentJournal::health() const {
    const std::lock_guard lock(mutex_);
    JournalHealth health = recovered_;
    health.segments = known_.size();
    for (const auto& [segment, known] : known_) {
        health.bytes += known.bytes;
        health.sealed_bytes += known.is_sealed ? known.bytes : 0;
        health.corrupt_bytes += known.corrupt_bytes;
    }
    return health;
}

}  // namespace flywheel
