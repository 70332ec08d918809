// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/id_index.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "ports/columns/parquet/parquet_file.h"
#include "ports/columns/row_keys.h"

namespace flywheel {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "FWIDS001";
constexpr std::uint32_t kIndexVersion = 1;
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kHeaderSummed = kHeaderBytes - sizeof(std::uint64_t);
/// A block and its checksum fill a page.
constexpr std::uint32_t kBlockEntries = 255;
constexpr std::size_t kBlockBytes = kBlockEntries * sizeof(IdEntry) + sizeof(std::uint64_t);
/// More would not fit on a disk.
constexpr std::uint64_t kEntriesMax = std::uint64_t{1} << 40U;
/// Guesses of where a key stands before halving takes over; hashes need one or two.
constexpr int kGuessesMax = 6;

static_assert(sizeof(IdEntry) == 16, "entries are written as memory lies");

std::string_view bytes_of(std::span<const IdEntry> entries) {
    return {reinterpret_cast<const char*>(entries.data()), entries.size_bytes()};
}

/// `key` as a part of all keys, times `count`.
std::uint64_t part_of(std::uint64_t key, std::uint64_t count) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(key) * count) >> 64U);
}

/// An index that is open for reading.
class IdReader {
  public:
    explicit IdReader(const fs::path& path)
        : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

    IdReader(const IdReader&) = delete;
    IdReader& operator=(const IdReader&) = delete;

    ~IdReader() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    /// Reads the header, and with it the first block.
    Result<void> begin() {
        if (fd_ < 0) {
            return damaged("it cannot be opened");
        }
        const std::size_t got = read(0, kHeaderBytes + kBlockBytes);
        const char* header = buffer_.data();
        if (got < kHeaderBytes ||
            bytes_at<std::uint64_t>(header + kHeaderSummed) != xxh3({header, kHeaderSummed})) {
            return damaged("its header does not match its checksum");
        }
        count_ = bytes_at<std::uint64_t>(header + 16);
        if (std::string_view(header, kMagic.size()) != kMagic ||
            bytes_at<std::uint32_t>(header + 8) != kIndexVersion ||
            bytes_at<std::uint32_t>(header + 12) != kBlockEntries || count_ == 0 ||
            count_ > kEntriesMax) {
            return damaged("it was written by a newer program");
        }
        return take_block(0, buffer_.data() + kHeaderBytes, got - kHeaderBytes);
    }

    /// Adds the times of the rows with this key.
    Result<void> find(std::uint64_t key, std::vector<TimeRange>& found) {
        bool more = TRY(go_to(key));
        while (more) {
            for (const IdEntry& entry : std::ranges::equal_range(here_, key, {}, &IdEntry::key)) {
                const Time time{Duration(entry.at)};
                add_range(found, {time, time + Duration(1)});
            }
            more = here_.back().key == key && block_ + 1 < blocks();
            if (more) {
                TRY(load(block_ + 1));
            }
        }
        return {};
    }

  private:
    [[nodiscard]] Error damaged(std::string_view why) const {
        return corrupt(fmt::format("Index of ids is damaged: {}: {}", path_.string(), why));
    }

    [[nodiscard]] std::uint64_t blocks() const {
        return (count_ + kBlockEntries - 1) / kBlockEntries;
    }

    /// To the first block that does not end before the key; false when all do.
    Result<bool> go_to(std::uint64_t key) {
        std::uint64_t least = 0;
        std::uint64_t most = blocks();
        std::uint64_t guess = part_of(key, blocks());
        for (int guesses = 1; least < most; ++guesses) {
            guess = guesses > kGuessesMax ? least + (most - least) / 2
                                          : std::clamp(guess, least, most - 1);
            TRY(load(guess));
            const std::uint64_t first = here_.front().key;
            const std::uint64_t last = here_.back().key;
            if (last < key) {
                least = guess + 1;
                guess = least + part_of(key - last, blocks());
            } else if (first < key || guess == least) {
                return true;
            } else {
                most = guess;
                guess -= std::min(guess, 1 + part_of(first - key, blocks()));
            }
        }
        if (least < blocks()) {
            TRY(load(least));
        }
        return least < blocks();
    }

    Result<void> load(std::uint64_t block) {
        if (block == block_) {
            return {};
        }
        const std::size_t got = read(kHeaderBytes + block * kBlockBytes, kBlockBytes);
        return take_block(block, buffer_.data(), got);
    }

    Result<void> take_block(std::uint64_t block, const char* bytes, std::size_t size) {
        const std::uint64_t entries =
            std::min<std::uint64_t>(kBlockEntries, count_ - block * kBlockEntries);
        const std::size_t summed = entries * sizeof(IdEntry);
        if (size < summed + sizeof(std::uint64_t)) {
            return damaged("it ends too early");
        }
        if (bytes_at<std::uint64_t>(bytes + summed) != xxh3({bytes, summed}, block)) {
            return damaged(fmt::format("block {} does not match its checksum", block));
        }
        std::memcpy(entries_.data(), bytes, summed);
        here_ = std::span<const IdEntry>(entries_.data(), entries);
        block_ = block;
        return {};
    }

    /// Says how many bytes there were.
    std::size_t read(std::uint64_t from, std::size_t size) {
        std::size_t got = 0;
        while (got < size) {
            const auto part =
                ::pread(fd_, buffer_.data() + got, size - got, static_cast<off_t>(from + got));
            if (part < 0 && errno == EINTR) {
                continue;
            }
            if (part <= 0) {
                break;
            }
            got += static_cast<std::size_t>(part);
        }
        return got;
    }

    const fs::path& path_;
    int fd_;
    std::uint64_t count_ = 0;
    std::uint64_t block_ = 0;        ///< Whose entries are here.
    std::span<const IdEntry> here_;  ///< Never empty after begin().
    std::array<char, kHeaderBytes + kBlockBytes> buffer_{};
    std::array<IdEntry, kBlockEntries> entries_{};
};

}  // namespace

Result<IdFile> write_id_index(
    const fs::path& folder, const std::string& table_path, std::vector<IdEntry> entries
) {
    if (entries.empty()) {
        return IdFile{};
    }
    std::ranges::sort(entries);
    const auto repeated = std::ranges::unique(entries);  // rows of one batch
    entries.erase(repeated.begin(), repeated.end());
    const std::uint64_t content = xxh3(bytes_of(entries));
    std::string bytes(kHeaderBytes, '\0');
    char* to = put_bytes(bytes.data(), kMagic);
    to = put_bytes(to, kIndexVersion);
    to = put_bytes(to, kBlockEntries);
    to = put_bytes(to, std::uint64_t{entries.size()});
    put_bytes(to, content);
    put_bytes(bytes.data() + kHeaderSummed, xxh3({bytes.data(), kHeaderSummed}));
    std::span<const IdEntry> left = entries;
    for (std::uint64_t block = 0; !left.empty(); ++block) {
        const auto part = left.first(std::min<std::size_t>(left.size(), kBlockEntries));
        left = left.subspan(part.size());
        bytes += bytes_of(part);
        std::array<char, sizeof(std::uint64_t)> sum{};
        put_bytes(sum.data(), xxh3(bytes_of(part), block));
        bytes.append(sum.data(), sum.size());
    }
    IdFile file{.path = ids_path(table_path, content), .bytes = bytes.size()};
    TRY(write_file(folder / file.path, bytes));
    return file;
}

Result<void> find_ids(
    const fs::path& index, std::span<const std::uint64_t> keys, std::vector<TimeRange>& found
) {
    IdReader reader(index);
    TRY(reader.begin());
    for (const std::uint64_t key : keys) {
        TRY(reader.find(key, found));
    }
    return {};
}

}  // namespace flywheel
