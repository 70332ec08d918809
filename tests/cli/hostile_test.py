#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peers that mean no good, against the built program: nobody else waits for them, and what they send
or do not read takes no more memory than the limits say.

    tests/cli/hostile_test.py PATH_OF_FLYWHEEL
"""

import json
import re
import resource
import select
import socket
import threading
import time
import unittest
import urllib.parse
import zlib

from program import PATIENCE_S, ServedProject, infer, run_tests, status_of, until

MIB = 1 << 20
LIMIT = 64 * MIB  # of a body, plain or inflated
CONNECTIONS = 10_000


def post(path, body, *fields):
    head = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(head).encode() + body


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def request_of(texts, **more):
    return json.dumps({"inputs": [{"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}], **more}).encode()


def compressed_zeros(size, wbits):
    """`size` zeros (a multiple of 1 MiB) as gzip or zlib: one compressed block, again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    block = bytes(MIB)
    head = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + again * (size // MIB - 1) + packer.flush()


class Peer:
    """One connection that can be told exactly what to send."""

    def __init__(self, url, deaf=False):
        place = urllib.parse.urlsplit(url)
        self.socket = socket.socket()
        if deaf:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect((place.hostname, place.port))
        self.read = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # the server has closed; its answer is still there

    def more(self):
        try:
            data = self.socket.recv(MIB)
        except ConnectionResetError:
            data = b""
        self.read += data
        return bool(data)

    def answer(self):
        """Status and body of the next answer; (0, b"") when the connection ended before it."""
        while b"\r\n\r\n" not in self.read:
            if not self.more():
                return 0, b""
        head, rest = self.read.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"Content-Length: (\d+)", head).group(1))
        self.read = rest
        while len(self.read) < length:
            if not self.more():
                return 0, b""
        body, self.read = self.read[:length], self.read[length:]
        return int(head.split()[1]), body

    def ask(self, data):
        self.send(data)
        return self.answer()

    def send_what_it_takes(self, data):
        """Sends without waiting, until the server has taken nothing for a second or has closed; how much."""
        self.socket.setblocking(False)
        sent, quiet = 0, time.monotonic()
        while sent < len(data) and time.monotonic() - quiet < 1:
            try:
                sent += self.socket.send(data[sent:sent + MIB])
                quiet = time.monotonic()
            except BlockingIOError:
                select.select([], [self.socket], [], 0.1)
            except OSError:
                break
        self.socket.settimeout(PATIENCE_S)
        return sent


class Hostile(ServedProject):
    options = ("--no-turns", "--drain", "0")

    def setUp(self):
        self.assertEqual(status_of(f"{self.url}/v2/health/ready"), 200)
        with open(self.place("clear_refs"), "w", encoding="ascii") as file:
            file.write("5")  # the peak is counted from now on
        self.before = self.memory("VmRSS")

    def tearDown(self):
        self.assertEqual(infer(self.url, ["bank market"], "after")["model_version"], "1")

    def place(self, name):
        return f"/proc/{self.server.process.pid}/{name}"

    def memory(self, what):
        with open(self.place("status"), encoding="ascii") as file:
            return int(re.search(rf"{what}:\s+(\d+) kB", file.read()).group(1)) * 1024

    def grew_at_most(self, size):
        grown = self.memory("VmHWM") - self.before
        self.assertLess(grown, size, f"grew by {grown / MIB:.0f} MiB at the most")

    def peer(self, deaf=False):
        peer = Peer(self.url, deaf)
        self.addCleanup(peer.socket.close)
        return peer

    def test_a_gigabyte_in_a_megabyte_is_refused_at_the_limit(self):
        for name, wbits in (("gzip", 31), ("deflate", 15)):
            with self.subTest(name):
                bomb = compressed_zeros(1024 * MIB, wbits)
                self.assertLess(len(bomb), 4 * MIB)
                status, body = self.peer().ask(post("/v2/models/news/infer", bomb, f"Content-Encoding: {name}"))
                self.assertEqual((status, json.loads(body)["error"]), (413, f"Body is larger than the limit of {LIMIT} bytes, inflated"))
        # Within one another: what comes out of the outer one is no JSON, and is not inflated again.
        nested = zlib.compress(compressed_zeros(1024 * MIB, 15))
        status, body = self.peer().ask(post("/v2/models/news/infer", nested, "Content-Encoding: deflate"))
        self.assertEqual(status, 400, body)
        status, body = self.peer().ask(post("/v2/models/news/infer", nested, "Content-Encoding: deflate, deflate"))
        self.assertEqual(status, 415, body)
        self.grew_at_most(4 * LIMIT)

    def test_slow_peers_keep_nobody_waiting(self):
        head = b"POST /v2/models/news/infer HTTP/1.1\r\nHost: localhost\r\n"
        starts = [b"G", head, head + b"Content-Length: 100000\r\n\r\n{", head + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n{"]
        slow = [self.peer() for _ in range(2_000)]
        for number, peer in enumerate(slow):
            peer.send(starts[number % len(starts)])
        for number in range(200):
            infer(self.url, ["bank market"], f"fast-{number}")
            for peer in slow[number::200]:
                peer.send(b"x" if number % 4 else b"-")
        self.grew_at_most(128 * MIB)

    def test_a_peer_that_never_reads_holds_one_answer(self):
        texts = ["bank market price"] * 2_000
        request = post("/v2/models/news/infer", request_of(texts, outputs=[{"name": "embedding"}]))
        status, body = self.peer().ask(request)
        self.assertEqual(status, 200, body[:200])
        self.assertGreater(len(body), MIB)
        for peer in [self.peer(deaf=True) for _ in range(8)]:
            sent = peer.send_what_it_takes(request * 400)
            self.assertLess(sent, len(request) * 400, "the server takes no more while nobody reads")
        self.grew_at_most(16 * len(body) + 128 * MIB)

    def test_a_flood_of_pipelined_requests_is_answered_in_order(self):
        count = 50_000
        peer = self.peer(deaf=True)
        flood = b"".join(get(f"/v2/models/no-{number}?{'x' * 400}") for number in range(count))
        sent = peer.send_what_it_takes(flood)
        self.assertLess(sent, len(flood), "the server takes no more while nobody reads")
        rest = threading.Thread(target=peer.send, args=(flood[sent:],))
        rest.start()
        for number in range(count):
            status, body = peer.answer()
            self.assertEqual((status, json.loads(body)["error"]), (404, f"Request for unknown model: 'no-{number}' is not found"))
        rest.join()
        self.grew_at_most(64 * MIB)

    def test_what_has_no_end_is_cut_at_its_limit(self):
        chunked = b"POST /v2/models/news/infer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        for status, data in (
                (431, b"GET /" + b"a" * MIB),
                (431, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * MIB),
                (431, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a:\r\n" * 101 + b"\r\n"),
                (400, chunked + b"1;" + b"a" * MIB),
                (431, chunked + b"0\r\n" + b"X: y\r\n" * 100_000),
                (413, chunked + b"1\r\n \r\n" * 65_537),
                (413, chunked + b"%x\r\n" % (LIMIT + 1)),
                (413, f"POST /v2/models/news/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LIMIT + 1}\r\n\r\n".encode()),
                (413, b"POST /v1/labels HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048577\r\n\r\n")):
            with self.subTest(data[:80]):
                got, body = self.peer().ask(data)
                self.assertEqual(got, status, body)
                self.assertEqual(list(json.loads(body)), ["error"])
        self.grew_at_most(64 * MIB)

    def test_no_name_of_a_model_leads_out(self):
        names = ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "a%2f..%2f..", "news%00", "%00", "%c0%ae%c0%ae", "%ff",
                 ".", "news%2f", "%0d%0aX-Bad:1", "a" * 4000, "%41" * 2000, "con%3a", "C%3A%5Cnews", "~", "news%20"]
        for name in names:
            for path in (f"/v2/models/{name}", f"/v2/models/{name}/config", f"/v2/models/{name}/requests/..%2f1"):
                status, body = self.peer().ask(get(path))
                self.assertEqual(status, 404, (path[:80], body[:200]))
                self.assertEqual(list(json.loads(body)), ["error"])
            for path in (f"/v2/models/{name}/infer", f"/v2/models/{name}/feedback", f"/v2/models/news/versions/{name}/infer",
                         f"/v2/repository/models/{name}/load", f"/v2/repository/models/{name}/unload"):
                status, body = self.peer().ask(post(path, b"{}" if "repository" in path else request_of(["a"])))
                self.assertIn(status, (400, 404), (path[:80], body[:200]))
                self.assertEqual(list(json.loads(body)), ["error"])
        for bad in ("%", "%4", "%zz", "%%"):
            self.assertEqual(self.peer().ask(get(f"/v2/models/{bad}"))[0], 400, bad)
        status, metrics = self.peer().ask(get("/metrics"))
        self.assertEqual(status, 200)
        self.assertNotIn(b"passwd", metrics)
        self.assertNotIn(b"aaaa", metrics)

    def test_ten_thousand_connections_and_one(self):
        wanted = CONNECTIONS + 200
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < wanted:
            self.skipTest(f"only {hard} open files are allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        peers = []
        while len(peers) < CONNECTIONS:
            peers.append(self.peer())
        until(lambda: self.open_connections() >= CONNECTIONS, "all connections")
        status, body = self.peer().answer()
        self.assertEqual((status, list(json.loads(body))), (503, ["error"]))
        for peer in (peers[0], peers[CONNECTIONS // 2], peers[-1]):
            self.assertEqual(peer.ask(get("/v2/health/live"))[0], 200)
        self.grew_at_most(256 * MIB)
        for peer in peers:
            peer.socket.close()
        until(lambda: self.open_connections() < 100, "their end")

    def open_connections(self):
        """As the kernel sees the server's side of them."""
        port = f":{urllib.parse.urlsplit(self.url).port:04X}"
        with open("/proc/net/tcp", encoding="ascii") as file:
            lines = [line.split() for line in file]
        return sum(1 for line in lines if line[1].endswith(port) and line[3] == "01")


if __name__ == "__main__":
    run_tests(__doc__)
