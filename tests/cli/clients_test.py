#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Standard clients of the inference protocol, unchanged, against the built program.

    tests/cli/clients_test.py PATH_OF_FLYWHEEL

Each is skipped where it is not installed (pip install "tritonclient[http]" open-inference-openapi);
the project does not depend on them.
"""

import unittest

try:
    import numpy
    import tritonclient.http as triton
    from tritonclient.utils import InferenceServerException
except ImportError:
    triton = None

try:
    import open_inference.openapi.client as open_inference
    from open_inference.openapi.core.api_error import ApiError
    from open_inference.openapi.types import InferenceRequest, RequestInput, TensorData
except ImportError:
    open_inference = None

from program import ServedProject, run_tests

TEXTS = ["frost and ice", "two rows"]


@unittest.skipIf(triton is None, "tritonclient is not installed")
class Triton(ServedProject):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = triton.InferenceServerClient(cls.url.removeprefix("http://"))
        cls.addClassCleanup(cls.client.close)
        cls.model = cls.client.get_model_repository_index()[0]["name"]

    def text(self, texts=TEXTS, binary=True, shape=None):
        values = numpy.array([text.encode() for text in texts], dtype=numpy.object_).reshape(shape or [len(texts)])
        tensor = triton.InferInput("text", list(values.shape), "BYTES")
        tensor.set_data_from_numpy(values, binary_data=binary)
        return [tensor]

    def test_health_and_metadata(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready(self.model))
        self.assertFalse(self.client.is_model_ready("nobody"))
        self.assertIn("statistics", self.client.get_server_metadata()["extensions"])
        metadata = self.client.get_model_metadata(self.model)
        self.assertEqual([one["name"] for one in metadata["inputs"]], ["text"])
        config = self.client.get_model_config(self.model)
        self.assertEqual(config["input"][0]["data_type"], "TYPE_STRING")
        self.assertGreater(config["max_batch_size"], 0)

    def test_every_form_gives_the_same_answer(self):
        answers = []
        for binary in (True, False):
            for shape in ([2], [2, 1]):
                for outputs in (
                    None,
                    [triton.InferRequestedOutput(name, binary_data=binary) for name in ("label", "label_id", "scores")],
                ):
                    answers.append(self.client.infer(self.model, self.text(TEXTS, binary, shape), outputs=outputs))
        first = answers[0]
        self.assertEqual(first.as_numpy("scores").dtype, numpy.float32)
        self.assertEqual(first.as_numpy("label").shape, (2,))
        for answer in answers:
            for name in ("label_id", "scores"):
                numpy.testing.assert_array_equal(answer.as_numpy(name), first.as_numpy(name))
            words = [w.decode() if isinstance(w, bytes) else w for w in answer.as_numpy("label")]
            self.assertEqual(words, [w.decode() for w in first.as_numpy("label")])

    def test_ids_parameters_headers_and_versions(self):
        answer = self.client.infer(
            self.model, self.text(), request_id="mine", model_version="1", priority=1, timeout=1000000,
            parameters={"note": "x", "n": 1, "flag": True}, headers={"Fw-Key": "k"}, query_params={"a": "b"})
        self.assertEqual(answer.get_response()["id"], "mine")
        self.assertEqual(answer.get_response()["model_version"], "1")

    def test_classification(self):
        wanted = [triton.InferRequestedOutput("scores", class_count=1)]
        best = self.client.infer(self.model, self.text(), outputs=wanted).as_numpy("scores")
        self.assertEqual(best.shape, (2, 1))
        value, index, label = best[0][0].decode().split(":")
        self.assertLessEqual(float(value), 1)
        self.assertEqual(int(index), self.client.infer(self.model, self.text()).as_numpy("label_id")[0])

    def test_compression_both_ways(self):
        plain = self.client.infer(self.model, self.text(TEXTS * 100))
        for coding in ("gzip", "deflate"):
            packed = self.client.infer(self.model, self.text(TEXTS * 100), request_compression_algorithm=coding,
                                       response_compression_algorithm=coding)
            numpy.testing.assert_array_equal(packed.as_numpy("scores"), plain.as_numpy("scores"))

    def test_asynchronous_calls(self):
        waiting = [self.client.async_infer(self.model, self.text()) for _ in range(8)]
        for one in waiting:
            self.assertEqual(one.get_result().as_numpy("label_id").shape, (2,))

    def test_statistics_grow(self):
        def count():
            return self.client.get_inference_statistics(self.model)["model_stats"][0]["inference_count"]
        before = count()
        self.client.infer(self.model, self.text())
        self.assertEqual(count(), before + 2)
        self.assertTrue(self.client.get_inference_statistics()["model_stats"])

    def test_loading_by_hand(self):
        self.client.unload_model(self.model)
        self.assertFalse(self.client.is_model_ready(self.model))
        with self.assertRaises(InferenceServerException):
            self.client.infer(self.model, self.text())
        self.client.load_model(self.model)
        self.assertTrue(self.client.is_model_ready(self.model))
        self.client.infer(self.model, self.text())

    def test_errors_carry_their_sentence(self):
        with self.assertRaisesRegex(InferenceServerException, "unknown model: 'nobody' is not found"):
            self.client.infer("nobody", self.text())
        with self.assertRaisesRegex(InferenceServerException, "Row 1: text is empty"):
            self.client.infer(self.model, self.text(["x", ""]))
        with self.assertRaisesRegex(InferenceServerException, "Sequences are not supported"):
            self.client.infer(self.model, self.text(), sequence_id=7)


@unittest.skipIf(open_inference is None, "open-inference-openapi is not installed")
class OpenInference(ServedProject):
    def test_all_calls(self):
        client = open_inference.OpenInferenceClient(base_url=self.url)
        client.check_server_liveness()
        client.check_server_readiness()
        self.assertEqual(client.read_server_metadata().name, "flywheel")
        metadata = client.read_model_metadata("news")
        self.assertEqual(metadata.inputs[0].name, "text")
        client.check_model_readiness("news")
        client.check_model_version_readiness("news", metadata.versions[0])
        for data in (TEXTS, [[text] for text in TEXTS]):
            shape = [2, 1] if isinstance(data[0], list) else [2]
            wanted = InferenceRequest(
                id="mine", inputs=[RequestInput(name="text", shape=shape, datatype="BYTES", data=TensorData.parse_obj(data))])
            answer = client.model_infer("news", request=wanted)
            self.assertEqual(answer.id, "mine")
            self.assertEqual(list(answer.outputs[0].shape), [2])
            again = client.model_version_infer("news", metadata.versions[0], request=wanted)
            self.assertEqual(again.outputs[2].data, answer.outputs[2].data)
        with self.assertRaisesRegex(ApiError, "unknown model"):
            client.read_model_metadata("nobody")


if __name__ == "__main__":
    run_tests(__doc__)
