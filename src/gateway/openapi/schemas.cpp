// SPDX-License-Identifier: Apache-2.0
// The JSON bodies of the inference protocol as JSON schemas (draft 2020-12, as OpenAPI 3.1 has it).
#include "gateway/openapi/openapi.h"

namespace flywheel::gateway {

std::string_view schemas_text() {
    static constexpr std::string_view kSchemas = R"({
"Error":{"type":"object","required":["error"],"additionalProperties":false,"properties":{"error":{"type":"string"}}},
"Empty":{"type":"object","additionalProperties":false},
"Live":{"type":"object","required":["live"],"properties":{"live":{"const":true}}},
"Ready":{"type":"object","required":["ready"],"properties":{"ready":{"const":true}}},
"ServerMetadata":{"type":"object","required":["name","version","extensions"],"properties":{
  "name":{"type":"string"},"version":{"type":"string"},"extensions":{"type":"array","items":{"type":"string"}}}},
"ModelList":{"type":"object","required":["models"],"properties":{"models":{"type":"array","items":{"type":"string"}}}},
"ModelReady":{"type":"object","required":["name","ready"],"properties":{"name":{"type":"string"},"ready":{"const":true}}},
"Datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},
"TensorMetadata":{"type":"object","required":["name","datatype","shape"],"properties":{
  "name":{"type":"string"},"datatype":{"$ref":"#/components/schemas/Datatype"},
  "shape":{"type":"array","maxItems":8,"items":{"type":"integer","minimum":-1}}}},
"ModelMetadata":{"type":"object","required":["name","versions","platform","inputs","outputs"],"properties":{
  "name":{"type":"string"},"versions":{"type":"array","items":{"type":"string"}},"platform":{"type":"string"},
  "inputs":{"type":"array","items":{"$ref":"#/components/schemas/TensorMetadata"}},
  "outputs":{"type":"array","items":{"$ref":"#/components/schemas/TensorMetadata"}},
  "properties":{"type":"object","additionalProperties":{"type":"string"}}}},
"ConfigTensor":{"type":"object","required":["name","data_type","dims"],"properties":{
  "name":{"type":"string"},"data_type":{"type":"string","pattern":"^TYPE_"},"dims":{"type":"array","items":{"type":"integer"}}}},
"ModelConfig":{"type":"object","required":["name","platform","backend","max_batch_size","input","output"],"properties":{
  "name":{"type":"string"},"platform":{"type":"string"},"backend":{"type":"string"},
  "max_batch_size":{"type":"integer","minimum":0},"version_policy":{"type":"object"},
  "input":{"type":"array","items":{"$ref":"#/components/schemas/ConfigTensor"}},
  "output":{"type":"array","items":{"$ref":"#/components/schemas/ConfigTensor"}},
  "instance_group":{"type":"array","items":{"type":"object"}},"dynamic_batching":{"type":"object"},
  "model_transaction_policy":{"type":"object"}}},
"Duration":{"type":"object","required":["count","ns"],"properties":{
  "count":{"type":"integer","minimum":0},"ns":{"type":"integer","minimum":0}}},
"ModelStatistics":{"type":"object","required":["model_stats"],"properties":{"model_stats":{"type":"array","items":{
  "type":"object","required":["name","version","last_inference","inference_count","execution_count","inference_stats"],"properties":{
  "name":{"type":"string"},"version":{"type":"string"},"last_inference":{"type":"integer"},
  "inference_count":{"type":"integer"},"execution_count":{"type":"integer"},
  "inference_stats":{"type":"object","additionalProperties":{"$ref":"#/components/schemas/Duration"}},
  "batch_stats":{"type":"array","items":{"type":"object"}},"memory_usage":{"type":"array","items":{"type":"object"}}}}}}},
"Parameters":{"type":"object","additionalProperties":{"type":["string","number","boolean","null"]},"properties":{
  "priority":{"type":"integer","minimum":0},"timeout":{"type":"integer","minimum":0},"headers":{},
  "binary_data_output":{"type":"boolean"},"fw_subject":{"type":"string"},"fw_key":{"type":"string"},"fw_capture":{"type":"boolean"}}},
"InferRequest":{"type":"object","required":["inputs"],"properties":{
  "id":{"type":"string","maxLength":256},"parameters":{"$ref":"#/components/schemas/Parameters"},
  "inputs":{"type":"array","minItems":1,"maxItems":64,"items":{"type":"object","required":["name","shape","datatype"],"properties":{
    "name":{"type":"string"},"datatype":{"$ref":"#/components/schemas/Datatype"},
    "shape":{"type":"array","maxItems":8,"items":{"type":"integer","minimum":0}},
    "parameters":{"type":"object","properties":{"binary_data_size":{"type":"integer","minimum":0}}},
    "data":{"type":"array"}}}},
  "outputs":{"type":"array","items":{"type":"object","required":["name"],"properties":{
    "name":{"type":"string"},"parameters":{"type":"object","properties":{
      "binary_data":{"type":"boolean"},"classification":{"type":"integer","minimum":1}}}}}}}},
"InferAnswer":{"type":"object","required":["model_name","model_version","id","outputs"],"properties":{
  "model_name":{"type":"string"},"model_version":{"type":"string"},"id":{"type":"string"},"parameters":{"type":"object"},
  "outputs":{"type":"array","items":{"type":"object","required":["name","shape","datatype"],"properties":{
    "name":{"type":"string"},"datatype":{"$ref":"#/components/schemas/Datatype"},
    "shape":{"type":"array","items":{"type":"integer","minimum":0}},
    "parameters":{"type":"object","properties":{"binary_data_size":{"type":"integer"}}},"data":{"type":"array"}}}}}},
"RepositoryIndexRequest":{"type":"object","properties":{"ready":{"type":"boolean"}}},
"RepositoryIndex":{"type":"array","items":{"type":"object","required":["name","version","state","reason"],"properties":{
  "name":{"type":"string"},"version":{"type":"string"},"reason":{"type":"string"},
  "state":{"enum":["LOADING","READY","UNAVAILABLE","UNLOADING"]}}}},
"RepositoryLoad":{"type":"object","properties":{"parameters":{"type":"object"}}},
"RepositoryUnload":{"type":"object","properties":{"parameters":{"type":"object","properties":{
  "unload_dependents":{"type":"boolean"},"fw_force":{"type":"boolean"}}}}},
"Feedback":{"type":"object","required":["id"],"properties":{
  "id":{"type":"string"},"index":{"type":"integer","minimum":0,"maximum":65535},"label":{"type":["string","null"]},
  "correct":{"type":["boolean","null"]},"score":{"type":["number","null"]},
  "source":{"enum":["annotator","user","system"]},"at":{"type":"string","format":"date-time"},
  "by":{"type":"string"},"comment":{"type":"string"}}}
})";
    return kSchemas;
}

}  // namespace flywheel::gateway
