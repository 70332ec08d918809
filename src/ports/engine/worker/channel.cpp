// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/worker/channel.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace flywheel::worker {

namespace {

constexpr std::size_t kDescriptorsMax = 2;
constexpr std::chrono::milliseconds kSendMax{10'000};
constexpr std::size_t kControlBytes = CMSG_SPACE(kDescriptorsMax * sizeof(int));

Error gone(std::string_view what, int number) {
    return make_error(
        Code::Unavailable,
        fmt::format(
            "The other side of the worker protocol has gone: {}: {}",
            what,
            std::generic_category().message(number)
        )
    );
}

void set_timeout(int socket, int which, std::chrono::milliseconds longest) {
    timeval time{};
    time.tv_sec = longest.count() / 1000;
    time.tv_usec = longest.count() % 1000 * 1000;
    ::setsockopt(socket, SOL_SOCKET, which, &time, sizeof time);
}

/// Takes all descriptors out of the control bytes, so that none leaks; false when there are more
/// than a message may carry.
bool take_descriptors(msghdr& head, std::array<Descriptor, kDescriptorsMax>& out) {
    std::size_t count = 0;
    for (cmsghdr* part = CMSG_FIRSTHDR(&head); part != nullptr; part = CMSG_NXTHDR(&head, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const std::size_t numbers = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < numbers; ++i, ++count) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(part) + i * sizeof(int), sizeof number);
            Descriptor descriptor(number);
            if (count < out.size()) {
                out[count] = std::move(descriptor);
            }
        }
    }
    return count <= out.size() && (head.msg_flags & MSG_CTRUNC) == 0;
}

}  // namespace

Channel::Channel(Descriptor socket)
    : socket_(std::move(socket)), buffer_(std::make_unique<std::array<char, kMessageBytesMax>>()) {
    set_timeout(socket_.number(), SO_SNDTIMEO, kSendMax);
}

Result<std::pair<Descriptor, Descriptor>> Channel::open_pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return make_error(
            Code::Unavailable,
            fmt::format(
                "No socket for a worker process: {}", std::generic_category().message(errno)
            )
        );
    }
    return std::pair(Descriptor(ends[0]), Descriptor(ends[1]));
}

Result<void> Channel::send(const Message& message, std::span<const int> descriptors) {
    CHECK(descriptors.size() <= kDescriptorsMax);
    std::string datagram = TRY(encode(message));
    iovec bytes{datagram.data(), datagram.size()};
    alignas(cmsghdr) std::array<char, kControlBytes> control{};
    msghdr head{};
    head.msg_iov = &bytes;
    head.msg_iovlen = 1;
    if (!descriptors.empty()) {
        head.msg_control = control.data();
        head.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* const part = CMSG_FIRSTHDR(&head);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
    }
    while (::sendmsg(socket_.number(), &head, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) {
            return gone("send", errno);
        }
    }
    return {};
}

Result<std::optional<Received>> Channel::receive(std::chrono::milliseconds longest) {
    if (longest != receive_max_) {
        set_timeout(socket_.number(), SO_RCVTIMEO, longest);
        receive_max_ = longest;
    }
    iovec bytes{buffer_->data(), buffer_->size()};
    alignas(cmsghdr) std::array<char, kControlBytes> control{};
    msghdr head{};
    head.msg_iov = &bytes;
    head.msg_iovlen = 1;
    head.msg_control = control.data();
    head.msg_controllen = control.size();
    ssize_t got = -1;
    while ((got = ::recvmsg(socket_.number(), &head, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return std::optional<Received>();
    }
    if (got <= 0) {
        return gone("receive", got < 0 ? errno : ECONNRESET);
    }
    Received received;
    const bool whole = take_descriptors(head, received.descriptors);
    if (!whole || (head.msg_flags & MSG_TRUNC) != 0) {
        return corrupt(fmt::format(
            "Worker message is longer than {} bytes, or has more than {} descriptors",
            kMessageBytesMax,
            kDescriptorsMax
        ));
    }
    received.message =
        TRY(decode(std::string_view(buffer_->data(), static_cast<std::size_t>(got))));
    return std::optional<Received>(std::move(received));
}

}  // namespace flywheel::worker
