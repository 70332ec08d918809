#pragma once
// SPDX-License-Identifier: Apache-2.0
// AuditLog: writes each administrative act, and what was refused at the door, as one event behind
// the others, chained so that a changed or missing event shows. The gateway's routes, commands and
// the server's background thread call it; any thread, the ledger serialises them.

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "gateway/trail/refusals.h"
#include "ports/ledger/ledger.h"
#include "records/audit_event.h"

namespace flywheel::trail {

/// An act as it is reported; the log adds order, time and chain, and cuts what is too long.
struct Act {
    std::string who = {};
    std::string source = {};
    std::string name = {};
    std::string about = {};
    std::string detail = {};
    std::int64_t outcome = 200;
    std::string reason = {};
    std::int64_t count = 1;
};

/// SHA-256(previous chain as 64 hexadecimal digits, line feed, canonical JSON of the event without
/// its own chain), version 1. The first event has the zero digest before it.
[[nodiscard]] Digest chain_of(const Digest& previous, const AuditEvent& event);

class AuditLog {
  public:
    static constexpr std::size_t kMostAbout = 256;    ///< Bytes; the rest is cut off.
    static constexpr std::size_t kMostDetail = 1024;  ///< Bytes; more is not shown at all.

    AuditLog(Writer<AuditEvent> events, const Clock& clock) : events_(events), clock_(clock) {}

    Result<AuditEvent> record(Act act) const;
    /// One event for each line, with the status that such callers were answered.
    Result<void> record_refusals(const std::vector<RefusalTally>& refusals) const;
    /// Notes that the settings are others than when this was called last; else does nothing.
    Result<void> settings_read(const std::string& who, const Digest& settings) const;

    /// Newest first.
    Result<std::vector<AuditEvent>> newest(std::int64_t limit) const;
    /// The number of events; Corrupt names the first that is not as it was written.
    Result<std::int64_t> verify_chain() const;

  private:
    Writer<AuditEvent> events_;
    const Clock& clock_;
};

}  // namespace flywheel::trail
