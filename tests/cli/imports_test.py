#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A user's own models through the built program: imported, served by a worker process, killed, hung.

    tests/cli/imports_test.py PATH_OF_FLYWHEEL

What runs a model is skipped where flywheel-openvino was not built (`tools/setup.sh openvino`).
"""

import ctypes
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import unittest
import urllib.error
import urllib.request

import program
from program import PATIENCE_S, FolderTest, RunningServer, ask, flywheel, run_tests, until

WORKER = os.path.join(os.path.dirname(os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".")), "flywheel-openvino")
needs_worker = unittest.skipUnless(os.access(WORKER, os.X_OK), "flywheel-openvino was not built: no OpenVINO wheel")

# y = x * [1, 10, 100]: OpenVINO IR, its constant in the .bin beside it.
IR = """<?xml version="1.0"?><net name="scale" version="11"><layers>
<layer id="0" name="x" type="Parameter" version="opset1"><data shape="?,3" element_type="f32"/>
<output><port id="0" precision="FP32" names="x"><dim>-1</dim><dim>3</dim></port></output></layer>
<layer id="1" name="c" type="Const" version="opset1"><data element_type="f32" shape="1,3" offset="0" size="12"/>
<output><port id="0" precision="FP32"><dim>1</dim><dim>3</dim></port></output></layer>
<layer id="2" name="times" type="Multiply" version="opset1"><data auto_broadcast="numpy"/>
<input><port id="0"><dim>-1</dim><dim>3</dim></port><port id="1"><dim>1</dim><dim>3</dim></port></input>
<output><port id="2" precision="FP32" names="y"><dim>-1</dim><dim>3</dim></port></output></layer>
<layer id="3" name="out" type="Result" version="opset1">
<input><port id="0"><dim>-1</dim><dim>3</dim></port></input></layer></layers>
<edges><edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
<edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
<edge from-layer="2" from-port="2" to-layer="3" to-port="0"/></edges></net>"""


def infer(url, rows, **how):
    return ask(f"{url}/v2/models/scale/infer", {
        "id": how.pop("id", ""),
        "inputs": [{"name": "x", "shape": [len(rows), 3], "datatype": "FP32", "data": rows}], **how})


def workers_of(server):
    """The process ids of the server's workers."""
    with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children", encoding="ascii") as file:
        children = file.read().split()
    for thread in os.listdir(f"/proc/{server.process.pid}/task"):
        try:
            with open(f"/proc/{server.process.pid}/task/{thread}/children", encoding="ascii") as file:
                children += file.read().split()
        except OSError:
            continue  # a thread that ended
    found = set()
    for child in children:
        try:
            if os.path.basename(os.readlink(f"/proc/{child}/exe")) == "flywheel-openvino":
                found.add(int(child))
        except OSError:
            continue
    return found


class ImportTest(FolderTest):
    def setUp(self):
        super().setUp()
        self.run_well("init", self.project, "--model", "news")
        self.model = self.write("scale.xml", IR)
        self.write("scale.bin", struct.pack("<3f", 1, 10, 100))

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        return path

    def serve(self, settings=""):
        if settings:
            path = os.path.join(self.project, "flywheel.toml")
            with open(path, encoding="utf-8") as file:
                text = file.read()
            name = settings.split(" ")[0]
            lines = [settings if line.startswith(name + " ") else line for line in text.split("\n")]
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
        server = RunningServer(self.project, "--no-turns")
        self.addCleanup(server.end)
        return server


class WithoutAWorker(ImportTest):
    def test_a_file_of_another_kind_is_refused(self):
        file = self.write("weights.pt", "zip")
        error = self.run_badly(2, "model", "import", file, "--name", "scale", "--dir", self.project)
        self.assertIn("FILE.onnx, or FILE.xml", error)

    def test_a_name_is_no_path(self):
        for name in ("", "a/b", "../news", "a b"):
            error = self.run_badly(2, "model", "import", self.model, "--name", name, "--dir", self.project)
            self.assertIn("name has 1 to 64 letters", error)

    def test_what_is_not_installed_says_how_to_install_it(self):
        alone = os.path.join(self.folder, "flywheel")
        shutil.copy(program.PROGRAM, alone)
        before, program.PROGRAM = program.PROGRAM, alone
        self.addCleanup(setattr, program, "PROGRAM", before)
        error = self.run_badly(10, "model", "import", self.model, "--name", "scale", "--dir", self.project)
        self.assertIn("tools/setup.sh openvino", error)
        self.assertIn("FLYWHEEL_WORKERS", error)


@needs_worker
class Imported(ImportTest):
    def bring(self, *options):
        return self.run_well("model", "import", self.model, "--name", "scale", "--dir", self.project, *options)

    def test_is_served_with_the_signature_of_its_file(self):
        self.assertEqual(self.bring("--licence", "MIT"), "scale serves version 1 now\n")
        server = self.serve()
        metadata = ask(f"{server.url}/v2/models/scale")
        self.assertEqual(metadata["platform"], "flywheel_openvino")
        self.assertEqual(metadata["inputs"], [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}])
        answer = infer(server.url, [[1, 2, 3], [4, 5, 6]])
        self.assertEqual(answer["outputs"][0]["data"], [1, 20, 300, 4, 50, 600])
        self.assertEqual(answer["model_version"], "1")

    def test_goes_through_a_running_server_and_waits_for_its_promotion(self):
        server = self.serve()
        self.assertEqual(self.bring(), "scale serves version 1 now\n")
        self.assertEqual(infer(server.url, [[1, 1, 1]])["outputs"][0]["data"], [1, 10, 100])
        self.write("scale.bin", struct.pack("<3f", 2, 2, 2))
        self.assertEqual(self.bring(), "scale has version 2 now; it is not served yet\n")
        self.assertEqual(infer(server.url, [[1, 1, 1]])["model_version"], "1")
        ask(f"{server.url}/v1/models/scale/promote", {"version": 2, "who": "test"})
        self.assertEqual(infer(server.url, [[1, 1, 1]])["outputs"][0]["data"], [2, 2, 2])
        self.assertEqual(self.bring(), "scale has version 2 now; it is not served yet\n")  # the same bytes

    def test_is_listed_moved_and_described_by_its_name(self):
        self.bring("--licence", "MIT")
        self.write("scale.bin", struct.pack("<3f", 2, 2, 2))
        self.bring()
        here = ("--model", "scale", "--dir", self.project)
        for source in (None, self.serve):
            if source:
                source()
            listed = json.loads(self.run_well("model", "list", "--json", *here))["versions"]
            self.assertEqual([one["number"] for one in listed], [2, 1])
            self.assertIn("MIT", self.run_well("model", "card", "1", *here))
            self.assertIn("No such version: 'scale', version 9", self.run_badly(3, "model", "card", "9", *here))
            self.assertIn("No such version: 'scale', version 9", self.run_badly(3, "model", "promote", "9", *here))
            for name in ("scal", "a/b", "../scale", "a b?"):
                for what in (["list"], ["promote", "1"], ["card", "1"]):
                    error = self.run_badly(3, "model", *what, "--model", name, "--dir", self.project)
                    self.assertIn(f"Request for unknown model: '{name}' is not found", error)
            self.assertIn("known: 'news', 'scale'", self.run_badly(
                3, "model", "card", "1", "--model", "scal", "--dir", self.project))
            self.assertEqual(self.run_well("model", "promote", "2", *here), "scale serves version 2 now (before: 1)\n")
            self.assertIn("serves version 1", self.run_well("model", "rollback", "--reason", "test", *here))

    def test_is_what_doctor_wants_a_worker_for(self):
        self.bring()
        alone = os.path.join(self.folder, "flywheel")
        shutil.copy(program.PROGRAM, alone)
        before, program.PROGRAM = program.PROGRAM, alone
        self.addCleanup(setattr, program, "PROGRAM", before)
        _, out, _ = flywheel("doctor", self.project)
        self.assertRegex(out, r"workers +BAD +flywheel-openvino is not there, but a model needs it")

    def test_with_labels_has_classes_in_answers_and_captured_rows(self):
        labels = self.write("labels.txt", "small\nmiddle\ngreat\n")
        self.bring("--labels", labels)
        server = self.serve()
        best = infer(server.url, [[.1, .2, .3]], id="r1",
                     outputs=[{"name": "y", "parameters": {"classification": 1}}])
        self.assertRegex(best["outputs"][0]["data"][0], r"^30.*:2:great$")
        row = until(lambda: captured(server.url, "r1"), "the captured row")
        self.assertEqual(row["label"], "great")
        self.assertAlmostEqual(sum(row["scores"]), 1, places=5)
        self.assertGreater(row["scores"][2], .99)

    def test_a_damaged_file_says_what_to_do(self):
        for content in ("", "<net/>", IR[:700]):
            file = self.write("bad.xml", content)
            code, _, error = flywheel("model", "import", file, "--name", "bad", "--dir", self.project)
            self.assertNotEqual(code, 0)
            self.assertRegex(error, "export it again|empty")
        self.assertEqual(ask(f"{self.serve().url}/v2/models")["models"], [])

    def test_says_what_to_change_where_no_code_may_be_compiled(self):
        deny, ask_whether = 65, 66  # PR_SET_MDWE, PR_GET_MDWE: what systemd's MemoryDenyWriteExecute does
        libc = ctypes.CDLL(None)
        if libc.prctl(ask_whether, 0, 0, 0, 0) < 0:
            self.skipTest("this kernel is older than 6.3")
        done = subprocess.run(
            [program.PROGRAM, "model", "import", self.model, "--name", "scale", "--dir", self.project],
            preexec_fn=lambda: libc.prctl(deny, 1, 0, 0, 0), capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("MemoryDenyWriteExecute=no", done.stderr)
        self.assertEqual(self.bring(), "scale serves version 1 now\n")

    def test_a_killed_worker_loses_no_request_and_comes_back(self):
        self.bring()
        server = self.serve()
        first = workers_of(server)
        self.assertEqual(len(first), 1)
        codes, stop = [], threading.Event()

        def client():
            while not stop.is_set():
                codes.append(code_of(server.url))

        clients = [threading.Thread(target=client) for _ in range(4)]
        for one in clients:
            one.start()
        killed = set()
        for _ in range(5):
            # One that was killed may still be listed, as a process nobody has waited for.
            worker = until(lambda: set(workers_of(server)) - killed, "a worker")
            killed |= worker
            before = len(codes)
            until(lambda: len(codes) > before + 20, "some answers")
            for one in worker:
                os.kill(one, signal.SIGKILL)
        stop.set()
        for one in clients:
            one.join(PATIENCE_S)
        self.assertLessEqual(set(codes), {200, 503})
        self.assertIn(200, codes)
        self.assertEqual(until(lambda: code_of(server.url) == 200 and 200, "a new worker"), 200)
        self.assertNotEqual(workers_of(server), first)

    def test_a_hanging_worker_is_replaced(self):
        self.bring()
        server = self.serve("call_seconds = 0.5")
        (worker,) = workers_of(server)
        os.kill(worker, signal.SIGSTOP)
        self.assertEqual(code_of(server.url), 503)
        until(lambda: code_of(server.url) == 200, "a new worker")
        self.assertNotIn(worker, workers_of(server))

    def test_workers_end_with_the_server_also_when_it_is_killed(self):
        self.bring()
        for number in (signal.SIGTERM, signal.SIGKILL):
            server = self.serve()
            (worker,) = workers_of(server)
            server.end(number)
            until(lambda: not os.path.exists(f"/proc/{worker}"), "the end of the worker")


def code_of(url):
    """The status of one inference; a refusal must have the body that the protocol wants."""
    body = {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}
    request = urllib.request.Request(f"{url}/v2/models/scale/infer", json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        if set(json.loads(error.read())) != {"error"} or "Retry-After" not in error.headers:
            return 0
        return error.code


def captured(url, name):
    """The one row of a request, once it is visible."""
    try:
        with urllib.request.urlopen(f"{url}/v2/models/scale/requests/{name}", timeout=PATIENCE_S) as answer:
            return json.load(answer)["predictions"][0]
    except urllib.error.HTTPError:
        return None


if __name__ == "__main__":
    run_tests(__doc__)
