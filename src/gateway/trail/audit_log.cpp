// SPDX-License-Identifier: Apache-2.0
#include "gateway/trail/audit_log.h"

#include <fmt/format.h>

#include "base/json_value.h"
#include "records/field.h"

namespace flywheel::trail {

namespace {

constexpr std::string_view kSettings = "settings";

std::int64_t status_of(Offence offence) {
    switch (offence) {
        case Offence::WrongKey:
            return 401;
        case Offence::WrongRole:
        case Offence::OtherSite:
            return 403;
        case Offence::PathTrick:
            return 404;
        case Offence::Replay:
            break;
    }
    return 202;  // a line said twice is accepted and has no effect
}

std::string cut(std::string text, std::size_t most) {
    if (text.size() > most) {
        text.resize(most);
    }
    return text;
}

}  // namespace

Digest chain_of(const Digest& previous, const AuditEvent& event) {
    // Listed by hand, not by AuditEvent::fields: a field added later must not change old digests.
    Json json = Json::object();
    json["v"] = 1;
    json["id"] = event.id.text();
    json["seq"] = event.seq;
    json["time"] = micros(event.time);
    json["who"] = event.who;
    json["source"] = event.source;
    json["act"] = event.act;
    json["about"] = event.about;
    json["detail"] = event.detail;
    json["outcome"] = event.outcome;
    json["reason"] = event.reason;
    json["count"] = event.count;
    return sha256(previous.hex() + "\n" + canonical(json));
}

Result<AuditEvent> AuditLog::record(Act act) const {
    const auto transaction = TRY(events_.begin());  // from here on nobody else writes
    const auto last = TRY(events_.reader().first(Where<AuditEvent>().newest(&AuditEvent::seq)));
    AuditEvent event;
    event.seq = last ? last->seq + 1 : 1;
    event.time = clock_.now();
    event.who = std::move(act.who);
    event.source = std::move(act.source);
    event.act = std::move(act.name);
    event.about = cut(std::move(act.about), kMostAbout);
    event.detail = act.detail.size() <= kMostDetail
                       ? std::move(act.detail)
                       : fmt::format(R"({{"bytes":{}}})", act.detail.size());
    event.outcome = act.outcome;
    event.reason = cut(std::move(act.reason), kMostDetail);
    event.count = act.count;
    const Digest before = last ? last->chain : Digest();
    event.id = Id<AuditEvent>::derived(event.time, "audit event after " + before.hex());
    event.chain = chain_of(before, event);
    TRY(events_.insert(event));
    TRY(transaction->commit());
    return event;
}

Result<void> AuditLog::record_refusals(const std::vector<RefusalTally>& refusals) const {
    for (const RefusalTally& line : refusals) {
        Act act;
        act.who = line.who;
        act.source = line.others ? "elsewhere" : line.from;
        act.name = enum_name(line.offence);
        act.about = line.about;
        act.outcome = status_of(line.offence);
        act.count = line.count;
        TRY(record(std::move(act)));
    }
    return {};
}

Result<void> AuditLog::settings_read(const std::string& who, const Digest& settings) const {
    const auto last = TRY(events_.reader().first(
        Where<AuditEvent>().eq(&AuditEvent::act, std::string(kSettings)).newest(&AuditEvent::seq)
    ));
    const std::string detail = fmt::format(R"({{"sha256":"{}"}})", settings.hex());
    if (last && last->detail == detail) {
        return {};
    }
    Act act;
    act.who = who;
    act.name = kSettings;
    act.detail = detail;
    TRY(record(std::move(act)));
    return {};
}

Result<std::vector<AuditEvent>> AuditLog::newest(std::int64_t limit) const {
    return events_.reader().select(Where<AuditEvent>().newest(&AuditEvent::seq).limit(limit));
}

Result<std::int64_t> AuditLog::verify_chain() const {
    std::int64_t seq = 0;
    Digest chain;
    TRY(events_.reader().each(
        Where<AuditEvent>().order(&AuditEvent::seq),
        [&](const AuditEvent& event) -> Result<void> {
            chain = chain_of(chain, event);
            if (event.seq != ++seq || event.chain != chain) {
                return corrupt(fmt::format(
                    "The audit trail was changed: event {} is not as it was written", event.seq
                ));
            }
            return {};
        }
    ));
    return seq;
}

}  // namespace flywheel::trail
