# SPDX-License-Identifier: Apache-2.0
"""MLflow's scoring server on uvicorn, one process: its own FastAPI application around a pyfunc model."""
import os

import mlflow.pyfunc
import text_model
import uvicorn
from mlflow.pyfunc import scoring_server


class TextModel(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.model = text_model.load()

    def predict(self, context, model_input, params=None):
        return self.model.predict(model_input["text"]).tolist()


saved = os.environ["PEER_FOLDER"] + "/mlflow-model"
if not os.path.exists(saved):
    mlflow.pyfunc.save_model(saved, python_model=TextModel(), pip_requirements=[])
app = scoring_server.init(mlflow.pyfunc.load_model(saved))
uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PEER_PORT"]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
