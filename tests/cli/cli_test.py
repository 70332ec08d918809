#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The built program as a person and a script meet it: every command, one server, crashes.

    tests/cli/cli_test.py PATH_OF_FLYWHEEL [test name ...]

Standard library only. Each class makes its own directories and ports; nothing is left behind.
"""

import csv
import json
import os
import re
import signal
import socket
import urllib.error
import urllib.request

from program import (
    PATIENCE_S, TOPICS, FolderTest, RunningServer, ask, flywheel, infer, rows, run_tests, status_of, until, uuid7,
    write_csv)


class Refusals(FolderTest):
    def test_a_folder_without_project_says_how_to_make_one(self):
        for command in (["status"], ["turn"], ["serve"]):
            err = self.run_badly(3, *command, self.folder)
            self.assertIn("flywheel init", err)

    def test_a_project_is_not_made_twice(self):
        self.run_well("init", self.project)
        self.run_badly(4, "init", self.project)

    def test_a_bad_name_leaves_nothing_behind(self):
        self.run_badly(2, "init", self.project, "--model", "no spaces please")
        self.assertFalse(os.path.exists(os.path.join(self.project, "flywheel.toml")))

    def test_a_place_that_cannot_be_written_is_named(self):
        self.assertIn("/proc/", self.run_badly(10, "init", "/proc/flywheel"))

    def test_unknown_words_are_invalid_arguments(self):
        self.assertIn("--help", self.run_badly(2, "turnn"))
        self.run_badly(2, "status", "--colour")
        self.run_badly(2)

    def test_a_wrong_setting_names_file_line_and_setting(self):
        self.run_well("init", self.project)
        file = os.path.join(self.project, "flywheel.toml")
        with open(file, "a", encoding="utf-8") as out:
            out.write("\nprot = 1\n")
        err = self.run_badly(2, "status", self.project)
        self.assertIn("line ", err)
        self.assertIn("prot", err)

    def test_a_missing_file_is_not_found(self):
        self.run_well("init", self.project)
        self.assertIn("nothing.csv", self.run_badly(3, "import", "nothing.csv", "--dir", self.project))


class Words(FolderTest):
    def test_every_command_has_help_with_an_example(self):
        commands = ["demo", "init", "import", "serve", "status", "turn", "model list", "model promote",
                    "model rollback", "model card", "label export", "dataset log", "dataset diff",
                    "key add", "key list", "key revoke", "audit", "doctor"]
        for command in commands:
            out = self.run_well(*command.split(), "--help")
            self.assertIn("Example:\n  flywheel " + command.split()[0], out)
        self.assertNotIn("job", self.run_well("--help"))
        self.assertRegex(self.run_well("--version"), r"^flywheel \d+\.\d+\.\d+\n$")

    def test_an_import_keeps_good_rows_and_names_bad_ones(self):
        self.run_well("init", self.project, "--model", "news", "--labels", "economy,politics,sports")
        file = os.path.join(self.folder, "rows.csv")
        write_csv(file, rows(9, 1) + [("", "sports"), ("what is this", "weather")])
        code, out, err = flywheel(
            "import", file, "--dir", self.project, "--text", "title", "--label", "topic", "--json")
        self.assertEqual(code, 0, err)
        report = json.loads(out)
        self.assertEqual(report["labels_added"], 9)
        self.assertEqual(report["labels_rejected"], 1)
        self.assertIn("weather", report["unknown_labels"][0]["message"])
        self.assertEqual(report["unknown_labels"][0]["line"], 12)
        again = json.loads(self.run_well(
            "import", file, "--dir", self.project, "--text", "title", "--label", "topic", "--json"))
        self.assertEqual((again["labels_added"], again["examples"]), (0, 0))

    def test_an_import_asks_about_rows_without_a_label_once(self):
        self.run_well("init", self.project, "--model", "news", "--several-labels")
        file = os.path.join(self.folder, "rows.csv")
        columns = ("--dir", self.project, "--text", "title", "--label", "topic", "--ask")
        write_csv(file, [("a headline", ""), ("another", "")])
        self.assertIn("say what people may choose from", self.run_badly(2, "import", file, *columns))
        write_csv(file, [("a headline", ""), ("another", ""), ("both", "sports; economy"), ("odd", "sports;weather")])
        report = json.loads(self.run_well("import", file, *columns, "--json"))
        self.assertEqual((report["asked"], report["labels_added"]), (2, 2))
        self.assertEqual(report["new_labels"], ["economy", "sports", "weather"])
        self.assertEqual(json.loads(self.run_well("import", file, *columns, "--json"))["asked"], 0)
        self.assertIn("2", re.search(r"(?m)^.*open.*$", self.run_well("status", self.project)).group())
        self.assertIn("both,economy;sports,1,1,", self.run_well("label", "export", "--dir", self.project))

    def test_status_is_plain_text_when_nobody_looks(self):
        self.make_project()
        out = self.run_well("status", self.project)
        self.assertNotIn("\x1b", out)
        self.assertIn("nothing yet", out)
        self.assertIn("flywheel turn", out)
        self.assertIn("the files in", out)


class Wheel(FolderTest):
    """One project from the first import to a rollback, with and without its server."""

    def first_version(self):
        self.make_project()
        turn = json.loads(self.run_well("turn", self.project, "--json"))
        self.assertEqual((turn["state"], turn["verdict"]), ("done", "promoted"))
        self.assertIn("1", self.run_well("model", "list", "--dir", self.project))
        self.assertIn("#", self.run_well("model", "card", "1", "--dir", self.project))
        self.run_badly(3, "model", "card", "9", "--dir", self.project)

    def serve_rows(self, url, answers):
        served = rows(200, 2)
        answers.update(served)
        for begin in range(0, len(served), 50):
            texts = [text for text, _ in served[begin:begin + 50]]
            reply = infer(url, texts, f"batch-{begin}")
            self.assertEqual(reply["model_version"], "1")
        here = f"{url}/v2/models/news/requests/batch-50"  # visible after a flush interval
        until(lambda: status_of(here) == 200, "the captured request")
        self.assertEqual(len(ask(here)["predictions"]), 50)

    def answer_questions(self, url, answers):
        tasks = ask(f"{url}/v1/models/news/tasks?actor=kim&count=100")["tasks"]
        self.assertGreater(len(tasks), 5)
        first, rest = tasks[0], tasks[1:]
        answer = {"event_id": str(uuid7()), "task_id": first["task_id"], "actor": "kim",
                  "action": "answer", "label": answers[first["text"]]}
        self.assertIn("weather", ask(f"{url}/v1/labels", {**answer, "label": "weather"}, 400)["error"])
        self.assertFalse(ask(f"{url}/v1/labels", answer)["repeated"])
        self.assertTrue(ask(f"{url}/v1/labels", answer)["repeated"])
        many = [{"task_id": task["task_id"], "actor": "kim", "label": answers[task["text"]]} for task in rest]
        results = ask(f"{url}/v1/labels", {"answers": many + [{"task_id": "x", "actor": "kim"}]})
        self.assertEqual((results["accepted"], results["refused"]), (len(rest), 1))
        self.assertEqual(results["results"][-1]["status"], 400)

    def turn_with_people(self, url, answers):
        turn = ask(f"{url}/v1/turns", {"model": "news", "trigger": "person"}, 201)
        ask(f"{url}/v1/turns", {"model": "news"}, 409)
        here = f"{url}/v1/turns/{turn['id']}"
        until(lambda: ask(here)["state"] == "waiting", "questions")
        out = self.run_well("status", self.project)
        self.assertIn("waits for people", out)
        self.assertIn("the server at " + url, out)
        self.answer_questions(url, answers)
        done = until(lambda: (t := ask(here))["state"] not in ("open", "waiting") and t, "the turn's end")
        self.assertEqual(done["state"], "done", done["error"])
        self.assertIn("retrain", [decision["kind"] for decision in done["decisions"]])

    def look_at_records(self, url):
        status = json.loads(self.run_well("status", self.project, "--json"))
        self.assertGreater(status["audited"]["n"], 0)
        self.assertLessEqual(status["audited"]["lower"], status["audited"]["accuracy"])
        never = status["audited"]["never_retrained"]
        self.assertEqual((never["version"], never["n"]), (1, status["audited"]["n"]))
        told = self.run_well("status", self.project)
        self.assertEqual("version 1, never retrained, on the same rows:" in told, status["served"]["version"] != 1)
        self.assertEqual(status["captured"]["dropped"], 0)
        labels = list(csv.DictReader(self.run_well("label", "export", "--dir", self.project).splitlines()))
        self.assertGreater(len(labels), 150)
        self.assertEqual({row["label"] for row in labels}, set(TOPICS))
        log = json.loads(self.run_well("dataset", "log", "--dir", self.project, "--json"))["datasets"]
        self.assertEqual(len(log), 2)
        diff = json.loads(self.run_well(
            "dataset", "diff", log[1]["id"][:10], log[0]["id"][:10], "--dir", self.project, "--json"))
        self.assertEqual(diff["added"]["count"], len(labels) - 150)
        self.assertIn("no-cache", urllib.request.urlopen(url + "/").headers["Cache-Control"])

    def move_by_hand(self, url):
        self.run_well("model", "promote", "2", "--dir", self.project)
        self.assertEqual(ask(f"{url}/v1/status")["served"]["version"], 2)
        self.run_well("model", "promote", "1", "--who", "kim", "--dir", self.project)
        self.assertEqual(infer(url, ["bank"], "after")["model_version"], "1")
        self.run_well("model", "rollback", "--reason", "worse on 금리", "--dir", self.project)
        self.assertEqual(infer(url, ["bank"], "back")["model_version"], "2")
        rollouts = ask(f"{url}/v1/models/news/rollouts")["rollouts"]
        self.assertEqual(rollouts[0]["reason"], "worse on 금리")
        self.run_badly(3, "model", "promote", "77", "--dir", self.project)
        self.canary_by_hand(url)

    def canary_by_hand(self, url):
        """Version 2 is served, 1 served before."""
        names = [f"split-{n}" for n in range(40)]

        def answered():
            return {name: infer(url, ["bank"], name)["model_version"] for name in names}

        out = self.run_well("model", "promote", "1", "--canary", "--share", "0.5", "--dir", self.project)
        self.assertIn("50 %", out)
        half = answered()
        self.assertEqual(set(half.values()), {"1", "2"})
        self.assertEqual(answered(), half)
        self.run_well("model", "share", "0.75", "--dir", self.project)
        wider = answered()
        self.assertTrue(all(wider[name] == "1" for name in names if half[name] == "1"))
        self.assertIn("canary 75 %", self.run_well("model", "list", "--dir", self.project))
        self.run_badly(4, "model", "promote", "1", "--shadow", "--dir", self.project)
        self.run_well("model", "rollback", "--reason", "errors", "--dir", self.project)
        self.assertEqual(set(answered().values()), {"2"})
        self.run_well("model", "promote", "1", "--shadow", "--dir", self.project)
        self.assertEqual(set(answered().values()), {"2"})
        shadow_rows = re.compile(r'fw_rows_total\{model="news",version="1",route="shadow"\} [1-9]')
        until(lambda: shadow_rows.search(urllib.request.urlopen(url + "/metrics").read().decode()), "a row of the shadow")
        self.run_well("model", "finish", "--dir", self.project)
        self.assertEqual(set(answered().values()), {"1"})
        self.run_badly(4, "model", "cancel", "--dir", self.project)
        self.run_badly(2, "model", "promote", "2", "--canary", "--dir", self.project)
        self.run_well("model", "rollback", "--reason", "seen enough", "--dir", self.project)
        self.assertEqual(set(answered().values()), {"2"})

    def test_turns_from_import_to_rollback(self):
        self.first_version()
        answers = {}
        server = RunningServer(self.project, "--no-turns", "--drain", "0")
        self.addCleanup(server.end, signal.SIGKILL)
        self.assertIn("process", self.run_badly(4, "serve", self.project, "--port", "0"))
        self.serve_rows(server.url, answers)
        self.turn_with_people(server.url, answers)
        self.look_at_records(server.url)
        self.move_by_hand(server.url)
        before = ask(f"{server.url}/v1/status")
        self.assertEqual(server.end(signal.SIGKILL), -signal.SIGKILL)
        again = RunningServer(self.project, "--no-turns", "--drain", "0")
        self.addCleanup(again.end, signal.SIGKILL)
        after = ask(f"{again.url}/v1/status")
        for part in ("audited", "labels", "turns"):
            self.assertEqual(before[part], after[part], part)
        self.assertEqual(before["served"]["version"], after["served"]["version"])
        self.assertEqual(len(ask(f"{again.url}/v2/models/news/requests/batch-50")["predictions"]), 50)
        self.assertEqual(again.end(), 0)
        out = self.run_well("status", self.project)
        self.assertIn("version 2", out)
        self.assertIn("95 % interval", out)


class Ending(FolderTest):
    def test_sigterm_says_not_ready_answers_on_and_ends_with_zero(self):
        self.make_project()
        self.run_well("turn", self.project)
        server = RunningServer(self.project, "--no-turns", "--drain", "2")
        self.addCleanup(server.end, signal.SIGKILL)
        ready = f"{server.url}/v2/health/ready"
        with urllib.request.urlopen(ready, timeout=PATIENCE_S) as answer:
            self.assertEqual(answer.status, 200)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: status_of(ready) == 503, "not ready")
        infer(server.url, ["bank market"], "late")
        self.assertEqual(server.end(signal.SIGINT), 0)
        self.assertFalse(os.path.exists(os.path.join(self.project, "server.url")))
        again = RunningServer(self.project, "--no-turns", "--drain", "0")
        self.addCleanup(again.end, signal.SIGKILL)
        self.assertEqual(len(ask(f"{again.url}/v2/models/news/requests/late")["predictions"]), 1)
        self.assertEqual(again.end(signal.SIGINT), 0)

    def test_a_service_manager_is_told(self):
        self.run_well("init", self.project)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(os.path.join(self.folder, "notify"))
            manager.settimeout(PATIENCE_S)
            env = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "100000"}
            server = RunningServer(self.project, "--no-turns", "--drain", "0", env=env)
            self.addCleanup(server.end, signal.SIGKILL)
            self.assertEqual(manager.recv(100), b"READY=1")
            self.assertEqual(manager.recv(100), b"WATCHDOG=1")
            self.assertEqual(server.end(), 0)
            words = {manager.recv(100)}
            while b"STOPPING=1" not in words:
                words.add(manager.recv(100))

    def test_a_port_in_use_is_named(self):
        self.run_well("init", self.project)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            self.assertIn(port, self.run_badly(10, "serve", self.project, "--port", port))


class KeysOfCallers(FolderTest):
    def test_a_key_lets_in_whom_it_should(self):
        self.make_project()
        self.run_well("turn", self.project)
        self.assertIn("add", self.run_badly(2, "serve", self.project, "--address", "0.0.0.0", "--port", "0"))
        shop = self.run_well("key", "add", "shop", "--roles", "infer", "--dir", self.project).strip()
        self.run_badly(4, "key", "add", "shop", "--roles", "infer", "--dir", self.project)
        self.run_badly(2, "key", "add", "other", "--roles", "root", "--dir", self.project)
        server = RunningServer(self.project, "--no-turns", "--drain", "0")
        self.addCleanup(server.end, signal.SIGKILL)
        self.assertEqual(os.stat(os.path.join(self.project, "server.key")).st_mode & 0o777, 0o600)
        self.assertEqual(status_of(f"{server.url}/v2/health/ready"), 200)
        infer(server.url, ["bank"], "nobody", expect=401)
        infer(server.url, ["bank"], "shop", key=shop)
        infer(server.url, ["bank"], "wrong", key=shop[:-1] + ("A" if shop[-1] != "A" else "B"), expect=401)
        ask(f"{server.url}/v1/status", key=shop, expect=403)
        boss = json.loads(self.run_well("key", "add", "boss", "--roles", "admin", "--json", "--dir", self.project))
        ask(f"{server.url}/v1/status", key=boss["key"])
        listed = ask(f"{server.url}/v1/keys", key=boss["key"])["keys"]
        self.assertEqual([key["name"] for key in listed], ["shop", "boss"])
        self.assertNotIn(shop, json.dumps(listed))
        self.assertIn("the server at", self.run_well("status", self.project))
        self.run_well("key", "revoke", "shop", "--dir", self.project)
        infer(server.url, ["bank"], "late", key=shop, expect=401)
        self.assertIn("revoked", self.run_well("key", "list", "--dir", self.project))
        self.assertEqual(server.end(), 0)
        self.assertFalse(os.path.exists(os.path.join(self.project, "server.key")))


class Erasure(FolderTest):
    def test_a_subjects_rows_are_gone_and_the_others_are_not(self):
        self.make_project()
        self.run_well("turn", self.project)
        server = RunningServer(self.project, "--no-turns", "--drain", "0")
        self.addCleanup(server.end, signal.SIGKILL)
        for name, subject in (("mine", "kim 4711"), ("other", "lee")):
            ask(f"{server.url}/v2/models/news/infer", {
                "id": name, "parameters": {"fw_subject": subject},
                "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["bank market"]}]})
        self.assertEqual(server.end(), 0)
        self.run_well("erase", "--subject", "kim 4711", "--dir", self.project)
        again = RunningServer(self.project, "--no-turns", "--drain", "0")
        self.addCleanup(again.end, signal.SIGKILL)
        self.assertEqual(status_of(f"{again.url}/v2/models/news/requests/mine"), 404)
        self.assertEqual(status_of(f"{again.url}/v2/models/news/requests/other"), 200)
        self.assertEqual(again.end(), 0)

    def raw_files_with(self, text):
        found = []
        for folder, _, names in os.walk(self.project):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    if text.encode() in file.read():
                        found.append(os.path.relpath(path, self.project))
        return found

    def test_nothing_of_a_subject_is_left_in_any_file(self):
        self.make_project()
        self.run_well("turn", self.project)
        secret = "the bank account of kim in the market of Jongno 4711"
        server = RunningServer(self.project, "--no-turns", "--drain", "0")
        self.addCleanup(server.end, signal.SIGKILL)
        for name, subject, text in (("mine", "kim 4711", secret), ("other", "lee", "vote minister law")):
            ask(f"{server.url}/v2/models/news/infer", {
                "id": name, "parameters": {"fw_subject": subject},
                "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}]})
        self.assertEqual(server.end(), 0)
        self.run_well("turn", self.project)  # makes an Example of it
        self.assertTrue(self.raw_files_with(secret))
        told = json.loads(self.run_well("erase", "--subject", "kim 4711", "--dir", self.project, "--json"))
        self.assertEqual((told["rows"], told["payloads"], told["examples_cleared"]), (1, 1, 1))
        self.assertTrue(told["proven"], told["proof"])
        self.assertEqual({store["found"] for store in told["proof"]}, {0})
        self.assertEqual(self.raw_files_with(secret), [])
        self.assertEqual(self.raw_files_with("kim 4711"), [])
        self.assertIn("nothing found", self.run_well("erase", "--subject", "kim 4711", "--dir", self.project))

    def test_a_running_server_erases_too(self):
        self.make_project()
        self.run_well("turn", self.project)
        server = RunningServer(self.project, "--no-turns", "--drain", "0")
        self.addCleanup(server.end, signal.SIGKILL)
        ask(f"{server.url}/v2/models/news/infer", {
            "id": "mine", "parameters": {"fw_subject": "kim"},
            "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["bank market price stock"]}]})
        told = json.loads(self.run_well("erase", "--subject", "kim", "--dir", self.project, "--json"))
        self.assertEqual(told["rows"], 1)
        self.assertTrue(told["proven"], told["proof"])
        self.assertEqual(status_of(f"{server.url}/v2/models/news/requests/mine"), 404)
        self.assertEqual(server.end(), 0)


class Doctor(FolderTest):
    def test_a_project_is_looked_at_part_by_part(self):
        self.make_project()
        told = json.loads(self.run_well("doctor", self.project, "--json"))
        health = {one["part"]: one["health"] for one in told["findings"]}
        self.assertEqual(health["settings"], "ok")
        self.assertEqual(health["keys"], "ok")
        self.assertEqual(health["model"], "look")
        self.assertIn("flywheel turn", self.run_well("doctor", self.project))

    def test_what_is_wrong_is_named_with_what_to_do(self):
        code, out, err = flywheel("doctor", self.folder)
        self.assertEqual(code, 10, err)
        self.assertIn("flywheel init", out)
        self.make_project()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            file = os.path.join(self.project, "flywheel.toml")
            with open(file, encoding="utf-8") as settings:
                text = settings.read()
            with open(file, "w", encoding="utf-8") as settings:
                settings.write(text.replace("port = 8000", f"port = {taken.getsockname()[1]}"))
            code, out, _ = flywheel("doctor", self.project)
        self.assertEqual(code, 10)
        self.assertIn("taken by another program", out)


if __name__ == "__main__":
    run_tests(__doc__)
