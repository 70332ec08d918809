# SPDX-License-Identifier: Apache-2.0
"""Label Studio as the label page's peer: its own environment (bench/peers/label_studio), its own server on 127.0.0.1 with
its own SQLite in a temporary folder, a user by its command line, a project by its API. Standard library only.

Nothing may leave the machine: analytics, version check and Sentry are off as its documentation says, and what it may ask
for all the same (tips from GitHub) meets a proxy that is not there."""
import contextlib
import json
import os
import pathlib
import subprocess
import urllib.error
import urllib.request

import python_servers
from server import free_port, running

NAME = "label_studio"
EMAIL, PASSWORD, TOKEN = "bench@example.org", "flywheel-bench", "0123456789abcdef0123456789abcdef01234567"
SUBMIT = "Control+Enter"  # annotation:submit in its keymap; digits are the labels' own `hotkey`
MIGRATED_WITHIN_S = 300

OFF = {
    "COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "", "FEATURE_FLAGS_OFFLINE": "true",
    **{name: "http://127.0.0.1:9" for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")}, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
}


class Peer:
    def __init__(self, url):
        self.url, self.project = url, 0

    def ask(self, path, body=None):
        request = urllib.request.Request(
            self.url + path, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"Label Studio, {path}: {error.code} {error.read().decode()[:300]}") from error

    def make_project(self, texts, labels):
        choices = "".join(f'<Choice value="{label}" hotkey="{i + 1}"/>' for i, label in enumerate(labels))
        form = f'<View><Text name="text" value="$text"/><Choices name="label" toName="text" choice="single">{choices}</Choices></View>'
        self.project = self.ask("/api/projects/", {"title": "bench", "label_config": form, "sampling": "Sequential sampling"})["id"]
        told = self.ask(f"/api/projects/{self.project}/import", [{"text": text} for text in texts])
        if told["task_count"] != len(texts):
            raise RuntimeError(f"Label Studio took {told['task_count']} of {len(texts)} texts")

    def labels(self):
        """What it says people answered: text -> the labels."""
        said = {}
        for task in self.ask(f"/api/projects/{self.project}/export?exportType=JSON"):
            for annotation in task["annotations"]:
                for result in annotation["result"]:
                    said.setdefault(task["data"]["text"], []).extend(result["value"]["choices"])
        return said


@contextlib.contextmanager
def serving(folder):
    """The running server. RuntimeError says why there is none."""
    python = python_servers.environment(NAME)
    home = pathlib.Path(folder) / NAME
    home.mkdir()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {**OFF, "LABEL_STUDIO_BASE_DATA_DIR": str(home), "HOME": str(home)}
    program = pathlib.Path(python).parent / "label-studio"
    # Any command makes the tables first, which takes longer than a server may take to become ready.
    done = subprocess.run([program, "version", "--data-dir", home], env={**os.environ, **env}, cwd=home, capture_output=True, text=True, timeout=MIGRATED_WITHIN_S)
    if done.returncode != 0:
        raise RuntimeError(f"label-studio version: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    command = [
        program, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", port, "--data-dir", home,
        "--username", EMAIL, "--password", PASSWORD, "--user-token", TOKEN, "--enable-legacy-api-token"]
    with running(command, f"{url}/health", log=home / "log", env=env, cwd=home):
        yield Peer(url)
