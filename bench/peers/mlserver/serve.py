# SPDX-License-Identifier: Apache-2.0
"""MLServer's runtime of the text model: adaptive batching, everything in one process (parallel_workers 0); started
by `mlserver start .` with the settings beside this file."""
import text_model
from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class TextModel(MLModel):
    async def load(self) -> bool:
        self.model = text_model.load()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        texts = StringCodec.decode_input(payload.inputs[0])
        labels = [str(label) for label in self.model.predict(texts)]
        return InferenceResponse(model_name=self.name, outputs=[StringCodec.encode_output("label", labels)])
