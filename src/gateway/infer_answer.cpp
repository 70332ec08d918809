// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer_answer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "gateway/http/message.h"

namespace flywheel::gateway {

namespace {

using http::append_json_string;
using serving::InferAnswer;

void append_integer(std::string& out, std::int64_t number) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

void begin_tensor(
    std::string& out,
    OutputKind kind,
    std::string_view datatype,
    std::size_t rows,
    std::size_t width
) {
    out += out.back() == '[' ? "{\"name\":\"" : ",{\"name\":\"";
    out += name_of(kind);
    out += "\",\"shape\":[";
    append_integer(out, static_cast<std::int64_t>(rows));
    if (width > 0) {
        out += ',';
        append_integer(out, static_cast<std::int64_t>(width));
    }
    out += "],\"datatype\":\"";
    out += datatype;
    out += "\",\"data\":[";
}

void end_tensor(std::string& out) {
    if (out.back() == ',') {
        out.pop_back();
    }
    out += "]}";
}

void append_floats(std::string& out, const std::vector<float>& values) {
    for (const float value : values) {
        append_float(out, value);
        out += ',';
    }
}

void append_tensor(std::string& out, OutputKind kind, const InferAnswer& answer) {
    const std::size_t rows = answer.rows();
    switch (kind) {
        case OutputKind::Label:
            begin_tensor(out, kind, "BYTES", rows, 0);
            for (const std::int32_t label : answer.labels) {
                append_json_string(out, answer.served->labels[static_cast<std::size_t>(label)]);
                out += ',';
            }
            break;
        case OutputKind::LabelId:
            begin_tensor(out, kind, "INT64", rows, 0);
            for (const std::int32_t label : answer.labels) {
                append_integer(out, label);
                out += ',';
            }
            break;
        case OutputKind::Scores:
            begin_tensor(out, kind, "FP32", rows, answer.served->classes());
            append_floats(out, answer.scores);
            break;
        case OutputKind::Embedding:
            begin_tensor(out, kind, "FP32", rows, answer.served->embedding_size());
            append_floats(out, answer.embeddings);
            break;
    }
    end_tensor(out);
}

bool all_finite(const std::vector<float>& values) {
    for (const float value : values) {
        if (!std::isfinite(value)) {
            return false;
        }
    }
    return true;
}

bool shows_only_finite(const InferAnswer& answer, const std::vector<OutputKind>& outputs) {
    for (const OutputKind kind : outputs) {
        if ((kind == OutputKind::Scores && !all_finite(answer.scores)) ||
            (kind == OutputKind::Embedding && !all_finite(answer.embeddings))) {
            return false;
        }
    }
    return true;
}

}  // namespace

void append_float(std::string& out, float value) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

void append_infer_answer(
    std::string& out, const InferAnswer& answer, const std::vector<OutputKind>& outputs
) {
    out += "{\"model_name\":";
    append_json_string(out, answer.served->model);
    out += ",\"model_version\":\"";
    out += answer.served->number_text;
    out += "\",\"id\":";
    append_json_string(out, answer.request_id);
    if (!shows_only_finite(answer, outputs)) {
        out += ",\"parameters\":{\"fw_nonfinite\":true}";
    }
    out += ",\"outputs\":[";
    for (const OutputKind kind : outputs) {
        append_tensor(out, kind, answer);
    }
    out += "]}";
}

}  // namespace flywheel::gateway
