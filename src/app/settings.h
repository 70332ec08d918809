#pragma once
// SPDX-License-Identifier: Apache-2.0
// Settings of one project directory: DIR/flywheel.toml, with comments, without secrets. Read once
// at start.

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "loop/conductor.h"
#include "records/schema.h"
#include "rooms/capture/capture.h"
#include "rooms/labeling/labeling.h"
#include "rooms/serving/batching/batch_queue.h"
#include "rooms/serving/versions/version_policy.h"

namespace flywheel::app {

/// What is captured and what of it is kept: table [capture].
struct CaptureSettings {
    bool rows = true;  ///< False: served rows are not captured at all.
    SyncMode sync = SyncMode::Interval;
    bool full_outputs = false;  ///< Of models over tensors all outputs are kept, not only classes.
    std::int64_t key_rows_per_hour = 0;  ///< Of each caller's key, roughly; 0 = any number.
    std::int64_t seed = 1;               ///< Decides, with a row's id, whether rules keep it.
    double disk_max_gib = 20;           ///< Journal and columns together; at most 75 % of the disk.
    Lifetimes lifetimes;                ///< Of payloads, embeddings, rows and feedback.
    std::vector<CaptureRule> rules;     ///< [[capture.rules]]; empty = everything is kept.
    std::vector<RedactionRule> redact;  ///< [[capture.redact]]; empty = nothing is taken out.
};

/// Engines that run models in worker processes: table [engines].
struct WorkerSettings {
    std::string folder;        ///< Where worker programs stand; "" = beside this program.
    int threads = 0;           ///< Of one worker; 0 = half the cores, at least one.
    int lanes = 2;             ///< Calls of one worker at the same time.
    double call_seconds = 30;  ///< A call that takes longer hangs: the worker is started again.
    double memory_gib = 8;     ///< Data memory of one worker.
    double shared_memory_mib = 256;  ///< Of the tensors of one call.
};

enum class AccessLogTo { Off, File, Stdout };

inline std::span<const std::string_view> names_of(AccessLogTo) {
    static constexpr std::array<std::string_view, 3> kNames = {"off", "file", "stdout"};
    return kNames;
}

/// Where each answered request leaves a line: in table [serve].
struct AccessLogSettings {
    AccessLogTo to = AccessLogTo::File;  ///< DIR/log/access.jsonl
    std::int64_t mib = 64;               ///< A file so large is set aside.
    std::int64_t files = 5;              ///< So many are kept.
};

/// What a peer may ask for, and how long it may take: table [serve.limits].
struct ServeLimits {
    std::int64_t connections = 10'000;  ///< More are answered 503.
    std::int64_t rows = 4096;           ///< Of one request.
    std::int64_t infer_body_mib = 64;   ///< Of an inference request, before and after inflating.
    std::int64_t tensor_mib = 64;       ///< Of its tensors, once they are no text any more.
    std::int64_t feedback_body_mib = 16;
    std::int64_t other_body_mib = 1;  ///< Of any other request.
    std::int64_t header_kib = 16;     ///< Of a whole head.
    std::int64_t header_fields = 100;
    std::int64_t request_line_kib = 8;  ///< At most header_kib.
    std::int64_t chunks = 65'536;       ///< Of one body.
    double head_seconds = 10;           ///< First byte, TLS handshake and the whole head.
    double body_seconds = 30;           ///< And one second more a MiB.
    double idle_seconds = 75;           ///< Between requests.
    double write_seconds = 30;          ///< Without progress.
};

struct Settings {
    std::string model =
        "default";  ///< Name in URLs: letters, digits, '-', '_', '.'; at most 64 bytes.
    TaskKind kind = TaskKind::Choice;  ///< Whether a row has one label or any number of them.
    std::vector<std::string> labels;   ///< Empty: taken from the first import.
    labeling::Plan labeling;           ///< Of table [labeling]: its two shares.
    loop::Policy policy;               ///< model, scratch and licence are filled in by the project.
    double prior_discount =
        0.25;  ///< While no class mix is measured, scores are divided by prior^discount.
    std::string address = "127.0.0.1";
    std::uint16_t port = 8000;  ///< 0 = any free one.
    bool open_read = true;      ///< Metadata, statistics and /metrics need no key.
    /// Names by which browsers may ask a server without keys, beside addresses and localhost.
    std::vector<std::string> hosts;
    int threads = 0;  ///< HTTP and inference threads; 0 = half the cores, at least one.
    serving::BatchLimits batching;  ///< Of models that run in batches: table [serve.batching].
    std::map<std::string, serving::BatchLimits>
        model_batching;  ///< [[serve.models]]: of a model that has other ones.
    std::map<std::string, serving::VersionPolicy>
        policies;  ///< [[serve.models]]: what of a model is loaded beside its labels.
    ServeLimits limits;
    AccessLogSettings access_log;
    /// Both or none; a path that is not absolute begins at DIR.
    std::filesystem::path tls_certificate;
    std::filesystem::path tls_key;
    CaptureSettings capture;
    WorkerSettings engines;
    bool triton_names = false;  ///< [metrics]: /metrics has the families nv_inference_*, too.
};

/// InvalidArgument names file, line and the setting that is wrong; unknown settings are refused by
/// name.
Result<Settings> read_settings(const std::filesystem::path& file);
/// Writes a commented file; Conflict when it exists.
Result<void> write_settings(const std::filesystem::path& file, const Settings& settings);
/// The text that write_settings writes.
[[nodiscard]] std::string settings_text(const Settings& settings);

}  // namespace flywheel::app
