// SPDX-License-Identifier: Apache-2.0
#include "gateway/inference/infer_head.h"

#include <algorithm>

namespace flywheel::gateway {

namespace {

using http::HttpRequest;

constexpr std::size_t kMaxIdBytes = 256;

bool is_usable_id(std::string_view text) {
    return !text.empty() && text.size() <= kMaxIdBytes &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

void take_first(std::string_view& place, const http::HeaderField& field, std::string_view name) {
    if (place.empty() && http::same_token(field.name, name)) {
        place = field.value;
    }
}

void read_field(const http::HeaderField& field, InferHead& head, std::string_view& accept) {
    switch (field.name.size()) {  // most fields are none of these: their length says so
        case 5:
            take_first(head.event_id, field, "Ce-Id");
            return;
        case 6:
            take_first(accept, field, "Accept");
            take_first(head.key, field, "Fw-Key");
            return;
        case 10:
            take_first(head.subject, field, "Fw-Subject");
            return;
        case 12:
            take_first(head.form.content_type, field, "Content-Type");
            take_first(head.request_id, field, "X-Request-Id");
            return;
        case 15:
            take_first(head.accepted_codings, field, "Accept-Encoding");
            return;
        case 16:
            take_first(head.content_coding, field, "Content-Encoding");
            return;
        case 31:
            if (!head.form.header_length &&
                http::same_token(field.name, "Inference-Header-Content-Length")) {
                head.form.header_length = field.value;
            }
            return;
        default:
            return;
    }
}

}  // namespace

InferHead read_head(const HttpRequest& request) {
    InferHead head;
    std::string_view accept;
    for (const http::HeaderField& field : request.headers) {
        read_field(field, head, accept);
    }
    std::string_view& type = head.form.content_type;
    type = type.substr(0, type.find_first_of("; \t"));
    head.form.accepts_json = accept.find(http::kJsonType) != std::string_view::npos;
    if (!is_usable_id(head.request_id)) {
        head.request_id = is_usable_id(head.event_id) ? head.event_id : std::string_view();
    }
    return head;
}

void InferHead::move_into(std::string& store) {
    std::string_view none;
    std::string_view* const fields[] = {
        &form.content_type,
        form.header_length ? &*form.header_length : &none,
        &content_coding,
        &accepted_codings,
        &request_id,
        &event_id,
        &subject,
        &key
    };
    std::size_t size = 0;
    for (const std::string_view* field : fields) {
        size += field->size();
    }
    store.clear();
    store.reserve(size);  // so that views into it stay
    for (std::string_view* field : fields) {
        const std::size_t begin = store.size();
        store += *field;
        *field = std::string_view(store).substr(begin);
    }
}

}  // namespace flywheel::gateway
