// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/worker/shared_memory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/bytes.h"

namespace flywheel::worker {

namespace {

constexpr std::uint64_t kStep = 65'536;

Error no_memory(std::string_view what, int number) {
    return make_error(
        Code::Unavailable,
        fmt::format(
            "No shared memory for a worker: {}: {}", what, std::generic_category().message(number)
        )
    );
}

std::uint64_t stored_bytes(const TensorView& tensor) {
    if (tensor.type != DataType::Bytes) {
        return tensor.bytes.size();
    }
    std::uint64_t bytes = 0;
    for (const std::string_view text : tensor.strings) {
        bytes += sizeof(std::uint32_t) + text.size();
    }
    return bytes;
}

void store(const TensorView& tensor, std::byte* to) {
    if (tensor.type != DataType::Bytes) {
        std::copy(tensor.bytes.begin(), tensor.bytes.end(), to);
        return;
    }
    char* at = reinterpret_cast<char*>(to);  // NOLINT: bytes of text
    for (const std::string_view text : tensor.strings) {
        at = put_bytes(at, static_cast<std::uint32_t>(text.size()));
        at = put_bytes(at, text);
    }
}

}  // namespace

SharedMemory::SharedMemory(SharedMemory&& other) noexcept {
    *this = std::move(other);
}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(size_max_, other.size_max_);
    std::swap(access_, other.access_);
    std::swap(bytes_, other.bytes_);
    std::swap(mapped_, other.mapped_);
    return *this;
}

SharedMemory::~SharedMemory() {
    if (bytes_ != nullptr) {
        ::munmap(bytes_, mapped_);
    }
}

Result<SharedMemory> SharedMemory::make(std::uint64_t size_max, Access access) {
    SharedMemory memory;
    memory.descriptor_ =
        Descriptor(::memfd_create("flywheel-lane", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory.descriptor_ ||
        ::fcntl(memory.descriptor_.number(), F_ADD_SEALS, F_SEAL_SHRINK) != 0) {
        return no_memory("make", errno);
    }
    memory.size_max_ = size_max;
    memory.access_ = access;
    return memory;
}

Result<SharedMemory> SharedMemory::attach(
    Descriptor descriptor, std::uint64_t size_max, Access access
) {
    const int seals = descriptor ? ::fcntl(descriptor.number(), F_GET_SEALS) : -1;
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
        return corrupt("Shared memory of the worker protocol could shrink, or is none");
    }
    SharedMemory memory;
    memory.descriptor_ = std::move(descriptor);
    memory.size_max_ = size_max;
    memory.access_ = access;
    return memory;
}

Result<void> SharedMemory::map(std::uint64_t size) {
    const int wanted = access_ == Access::Write ? PROT_READ | PROT_WRITE : PROT_READ;
    void* const bytes = ::mmap(nullptr, size, wanted, MAP_SHARED, descriptor_.number(), 0);
    if (bytes == MAP_FAILED) {
        return no_memory("map", errno);
    }
    if (bytes_ != nullptr) {
        ::munmap(bytes_, mapped_);
    }
    bytes_ = static_cast<std::byte*>(bytes);
    mapped_ = size;
    return {};
}

Result<std::span<std::byte>> SharedMemory::grow(std::uint64_t size) {
    if (size > size_max_) {
        return invalid_argument(fmt::format(
            "Tensors are larger than the shared memory of a worker may be; ask for fewer rows: {} "
            "bytes, limit {}",
            size,
            size_max_
        ));
    }
    if (size > mapped_) {
        const std::uint64_t rounded =
            std::min(size_max_, (std::max(size, 2 * mapped_) + kStep - 1) / kStep * kStep);
        if (::ftruncate(descriptor_.number(), static_cast<off_t>(rounded)) != 0) {
            return no_memory("grow", errno);
        }
        TRY(map(rounded));
    }
    return std::span(bytes_, size);
}

Result<std::span<const std::byte>> SharedMemory::view() {
    struct stat state{};
    if (::fstat(descriptor_.number(), &state) != 0) {
        return no_memory("look", errno);
    }
    const auto size = static_cast<std::uint64_t>(state.st_size);
    if (size > size_max_) {
        return corrupt(fmt::format(
            "Shared memory is larger than the worker protocol allows: {} bytes, limit {}",
            size,
            size_max_
        ));
    }
    if (size > mapped_) {
        TRY(map(size));
    }
    return std::span<const std::byte>(bytes_, mapped_);
}

Result<Descriptor> make_sealed(std::string_view bytes) {
    Descriptor descriptor(::memfd_create("flywheel-artefact", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!descriptor) {
        return no_memory("artefact", errno);
    }
    while (!bytes.empty()) {
        const auto wrote = ::write(descriptor.number(), bytes.data(), bytes.size());
        if (wrote < 0 && errno != EINTR) {
            return no_memory("artefact", errno);
        }
        bytes.remove_prefix(wrote < 0 ? 0 : static_cast<std::size_t>(wrote));
    }
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    if (::fcntl(descriptor.number(), F_ADD_SEALS, seals) != 0) {
        return no_memory("artefact", errno);
    }
    return descriptor;
}

Result<std::vector<Place>> put_tensors(std::span<const TensorView> tensors, SharedMemory& memory) {
    std::vector<Place> places;
    places.reserve(tensors.size());
    std::uint64_t size = 0;
    for (const TensorView& tensor : tensors) {
        const std::uint64_t offset = aligned(size);
        places.push_back({tensor.type, tensor.shape, offset, stored_bytes(tensor)});
        size = offset + places.back().bytes;
    }
    const auto room = TRY(memory.grow(size));
    for (std::size_t i = 0; i < places.size(); ++i) {
        store(tensors[i], room.data() + places[i].offset);
    }
    return places;
}

Result<std::vector<std::string>> take_strings(
    std::span<const std::byte> bytes, std::uint64_t count
) {
    // Out of reach of the other side before a length is looked at.
    const std::string own(
        reinterpret_cast<const char*>(bytes.data()), bytes.size()  // NOLINT: bytes of text
    );
    ByteReader reader(own);
    std::vector<std::string> strings;
    strings.reserve(std::min<std::uint64_t>(count, bytes.size() / sizeof(std::uint32_t)));
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        strings.emplace_back(reader.take_bytes(reader.take<std::uint32_t>()));
    }
    if (!reader.ok() || !reader.at_end()) {
        return corrupt(fmt::format(
            "Elements of a BYTES tensor do not fit: {} elements, {} bytes", count, bytes.size()
        ));
    }
    return strings;
}

}  // namespace flywheel::worker
