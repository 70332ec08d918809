# SPDX-License-Identifier: Apache-2.0
"""LitServe with batching, one inference worker and one API process."""
import os

import litserve
import text_model


class TextApi(litserve.LitAPI):
    def setup(self, device):
        self.model = text_model.load()

    def decode_request(self, request):
        return request["text"]

    def batch(self, inputs):
        return list(inputs)

    def predict(self, texts):
        return self.model.predict(texts)

    def unbatch(self, output):
        return output

    def encode_response(self, label):
        return {"label": str(label)}


if __name__ == "__main__":
    api = TextApi(max_batch_size=64, batch_timeout=0.002)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(
        host="127.0.0.1", port=int(os.environ["PEER_PORT"]), num_api_servers=1, generate_client_file=False, log_level="warning", access_log=False)
