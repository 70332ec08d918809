// SPDX-License-Identifier: Apache-2.0
// Settings as the commented text of a new project.
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "app/settings.h"
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace flywheel::app {

namespace {

double days(Duration duration) {
    return static_cast<double>(duration.count()) / 86'400e6;
}

/// The table [serve.limits].
std::string limits_text(const ServeLimits& limits) {
    return fmt::format(
        "\n[serve.limits]\n"
        "connections = {}       # more are answered 503\n"
        "rows = {}               # of one request\n"
        "infer_body_mib = {}       # of an inference request, also once it is inflated\n"
        "tensor_mib = {}           # of its tensors, once they are no text any more\n"
        "feedback_body_mib = {}\n"
        "other_body_mib = {}        # of any other request\n"
        "header_kib = {}           # of a request's head\n"
        "header_fields = {}       # in it\n"
        "request_line_kib = {}\n"
        "chunks = {}          # of one body\n"
        "head_seconds = {}         # for a TLS handshake and a request's head\n"
        "body_seconds = {}         # and one more a MiB\n"
        "idle_seconds = {}         # between two requests\n"
        "write_seconds = {}        # that a peer may take nothing of its answer\n",
        limits.connections,
        limits.rows,
        limits.infer_body_mib,
        limits.tensor_mib,
        limits.feedback_body_mib,
        limits.other_body_mib,
        limits.header_kib,
        limits.header_fields,
        limits.request_line_kib,
        limits.chunks,
        limits.head_seconds,
        limits.body_seconds,
        limits.idle_seconds,
        limits.write_seconds
    );
}

/// The table [serve.batching].
std::string batching_text(const serving::BatchLimits& limits) {
    return fmt::format(
        "\n[serve.batching]          # of models in a process of their own; others run at once\n"
        "max_batch_size = {}       # rows of one engine call\n"
        "max_delay_ms = {}          # so long the oldest request waits for company\n"
        "max_queue_rows = {}     # more rows do not wait: 503\n"
        "instances = {}             # engine calls of one version at the same time\n"
        "time_out_s = {}           # the longest that a request may take: 503\n",
        limits.batch_rows,
        static_cast<double>(limits.delay.count()) * 1e-3,
        limits.queue_rows,
        limits.instances,
        static_cast<double>(limits.time_out.count()) * 1e-6
    );
}

/// Of the table [serve].
std::string tls_text(const Settings& settings) {
    return settings.tls_key.empty()
               ? std::string(
                     "# tls_certificate = \"server.crt\"  # PEM files, from this directory; "
                     "with both, https only\n"
                     "# tls_key = \"server.key\"\n"
                 )
               : fmt::format(
                     "tls_certificate = \"{}\"\ntls_key = \"{}\"\n",
                     settings.tls_certificate.string(),
                     settings.tls_key.string()
                 );
}

/// Of the table [serve].
std::string access_log_text(const AccessLogSettings& log) {
    return fmt::format(
        "access_log = \"{}\"      # a line for each request in log/access.jsonl; \"off\", "
        "\"stdout\"\n"
        "access_log_mib = {}      # a file so large is set aside; access_log_files are kept\n"
        "access_log_files = {}\n",
        enum_name(log.to),
        log.mib,
        log.files
    );
}

std::string list_of(const std::vector<std::string>& names) {
    toml::array list;
    for (const auto& name : names) {
        list.push_back(name);
    }
    std::ostringstream out;
    out << list;
    return out.str();
}

/// Of the table [serve].
std::string hosts_text(const std::vector<std::string>& hosts) {
    return fmt::format(
        "{}  # names of this server for browsers, while it has no key; addresses and localhost "
        "always are\n",
        hosts.empty() ? "# hosts = [\"ml.example.org\"]" : "hosts = " + list_of(hosts)
    );
}

/// Of the table [serve], as an example.
std::string policies_text(const std::string& model) {
    return fmt::format(
        "# What the labels of a model point to is loaded. More of it, reachable by number:\n"
        "# [[serve.models]]\n"
        "# name = \"{}\"\n"
        "# policy = \"latest\"       # with count = 3; or \"labels\", \"all\"\n"
        "# policy = \"specific\"     # with versions = [2, 5]\n"
        "# batching = {{ max_batch_size = 8 }} # where it is not that of [serve.batching]\n",
        model
    );
}

/// As TOML writes it.
std::string quoted(const std::string& text) {
    std::ostringstream out;
    out << toml::value<std::string>(text);
    return out.str();
}

/// The table [capture], with rules as an example.
std::string capture_text(const CaptureSettings& capture) {
    return fmt::format(
        "\n[capture]\n"
        "rows = {}              # false: served rows are not captured, and nothing learns from "
        "them\n"
        "sync = \"{}\"         # \"os\": a power cut may cost a second, not one flush; "
        "\"answer\": nothing that was answered\n"
        "outputs = \"{}\"       # of models over tensors; \"full\": all outputs are kept\n"
        "key_rows_per_hour = {}    # each key's rows are scaled down to about so many; 0: never\n"
        "seed = {}                 # decides, with a row's id, whether rules keep it\n"
        "disk_max_gib = {}        # above 70 % of it payloads are thinned, then rows sampled, then "
        "dropped\n"
        "payload_days = {}         # how long captured texts live; what became an Example stays\n"
        "embedding_days = {}      # likewise embeddings\n"
        "row_days = {}            # likewise rows and feedback\n"
        "# Without rules every row is kept. Of the rules that match, the greatest keep counts:\n"
        "# [[capture.rules]]\n"
        "# name = \"head\"\n"
        "# when = \"\"\n"
        "# keep = 0.05\n"
        "# [[capture.rules]]\n"
        "# name = \"unsure\"\n"
        "# when = \"margin < 0.1 and route == stable\"\n"
        "# keep = 1.0\n"
        "# Taken out before the first write: email, phone, card, ip, resident_number, pattern:\n"
        "# [[capture.redact]]\n"
        "# kind = \"email\"\n"
        "# action = \"mask\"         # or \"drop\", \"hash\"\n",
        capture.rows,
        enum_name(capture.sync),
        capture.full_outputs ? "full" : "classes",
        capture.key_rows_per_hour,
        capture.seed,
        capture.disk_max_gib,
        capture.lifetimes.payload.count(),
        capture.lifetimes.embedding.count(),
        capture.lifetimes.row.count()
    );
}

/// The table [engines].
std::string engines_text(const WorkerSettings& engines) {
    return fmt::format(
        "\n[engines]                 # imported models run in worker processes, one a version\n"
        "folder = {}              # of flywheel-openvino; empty: beside this program, then "
        "FLYWHEEL_WORKERS\n"
        "threads = {}              # of one worker; 0: half the cores\n"
        "lanes = {}                # calls of one worker at the same time\n"
        "call_seconds = {}        # a call that takes longer hangs: the worker is started again\n"
        "memory_gib = {}           # data memory of one worker\n"
        "shared_memory_mib = {}  # of the tensors of one call\n",
        quoted(engines.folder),
        engines.threads,
        engines.lanes,
        engines.call_seconds,
        engines.memory_gib,
        engines.shared_memory_mib
    );
}

/// The table [labeling].
std::string labeling_text(const labeling::Plan& plan) {
    return fmt::format(
        "\n[labeling]\n"
        "second_share = {}        # of what people answer: another person is asked, too, and sees "
        "nothing of the first\n"
        "gold_share = {}         # of what people are asked: questions whose answer is known, "
        "while "
        "there are such\n",
        plan.second_share,
        plan.gold_share
    );
}

/// The table [loop].
std::string loop_text(const loop::Policy& policy) {
    return fmt::format(
        "[loop]\n"
        "every_days = {}           # a turn of the wheel is due this often\n"
        "label_share = {}         # questions to people per served row, audit included\n"
        "audit_share = {}         # of the questions, drawn uniformly: what honest accuracy is "
        "made from\n"
        "drift_boost = {}         # while drift is open, unspent questions may be asked this much "
        "faster\n"
        "retrain_labels_min = {}   # fewer new labels: no retraining\n"
        "labels_wait_days = {}      # then the turn goes on with what was answered\n"
        "half_life_days = {}      # a training row this old weighs one half\n"
        "class_mix_days = {}       # served rows of so many days show the present class mix\n"
        "trials = {}               # settings tried at each training\n"
        "false_alarm_days = {}     # at most one false drift alarm in so many days\n"
        "label_shift_correction = {}\n"
        "when_undecided = \"{}\" # small hold-outs rarely prove anything: \"promote\" unless "
        "worse, or \"keep\"\n"
        "seed = {}\n",
        days(policy.cadence),
        policy.label_share,
        policy.audit_share,
        policy.drift_boost,
        policy.retrain_labels_min,
        days(policy.labels_wait),
        days(policy.half_life),
        days(policy.correction_window),
        policy.trials,
        policy.false_alarm_days,
        policy.correction,
        policy.when_undecided == release::WhenUndecided::Keep ? "keep" : "promote",
        policy.seed
    );
}

/// The table [metrics].
std::string metrics_text(const Settings& settings) {
    return fmt::format(
        "\n[metrics]\n"
        "triton_names = {}     # true: /metrics has the families nv_inference_*, too\n",
        settings.triton_names
    );
}

}  // namespace

std::string settings_text(const Settings& settings) {
    const auto& policy = settings.policy;
    return fmt::format(
        "# Settings of this Flywheel project. Secrets never stand here.\n\n"
        "[model]\n"
        "name = \"{}\"\n"
        "kind = \"{}\"           # \"choice\": a row has one label; \"choices\": any number of "
        "them\n"
        "labels = {}              # class names in class order; empty: taken from the first "
        "import\n"
        "objective = \"{}\"   # what label-shift correction must improve: \"accuracy\" or "
        "\"balanced\"\n"
        "licence = {}             # SPDX expression of your data, for the model card\n"
        "prior_discount = {}     # scores are divided by (training share)^this until a class mix "
        "is measured\n\n"
        "{}"
        "{}\n"
        "[serve]\n"
        "address = {}\n"
        "port = {}\n"
        "threads = {}              # 0: half the cores\n"
        "{}{}{}{}{}{}{}{}{}",
        settings.model,
        enum_name(settings.kind),
        list_of(settings.labels),
        policy.objective,
        quoted(policy.licence),
        settings.prior_discount,
        loop_text(policy),
        labeling_text(settings.labeling),
        quoted(settings.address),
        settings.port,
        settings.threads,
        hosts_text(settings.hosts),
        policies_text(settings.model),
        tls_text(settings),
        access_log_text(settings.access_log),
        limits_text(settings.limits),
        batching_text(settings.batching),
        capture_text(settings.capture),
        engines_text(settings.engines),
        metrics_text(settings)
    );
}

Result<void> write_settings(const std::filesystem::path& file, const Settings& settings) {
    std::error_code failed;
    if (std::filesystem::exists(file, failed)) {
        return make_error(
            Code::Conflict, fmt::format("There is a project here already: {}", file.string())
        );
    }
    std::ofstream out(file, std::ios::binary);
    out << settings_text(settings);
    out.close();
    if (!out) {
        return make_error(
            Code::Unavailable, fmt::format("Cannot write the settings: {}", file.string())
        );
    }
    return {};
}

}  // namespace flywheel::app
