// SPDX-License-Identifier: Apache-2.0
#include "ports/journal/segments/recovery.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/log.h"
#include "ports/journal/frame.h"
#include "ports/journal/segments/segment_header.h"

namespace flywheel {

namespace {

namespace fs = std::filesystem;

struct FolderListing {
    std::vector<SegmentName> names;
};

Result<FolderListing> list_folder(const fs::path& folder) {
    FolderListing listing;
    std::error_code failed;
    for (auto entry = fs::directory_iterator(folder, failed);
         !failed && entry != fs::directory_iterator();
         entry.increment(failed)) {
        if (auto name = parse_segment_name(entry->path().filename().string())) {
            listing.names.push_back(*std::move(name));
        }
    }
    if (failed) {
        return disk_error("Cannot list the journal folder", folder, failed.value());
    }
    std::ranges::sort(listing.names, {}, &SegmentName::segment);
    return listing;
}

/// What one `.open` file holds.
struct OpenSegment {
    FrameScan scan;
    FrameCounts counts{};
    std::uint64_t end = 0;  ///< Behind the last good frame that is no footer.
};

Result<OpenSegment> look_into(std::string& bytes) {
    OpenSegment seen;
    seen.end = kSegmentHeaderBytes;
    seen.scan = TRY(scan_frames(
        bytes,
        kSegmentHeaderBytes,
        [&](std::size_t at, const FrameView& view) -> Result<void> {
            const auto kind = static_cast<std::size_t>(view.kind);
            if (view.kind != FrameKind::Footer) {
                ++seen.counts[kind - 1];
                seen.end = at + frame_bytes(view.payload.size());
            }
            return {};
        }
    ));
    return seen;
}

class Recovery {
  public:
    Recovery(const fs::path& folder, const DiskFault& fault) : folder_(folder), fault_(fault) {}

    Result<RecoveredFolder> run() {
        const FolderListing listing = TRY(list_folder(folder_));
        for (const auto& name : listing.names) {
            out_.last_segment = std::max(out_.last_segment, name.segment);
            TRY(recover(name));
        }
        return std::move(out_);
    }

  private:
    Result<void> recover(const SegmentName& name) {
        const fs::path path = folder_ / segment_name(name.segment, name.ending);
        if (name.ending == "bad") {
            ++out_.health.bad_segments;
        }
        if (name.ending == "dropped") {
            return take_mark(name.segment);
        }
        if (name.ending == "seg") {
            return take_sealed(path, name.segment);
        }
        if (name.ending == "open") {
            return recover_open(path, name.segment);
        }
        return {};
    }

    /// Names come in order, so the mark before is the smaller one.
    Result<void> take_mark(std::uint64_t segment) {
        if (out_.last_dropped != 0) {
            TRY(remove_file(folder_ / segment_name(out_.last_dropped, "dropped")));
        }
        out_.last_dropped = segment;
        return {};
    }

    Result<void> take_sealed(const fs::path& path, std::uint64_t segment) {
        const std::string head = TRY(read_bytes(path, 0, kSegmentHeaderBytes));
        if (auto header = decode_header(head); !header || header->segment != segment) {
            return set_aside(path, segment, header ? "another number" : header.error().message);
        }
        std::error_code failed;
        const auto size = fs::file_size(path, failed);
        if (failed) {
            return disk_error("Cannot read the journal", path, failed.value());
        }
        out_.sealed.push_back({segment, size, 0});
        return {};
    }

    Result<void> recover_open(const fs::path& path, std::uint64_t segment) {
        std::string bytes = TRY(read_whole(path));
        if (bytes.empty()) {
            return remove_file(path);  // died between creating the file and writing its header
        }
        if (auto header = decode_header(bytes); !header || header->segment != segment) {
            return set_aside(path, segment, header ? "another number" : header.error().message);
        }
        const OpenSegment seen = TRY(look_into(bytes));
        out_.health.torn_bytes += seen.scan.torn_bytes;
        if (seen.end == kSegmentHeaderBytes) {
            return remove_file(path);
        }
        if (seen.scan.torn_bytes + seen.scan.corrupt_bytes > 0) {
            log_warn(
                "journal.recovered",
                {{"segment", static_cast<std::size_t>(segment)},
                 {"torn_bytes", seen.scan.torn_bytes},
                 {"corrupt_bytes", seen.scan.corrupt_bytes}}
            );
        }
        SegmentFile file = TRY(SegmentFile::open(path, fault_));
        const auto size = TRY(seal_file(file, seen.end, seen.counts, fault_));
        out_.sealed.push_back({segment, size, seen.scan.corrupt_bytes});
        return {};
    }

    Result<void> set_aside(const fs::path& path, std::uint64_t segment, std::string_view why) {
        TRY(rename_durably(path, folder_ / segment_name(segment, "bad"), fault_));
        ++out_.health.bad_segments;
        log_error("journal.bad_segment", {{"file", path.filename().string()}, {"reason", why}});
        return {};
    }

    const fs::path& folder_;
    const DiskFault& fault_;
    RecoveredFolder out_;
};

}  // namespace

std::string encode_footer(const FrameCounts& counts, std::uint64_t sequence) {
    Frame footer{FrameKind::Footer, std::string(8 + 8 * counts.size(), '\0')};
    char* to = put_bytes(footer.payload.data(), std::uint32_t{1});
    to = put_bytes(to, std::uint32_t{0});
    put_bytes(to, counts);
    std::string bytes;
    append_frame(bytes, footer, {0, sequence});
    return bytes;
}

Result<std::uint64_t> seal_file(
    SegmentFile& file, std::uint64_t end, const FrameCounts& counts, const DiskFault& fault
) {
    const auto frames = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    const std::string footer = encode_footer(counts, frames);
    TRY(file.write_at(end, footer));
    TRY(file.truncate(end + footer.size()));
    TRY(file.sync());
    fs::path sealed = file.path();
    sealed.replace_extension(".seg");
    std::error_code ignored;
    if (!fs::exists(file.path(), ignored) && fs::exists(sealed, ignored)) {
        TRY(sync_folder(sealed.parent_path(), fault)
        );  // renamed by an attempt that failed after that
    } else {
        TRY(rename_durably(file.path(), sealed, fault));
    }
    return end + footer.size();
}

Result<RecoveredFolder> recover_folder(const fs::path& folder, const DiskFault& fault) {
    return Recovery(folder, fault).run();
}

}  // namespace flywheel
