# SPDX-License-Identifier: Apache-2.0
"""The Python servers that Flywheel is measured beside. Each has a folder in bench/peers/ (its server, its pinned
requirements) and its own virtual environment in .cache/peers/, made when it is not there. Standard library only."""
import json
import pathlib
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = pathlib.Path(__file__).resolve().parent / "peers"
VENVS = ROOT / ".cache" / "peers"


def environment(name):
    """The Python of that peer's environment; made anew when its requirements changed. RuntimeError says what pip said."""
    wanted = (FOLDERS / name / "requirements.txt").read_text()
    venv = VENVS / name
    mark = venv / "requirements.txt"
    if not mark.exists() or mark.read_text() != wanted:
        print(f"peer {name}: making its environment", file=sys.stderr, flush=True)
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        done = subprocess.run(
            [venv / "bin" / "pip", "install", "-q", "--disable-pip-version-check", "-r", FOLDERS / name / "requirements.txt"],
            capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"not installed: {(done.stderr.strip().splitlines() or ['pip failed'])[-1]}")
        mark.write_text(wanted)
    return venv / "bin" / "python"


def versions(name, packages):
    script = "import importlib.metadata as m, sys; print(', '.join(f'{p} {m.version(p)}' for p in sys.argv[1:]))"
    return subprocess.run([environment(name), "-c", script, *packages], capture_output=True, text=True, check=True).stdout.strip()


@dataclass
class Peer:
    name: str       ## Its folder.
    title: str
    package: str
    path: str       ## What is posted to,
    body: str       ## with the text in place of %s (JSON).
    ready: str
    program: list = field(default_factory=lambda: ["bin/python", "serve.py"])

    def command(self, port):
        return [VENVS / self.name / self.program[0], *[part.replace("PORT", str(port)) for part in self.program[1:]]]

    def env(self, port, model, folder):
        env = {"PEER_PORT": str(port), "PEER_MODEL": str(model), "PEER_FOLDER": str(folder), "PYTHONPATH": str(FOLDERS / "model")}
        env |= {"PYTHONDONTWRITEBYTECODE": "", "BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": f"{folder}/bentoml", "MLFLOW_TRACKING_URI": f"file:{folder}/mlruns"}
        # MLServer wants its ports by environment.
        env |= {"MLSERVER_HTTP_PORT": str(port), "MLSERVER_GRPC_PORT": str(port + 1), "MLSERVER_HOST": "127.0.0.1"}
        return env

    def bodies(self, texts):
        return [self.body % json.dumps(text, ensure_ascii=False) for text in texts]


V2_BODY = '{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":[%s]}],"outputs":[{"name":"label"}]}'
PEERS = [
    Peer("mlserver", "MLServer", "mlserver", "/v2/models/news/infer", V2_BODY, "/v2/models/news/ready", ["bin/mlserver", "start", "."]),
    Peer("fastapi", "FastAPI", "fastapi", "/predict", '{"text":%s}', "/ready"),
    Peer("litserve", "LitServe", "litserve", "/predict", '{"text":%s}', "/health"),
    Peer("bentoml", "BentoML", "bentoml", "/predict", '{"texts":[%s]}', "/readyz",
         ["bin/bentoml", "serve", "serve:TextService", "--host", "127.0.0.1", "--port", "PORT"]),
    Peer("mlflow", "MLflow", "mlflow-skinny", "/invocations", '{"dataframe_split":{"columns":["text"],"data":[[%s]]}}', "/ping"),
]


def fitted_model(rows, folder):
    """The peers' model as a file below `folder`, fitted in the first environment that there is."""
    model = pathlib.Path(folder) / "text.joblib"
    python = environment("sklearn")
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    done = subprocess.run([python, FOLDERS / "model" / "text_model.py", model], input=lines, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"the peers' model was not fitted:\n{done.stderr[-2000:]}")
    return model
