# SPDX-License-Identifier: Apache-2.0
"""Open-loop load: requests are due at a constant rate whatever the server does, and each one's latency counts from
when it was due. One thread, epoll, keep-alive connections; enough for some thousand requests a second. Standard library only."""
import collections
import select
import socket
import time
from dataclasses import dataclass, field


@dataclass
class Outcome:
    ok_ms: list = field(default_factory=list)
    refused_ms: list = field(default_factory=list)  ## 503, from when it was sent.
    other: int = 0
    unsent: int = 0  ## Due while every connection waited, and never sent.
    late_ms_max: float = 0.0  ## How far the generator itself fell behind.
    seconds: float = 0.0


class Peer:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.rest = memoryview(b"")
        self.due = self.sent = 0.0
        self.answer = b""

    def write(self):
        """True when all is sent."""
        try:
            while self.rest:
                self.rest = self.rest[self.socket.send(self.rest):]
        except BlockingIOError:
            return False
        return True

    def read(self):
        """The status when the answer is whole; 0 = more to come; -1 = closed."""
        try:
            some = self.socket.recv(1 << 16)
        except BlockingIOError:
            return 0
        except OSError:
            return -1
        if not some:
            return -1
        self.answer += some
        end = self.answer.find(b"\r\n\r\n")
        if end < 0:
            return 0
        head = self.answer[:end].lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        return int(head[9:12]) if len(self.answer) >= end + 4 + length else 0


def request_bytes(path, body):
    return f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def open_loop(port, requests, rate, seconds, connections=512):
    """`requests` (bytes) in turn, `rate` a second."""
    poll = select.epoll()
    peers = {}

    def connect():
        peer = Peer(port)
        peers[peer.socket.fileno()] = peer
        poll.register(peer.socket.fileno(), select.EPOLLIN)
        return peer

    free = [connect() for _ in range(connections)]
    outcome, waiting, number = Outcome(), collections.deque(), 0
    begun = time.monotonic()
    end, busy = begun + seconds, 0
    while True:
        now = time.monotonic()
        while begun + number / rate <= min(now, end):
            waiting.append(begun + number / rate)
            number += 1
        while waiting and free:
            peer = free.pop()
            peer.due, peer.sent, peer.answer = waiting.popleft(), now, b""
            peer.rest = memoryview(requests[busy % len(requests)])
            busy += 1
            if not peer.write():
                poll.modify(peer.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)
        if now >= end and (len(free) == len(peers) or now > end + 10):
            break
        for fd, event in poll.poll(0.0005):
            peer = peers[fd]
            if event & select.EPOLLOUT and peer.write():
                poll.modify(fd, select.EPOLLIN)
            if not event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                continue
            status = peer.read()
            if status == 0:
                continue
            note(outcome, peer, status)
            if status < 0 or b"connection: close" in peer.answer[:1024].lower():
                poll.unregister(fd)
                del peers[fd]
                peer.socket.close()
                peer = connect()
            free.append(peer)
    outcome.unsent = len(waiting)
    outcome.seconds = seconds
    for peer in peers.values():
        peer.socket.close()
    poll.close()
    return outcome


def note(outcome, peer, status):
    now = time.monotonic()
    if status == 200:
        outcome.ok_ms.append((now - peer.due) * 1e3)
    elif status == 503:
        outcome.refused_ms.append((now - peer.sent) * 1e3)
    else:
        outcome.other += 1
