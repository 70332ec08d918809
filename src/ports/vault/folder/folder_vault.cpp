// SPDX-License-Identifier: Apache-2.0
#include "ports/vault/folder/folder_vault.h"

#include <atomic>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ports/vault/folder/file.h"

namespace flywheel::folder {

namespace {

namespace fs = std::filesystem;

Result<bool> is_there(const fs::path& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) {
        return true;
    }
    if (errno == ENOENT || errno == ENOTDIR) {
        return false;
    }
    return error_of(errno, "look up", path);
}

/// A temporary is removed unless its writer lives: writers hold a lock on it.
void remove_left_over(const fs::path& path) {
    const auto file = File::open(path, O_RDONLY);
    if (file && ::flock(file->descriptor(), LOCK_EX | LOCK_NB) == 0) {
        ::unlink(path.c_str());
    }
}

class FolderVault final : public Vault {
  public:
    explicit FolderVault(fs::path root) : root_(std::move(root)) {}

    Result<Digest> put(std::string_view bytes) override;
    Result<std::string> get(const Digest& digest) const override;

    Result<bool> has(const Digest& digest) const override { return is_there(place_of(digest)); }

    Result<fs::path> path_of(const Digest& digest) const override;

  private:
    [[nodiscard]] fs::path place_of(const Digest& digest) const {
        const auto hex = digest.hex();
        return root_ / "objects" / hex.substr(0, 2) / hex.substr(2);
    }

    Result<void> write(const fs::path& place, std::string_view bytes);

    fs::path root_;
    std::atomic<std::uint64_t> written_{0};
};

Error no_such_blob(const Digest& digest) {
    return not_found("No such blob in the vault: " + digest.hex());
}

/// Temporary name, sync, rename, sync of the folder: at every moment the name leads to all bytes or
/// none.
Result<void> FolderVault::write(const fs::path& place, std::string_view bytes) {
    TRY(make_folder(place.parent_path()));
    const auto temporary =
        root_ / "temporary" / fmt::format("{}-{}", ::getpid(), written_.fetch_add(1));
    const auto write_temporary = [&]() -> Result<void> {
        const auto file = TRY(File::open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0400));
        ::flock(file.descriptor(), LOCK_EX | LOCK_NB);
        TRY(file.write_all(bytes, temporary));
        TRY(file.sync(temporary));
        if (::rename(temporary.c_str(), place.c_str()) != 0) {
            return error_of(errno, "rename to", place);
        }
        return {};
    };
    auto done = write_temporary();
    if (!done) {
        ::unlink(temporary.c_str());
        return done;
    }
    return sync_folder(place.parent_path());
}

Result<Digest> FolderVault::put(std::string_view bytes) {
    const Digest digest = sha256(bytes);
    const auto place = place_of(digest);
    // A blob whose bytes rotted is written again: the same call that made it heals it.
    const bool known = TRY(is_there(place));
    if (!known || !get(digest)) {
        TRY(write(place, bytes).within("vault"));
    }
    return digest;
}

Result<std::string> FolderVault::get(const Digest& digest) const {
    const auto place = place_of(digest);
    auto file = File::open(place, O_RDONLY);
    if (!file) {
        return file.error().code == Code::NotFound ? no_such_blob(digest)
                                                   : std::move(file).error().within("vault");
    }
    auto bytes = TRY(file->read_all(place));
    const Digest found = sha256(bytes);
    if (found != digest) {
        return corrupt(fmt::format(
            "A blob of the vault is damaged; restore it from a backup: {}: {} bytes with digest {}",
            place.string(),
            bytes.size(),
            found.hex()
        ));
    }
    return bytes;
}

Result<fs::path> FolderVault::path_of(const Digest& digest) const {
    auto place = place_of(digest);
    if (!TRY(is_there(place))) {
        return no_such_blob(digest);
    }
    return place;
}

}  // namespace

Result<std::unique_ptr<Vault>> open(const fs::path& root) {
    TRY(make_folder(root).within("vault"));
    TRY(make_folder(root / "objects").within("vault"));
    TRY(make_folder(root / "temporary").within("vault"));
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(root / "temporary", failed)) {
        remove_left_over(entry.path());
    }
    if (failed) {
        return error_of(failed.value(), "list", root / "temporary").within("vault");
    }
    return std::unique_ptr<Vault>(std::make_unique<FolderVault>(root));
}

}  // namespace flywheel::folder
