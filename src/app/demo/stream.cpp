// SPDX-License-Identifier: Apache-2.0
#include "app/demo/stream.h"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "ports/sources/files/files_source.h"

namespace flywheel::app {

namespace {

constexpr std::size_t kReported = 100;
constexpr double kDefaultTrainShare = 0.2;

void refuse(ReadSummary& read, std::int64_t line, std::string field, std::string message) {
    --read.rows;
    ++read.rejected;
    if (read.first_rejections.size() < kReported) {
        read.first_rejections.push_back({line, std::move(field), std::move(message)});
    }
}

std::chrono::year_month_day day_of(Time time) {
    return std::chrono::floor<std::chrono::days>(time);
}

Time next_month(Time time) {
    const auto day = day_of(time);
    return Time(std::chrono::sys_days(
        std::chrono::year_month_day(day.year(), day.month(), std::chrono::day(1)) +
        std::chrono::months(1)
    ));
}

std::string quarter_of(Time time) {
    const auto day = day_of(time);
    return fmt::format(
        "{} Q{}", static_cast<int>(day.year()), (static_cast<unsigned>(day.month()) + 2) / 3
    );
}

Time default_train_end(const Stream& stream) {
    const auto first = day_of(stream.rows.front().time);
    const auto last = day_of(stream.rows.back().time);
    if (static_cast<int>(last.year()) - static_cast<int>(first.year()) >= 2) {
        return Time(std::chrono::sys_days(std::chrono::year_month_day(
            first.year() + std::chrono::years(1), std::chrono::January, std::chrono::day(1)
        )));
    }
    const auto row =
        static_cast<std::size_t>(kDefaultTrainShare * static_cast<double>(stream.rows.size()));
    return stream.rows[row].time;
}

Result<std::size_t> train_end_of(const Stream& stream, const std::string& train_until) {
    Time until = default_train_end(stream);
    double share = 0;
    const auto* last = train_until.data() + train_until.size();
    const auto number = std::from_chars(train_until.data(), last, share);
    if (!train_until.empty() && number.ec == std::errc() && number.ptr == last && share > 0 &&
        share < 1) {
        return static_cast<std::size_t>(share * static_cast<double>(stream.rows.size()));
    }
    if (!train_until.empty()) {
        until = TRY(
            parse_time(train_until).within("--train-until takes a date or a share between 0 and 1")
        );
    }
    const auto end = std::lower_bound(
        stream.rows.begin(),
        stream.rows.end(),
        until,
        [](const StreamRow& row, Time t) { return row.time < t; }
    );
    return static_cast<std::size_t>(end - stream.rows.begin());
}

std::vector<Period> months(const Stream& stream, std::size_t at) {
    std::vector<Period> periods;
    while (at < stream.rows.size()) {
        Period period{at, at, next_month(stream.rows[at].time), quarter_of(stream.rows[at].time)};
        while (period.end < stream.rows.size() && stream.rows[period.end].time < period.closes) {
            ++period.end;
        }
        at = period.end;
        periods.push_back(std::move(period));
    }
    return periods;
}

std::vector<Period> batches(const Stream& stream, std::size_t at, std::size_t rows) {
    std::vector<Period> periods;
    while (at < stream.rows.size()) {
        Period period;
        period.begin = at;
        period.end = std::min(at + rows, stream.rows.size());
        // A microsecond after the last row, so that the window holds it; never past the next row's
        // time.
        period.closes = stream.rows[period.end - 1].time + Duration(1);
        period.name = fmt::format("to row {}", period.end);
        at = period.end;
        periods.push_back(std::move(period));
    }
    return periods;
}

Error no_usable_row(const std::filesystem::path& file, const ReadSummary& read) {
    std::string first;
    if (!read.first_rejections.empty()) {
        const auto& rejection = read.first_rejections.front();
        first = fmt::format(
            "; line {}, field '{}': {}", rejection.line, rejection.field, rejection.message
        );
    }
    return invalid_argument(fmt::format(
        "The stream {} has no usable row (time, text, label): {} of {} refused{}",
        file.string(),
        read.rejected,
        read.rejected + read.rows,
        first
    ));
}

}  // namespace

Result<Stream> load_stream(const std::filesystem::path& file) {
    const auto source = TRY(files::open(file, {}));
    Stream stream;
    stream.name = source->name();

    struct Read {
        SourceRow row;
    };

    std::vector<SourceRow> rows;
    ReadSummary extra;
    auto read = TRY(source->read([&](SourceRow&& row) -> Result<void> {
        if (!row.time) {
            refuse(extra, row.line, "time", "a stream needs the time of each row");
        } else if (row.label.empty()) {
            refuse(extra, row.line, "label", "a replay needs the true label of each row");
        } else {
            rows.push_back(std::move(row));
        }
        return {};
    }));
    read.rows += extra.rows;
    read.rejected += extra.rejected;
    for (auto& rejection : extra.first_rejections) {
        if (read.first_rejections.size() < kReported) {
            read.first_rejections.push_back(std::move(rejection));
        }
    }
    if (rows.empty()) {
        return no_usable_row(file, read);
    }
    std::map<std::string, std::int32_t> ids;
    for (const auto& row : rows) {
        ids.emplace(row.label, 0);
    }
    for (auto& [label, id] : ids) {
        id = static_cast<std::int32_t>(stream.labels.size());
        stream.labels.push_back(label);
    }
    for (auto& row : rows) {
        if (!row.time) {
            continue;  // refused above
        }
        StreamRow made{row.id, *row.time, std::move(row.text), ids.at(row.label), {}};
        if (made.id.empty()) {
            made.id = fmt::format("line-{}", row.line);
        }
        for (const auto& [person, label] : row.annotators) {
            const auto found = ids.find(label);
            if (found != ids.end()) {
                made.annotators.emplace_back(person, found->second);
            }
        }
        stream.out_of_order += !stream.rows.empty() && made.time < stream.rows.back().time ? 1 : 0;
        stream.rows.push_back(std::move(made));
    }
    std::stable_sort(
        stream.rows.begin(),
        stream.rows.end(),
        [](const StreamRow& a, const StreamRow& b) { return a.time < b.time; }
    );
    stream.read = std::move(read);
    return stream;
}

Result<Cut> cut_stream(
    const Stream& stream, const std::string& train_until, const std::string& every
) {
    Cut cut;
    cut.train_end = TRY(train_end_of(stream, train_until));
    if (cut.train_end == 0 || cut.train_end >= stream.rows.size()) {
        return invalid_argument(fmt::format(
            "--train-until leaves no row to train on or none to serve: {} of {} rows train",
            cut.train_end,
            stream.rows.size()
        ));
    }
    if (every == "month") {
        cut.periods = months(stream, cut.train_end);
        return cut;
    }
    std::size_t rows = 0;
    const auto parsed = std::from_chars(every.data(), every.data() + every.size(), rows);
    if (parsed.ec != std::errc() || parsed.ptr != every.data() + every.size() || rows == 0) {
        return invalid_argument(
            fmt::format("--every takes `month` or a number of rows: '{}'", every)
        );
    }
    cut.periods = batches(stream, cut.train_end, rows);
    return cut;
}

Result<ReadSummary> StreamSource::read(const std::function<Result<void>(SourceRow&&)>& visit
) const {
    ReadSummary summary;
    for (std::size_t i = begin_; i < end_; ++i) {
        const auto& row = stream_.rows[i];
        SourceRow out;
        out.line = static_cast<std::int64_t>(i) + 1;
        out.id = row.id;
        out.time = row.time;
        out.text = row.text;
        out.label = stream_.labels[static_cast<std::size_t>(row.label)];
        TRY(visit(std::move(out)));
        ++summary.rows;
    }
    return summary;
}

}  // namespace flywheel::app
