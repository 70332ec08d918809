#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The built program as its operator meets it: logs, trail, keys, TLS, and an end under load.

    tests/cli/operations_test.py PATH_OF_FLYWHEEL [test name ...]

Standard library only, and openssl(1) for certificates. Nothing is left behind.
"""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import urllib.parse

from program import FolderTest, RunningServer, ask, flywheel, infer, run_tests, status_of, until


def make_certificate(folder, name="server"):
    files = [os.path.join(folder, f"{name}.{end}") for end in ("crt", "key")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout", files[1]],
        check=True, capture_output=True)
    os.chmod(files[1], 0o600)
    return files


class OperatedTest(FolderTest):
    def serve(self, *options):
        server = RunningServer(self.project, "--no-turns", *options)
        self.addCleanup(server.end, signal.SIGKILL)
        return server

    def change_setting(self, before, after):
        file = os.path.join(self.project, "flywheel.toml")
        with open(file, encoding="utf-8") as settings:
            text = settings.read()
        self.assertIn(before, text)
        with open(file, "w", encoding="utf-8") as settings:
            settings.write(text.replace(before, after))

    def lines(self, name="access.jsonl"):
        path = os.path.join(self.project, "log", name)
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def events(self):
        return json.loads(self.run_well("audit", self.project, "--json"))["events"]


class AccessLog(OperatedTest):
    def test_each_request_leaves_a_line_that_says_what_and_not_what_was_in_it(self):
        self.make_project()
        self.run_well("turn", self.project)
        shop = self.run_well("key", "add", "shop", "--roles", "infer", "--dir", self.project).strip()
        server = self.serve("--drain", "0")
        infer(server.url, ["bank market", "goal match"], "q-1", key=shop)
        infer(server.url, ["bank"], "q-2", expect=401)
        status_of(f"{server.url}/nothing?key={shop}")
        until(lambda: len(self.lines()) >= 3, "three lines")
        good = next(line for line in self.lines() if line.get("id") == "q-1")
        self.assertEqual(
            {name: good[name] for name in ("key_name", "method", "route", "model", "version", "fw_route", "status", "rows")},
            {"key_name": "shop", "method": "POST", "route": "infer", "model": "news", "version": "1",
             "fw_route": "stable", "status": 200, "rows": 2})
        self.assertGreater(good["us_total"], 0)
        self.assertGreater(good["bytes_in"], 50)
        self.assertGreater(good["bytes_out"], 50)
        self.assertEqual({line["status"] for line in self.lines()}, {200, 401, 404})
        text = json.dumps(self.lines())
        for secret in (shop, "bank", "goal"):
            self.assertNotIn(secret, text)
        os.rename(os.path.join(self.project, "log", "access.jsonl"), os.path.join(self.project, "log", "moved"))
        server.process.send_signal(signal.SIGHUP)
        until(lambda: os.path.exists(os.path.join(self.project, "log", "access.jsonl")), "a new file")
        status_of(f"{server.url}/v2/health/live")
        until(lambda: [line["route"] for line in self.lines()] == ["live"], "a line in it")
        self.assertEqual(server.end(), 0)

    def test_it_can_be_turned_off(self):
        self.run_well("init", self.project)
        self.change_setting('access_log = "file"', 'access_log = "off"')
        server = self.serve("--drain", "0")
        status_of(f"{server.url}/v2/health/live")
        self.assertEqual(server.end(), 0)
        self.assertFalse(os.path.exists(os.path.join(self.project, "log")))


class Trail(OperatedTest):
    def test_acts_and_refusals_are_recorded_with_who_and_outcome(self):
        self.make_project()
        self.run_well("turn", self.project)
        boss = self.run_well("key", "add", "boss", "--roles", "admin", "--dir", self.project).strip()
        shop = self.run_well("key", "add", "shop", "--roles", "infer,feedback", "--dir", self.project).strip()
        server = self.serve("--drain", "0")
        for _ in range(5):
            infer(server.url, ["bank"], "q", key=shop[:-1] + ("A" if shop[-1] != "A" else "B"), expect=401)
        ask(f"{server.url}/v1/keys", key=shop, expect=403)
        ask(f"{server.url}/v2/models/..%2F..%2Fetc/infer", {"inputs": []}, key=shop, expect=404)
        infer(server.url, ["bank"], "said", key=shop)
        feedback = {"id": "said", "label": "economy", "at": "2026-01-01T00:00:00Z"}
        ask(f"{server.url}/v2/models/news/feedback", feedback, key=shop, expect=202)
        again = ask(f"{server.url}/v2/models/news/feedback", feedback, key=shop, expect=202)
        self.assertEqual((again["accepted"], again["duplicate"]), (0, 1))
        ask(f"{server.url}/v2/repository/models/news/load", {}, key=boss)
        ask(f"{server.url}/v1/models/news/promote", {"version": 77, "who": "kim"}, key=boss, expect=404)
        ask(f"{server.url}/v1/keys/shop/revoke", {}, key=boss)
        ask(f"{server.url}/v1/audit", key=shop, expect=401)
        told = {(e["act"], e["who"], e["outcome"]): e for e in ask(f"{server.url}/v1/audit", key=boss)["events"]}
        for act in (("add_key", "local", 201), ("wrong_key", "", 401), ("wrong_role", "shop", 403),
                    ("path_trick", "", 404), ("replayed_feedback", "shop", 202), ("repository_load", "boss", 200),
                    ("promote", "boss", 404), ("revoke_key", "boss", 200), ("settings", "local", 200)):
            self.assertIn(act, told)
        self.assertEqual(told["wrong_key", "", 401]["source"], "127.0.0.1")
        self.assertIn("77", told["promote", "boss", 404]["reason"])
        everything = json.dumps(list(told.values()))
        self.assertNotIn(boss, everything)
        self.assertNotIn(shop, everything)
        metrics = http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc)
        metrics.request("GET", "/metrics")
        text = metrics.getresponse().read().decode()
        for line in ('fw_rejected_total{reason="auth"}', 'fw_rejected_total{reason="path"} 1', "fw_feedback_duplicate_total 1"):
            self.assertIn(line, text)
        self.assertEqual(server.end(), 0)
        self.assertIn("each as it was written", self.run_well("audit", self.project, "--verify"))
        self.assertIn("boss", self.run_well("audit", self.project))

    def test_an_erasure_is_recorded_without_the_name(self):
        self.make_project()
        self.run_well("erase", "--subject", "kim 4711", "--dir", self.project)
        event = self.events()[0]
        self.assertEqual(event["act"], "erase")
        self.assertNotIn("4711", json.dumps(event))

    def test_changed_settings_are_noted_once(self):
        self.run_well("init", self.project)
        for change in (("", ""), ("port = 8000", "port = 8001"), ("", "")):
            self.change_setting(*change)
            self.assertEqual(self.serve("--drain", "0").end(), 0)
        self.assertEqual([event["act"] for event in self.events()], ["settings", "settings"])


class Uses(OperatedTest):
    def test_a_key_shows_when_it_was_used_last(self):
        self.make_project()
        self.run_well("turn", self.project)
        shop = self.run_well("key", "add", "shop", "--roles", "infer", "--dir", self.project).strip()
        self.assertIn("never", self.run_well("key", "list", "--dir", self.project))
        server = self.serve("--drain", "0")
        infer(server.url, ["bank"], "q", key=shop)
        used = json.loads(self.run_well("key", "list", "--json", "--dir", self.project))["keys"][0]["last_used"]
        self.assertRegex(used, r"^\d{4}-")
        self.assertEqual(server.end(), 0)
        self.assertNotIn("never", self.run_well("key", "list", "--dir", self.project))


class Tls(OperatedTest):
    def make_tls_project(self):
        self.make_project()
        self.run_well("turn", self.project)
        make_certificate(self.project)
        self.change_setting('# tls_certificate = "server.crt"', 'tls_certificate = "server.crt"')
        self.change_setting('# tls_key = "server.key"', 'tls_key = "server.key"')

    def trust(self):
        return ssl.create_default_context(cafile=os.path.join(self.project, "server.crt"))

    def test_everything_speaks_tls_and_a_new_certificate_needs_no_restart(self):
        self.make_tls_project()
        server = self.serve("--drain", "0")
        self.assertTrue(server.url.startswith("https://"))
        infer(server.url, ["bank"], "safe", trust=self.trust())
        self.assertIn("the server at https://", self.run_well("status", self.project))
        port = urllib.parse.urlsplit(server.url).port
        kept = http.client.HTTPSConnection("127.0.0.1", port, context=self.trust())
        kept.request("GET", "/v2/health/live")
        self.assertEqual(kept.getresponse().read(), b'{"live":true}')
        plain = http.client.HTTPConnection("127.0.0.1", port)
        plain.request("GET", "/v2/health/live")
        answer = plain.getresponse()
        self.assertEqual(answer.status, 400)
        self.assertIn(b"https://", answer.read())
        for file in make_certificate(self.folder, "new"):
            os.rename(file, os.path.join(self.project, "server" + file[-4:]))

        def shown():
            try:
                return ask(f"{server.url}/v2/health/live", trust=self.trust())
            except OSError:
                return None
        until(shown, "the new certificate")
        kept.request("GET", "/v2/health/live")
        self.assertEqual(kept.getresponse().status, 200)
        self.assertIn("the server at https://", self.run_well("status", self.project))
        health = {one["part"]: one for one in json.loads(self.run_well("doctor", self.project, "--json"))["findings"]}
        self.assertEqual(health["tls"]["health"], "ok")
        self.assertIn("29 days", health["tls"]["seen"])
        self.assertEqual(server.end(), 0)

    def test_a_key_that_others_may_read_is_refused(self):
        self.make_tls_project()
        os.chmod(os.path.join(self.project, "server.key"), 0o644)
        self.assertIn("chmod 600", self.run_badly(2, "serve", self.project, "--port", "0"))
        code, out, _ = flywheel("doctor", self.project)
        self.assertEqual(code, 10)
        self.assertIn("chmod 600", out)

    def test_openssl_and_curl_agree(self):
        self.make_tls_project()
        server = self.serve("--drain", "0")
        place = urllib.parse.urlsplit(server.url).netloc
        trusted = os.path.join(self.project, "server.crt")

        def s_client(*options):
            done = subprocess.run(
                ["openssl", "s_client", "-connect", place, "-CAfile", trusted, *options],
                input=b"", capture_output=True, timeout=60, check=False)
            return done.returncode, (done.stdout + done.stderr).decode(errors="replace")
        code, told = s_client("-tls1_3", "-alpn", "http/1.1", "-verify_return_error")
        self.assertEqual(code, 0, told)
        self.assertIn("ALPN protocol: http/1.1", told)
        self.assertEqual(s_client("-tls1_2")[0], 0)
        self.assertNotEqual(s_client("-tls1_1")[0], 0)
        self.assertNotEqual(s_client("-alpn", "h2")[0], 0)
        done = subprocess.run(
            ["curl", "--silent", "--cacert", trusted, f"{server.url}/v2/health/ready"],
            capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b'{"ready":true}'), done.stderr)
        self.assertEqual(server.end(), 0)


class Client(threading.Thread):
    """Asks on one kept connection until an answer says that it closes, as a client that then goes elsewhere; anything
    else that ends it is a failure."""

    def __init__(self, server, number):
        super().__init__(daemon=True)
        self.port = urllib.parse.urlsplit(server.url).port
        self.number = number
        self.answered = []
        self.failures = []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        closes = False
        while not closes and not self.failures:
            name = f"c{self.number}-{len(self.answered)}"
            body = json.dumps({"id": name, "inputs": [
                {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["bank market"]}]})
            try:
                connection.request("POST", "/v2/models/news/infer", body)
                answer = connection.getresponse()
                answer.read()
                closes = answer.will_close
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{name}: {error!r}")
                return
            if answer.status != 200:
                self.failures.append(f"{name}: {answer.status}")
            self.answered.append(name)


class Ending(OperatedTest):
    def test_no_request_fails_while_a_server_under_load_is_told_to_end(self):
        self.make_project()
        self.run_well("turn", self.project)
        server = self.serve("--drain", "1")
        clients = [Client(server, number) for number in range(6)]
        for client in clients:
            client.start()
        until(lambda: all(len(client.answered) > 20 for client in clients), "load")
        server.process.send_signal(signal.SIGTERM)
        before = [len(client.answered) for client in clients]
        self.assertEqual(server.process.wait(60), 0)
        for client in clients:
            client.join(60)
            self.assertEqual(client.failures, [])
        self.assertTrue(all(len(c.answered) > b for c, b in zip(clients, before)), "none was answered while draining")
        again = self.serve("--drain", "0")
        for client in clients:
            self.assertEqual(status_of(f"{again.url}/v2/models/news/requests/{client.answered[-1]}"), 200)
        self.assertEqual(again.end(), 0)

    def test_a_second_signal_waits_for_nobody_and_loses_no_row(self):
        self.make_project()
        self.run_well("turn", self.project)
        server = self.serve("--drain", "600")
        infer(server.url, ["bank"], "safe")
        place = urllib.parse.urlsplit(server.url)
        with socket.create_connection((place.hostname, place.port)) as stuck:
            stuck.sendall(b"POST /v2/models/news/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
            server.process.send_signal(signal.SIGTERM)
            until(lambda: status_of(f"{server.url}/v2/health/ready") == 503, "not ready")
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(60), 0)  # without it: 600 s, and 30 s for the half
        again = self.serve("--drain", "0")
        self.assertEqual(status_of(f"{again.url}/v2/models/news/requests/safe"), 200)
        self.assertEqual(again.end(), 0)


if __name__ == "__main__":
    run_tests(__doc__)
