# SPDX-License-Identifier: Apache-2.0
"""BentoML with adaptive batching, one worker; started by `bentoml serve serve:TextService`."""
import bentoml
import text_model


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}}, traffic={"timeout": 60})
class TextService:
    def __init__(self):
        self.model = text_model.load()

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=1000)
    def predict(self, texts: list[str]) -> list[str]:
        return [str(label) for label in self.model.predict(texts)]
