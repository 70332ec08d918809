// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/parquet_file.h"

#include <cerrno>
#include <limits>
#include <system_error>

#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>
#include <parquet/statistics.h>
#include <unistd.h>

namespace flywheel {

namespace {

namespace fs = std::filesystem;

Error write_error(const fs::path& path, std::string_view reason) {
    return make_error(
        Code::Unavailable,
        fmt::format("Cannot write captured rows to Parquet: {}: {}", path.string(), reason)
    );
}

Error errno_error(const fs::path& path) {
    return write_error(path, std::generic_category().message(errno));
}

Error corrupt_file(const fs::path& path, std::string_view reason) {
    return corrupt(fmt::format("Parquet file is damaged: {}: {}", path.string(), reason));
}

Result<void> written(const arrow::Status& status, const fs::path& path) {
    if (!status.ok()) {
        return write_error(path, status.ToString());
    }
    return {};
}

std::shared_ptr<parquet::WriterProperties> writer_properties() {
    parquet::WriterProperties::Builder builder;
    builder.compression(parquet::Compression::ZSTD)
        ->compression_level(3)
        ->max_row_group_length(kRowGroupRows)
        ->enable_write_page_index()
        ->enable_page_checksum();
    // Values that hardly repeat: a dictionary would only be built to be thrown away.
    for (const char* column :
         {"id",
          "request_id",
          "time",
          "payload_digest",
          "digest",
          "bytes",
          "first_seen",
          "outputs",
          "scores.list.element",
          "base_scores.list.element",
          "embedding",
          "row_id",
          "confidence",
          "margin",
          "entropy",
          "target",
          "at",
          "arrived"}) {
        builder.disable_dictionary(column);
    }
    // Random bits: trying to compress them costs a quarter of the time and gains nothing.
    for (const char* column : {"id", "payload_digest", "digest", "embedding"}) {
        builder.compression(column, parquet::Compression::UNCOMPRESSED)
            ->compression_level(column, arrow::util::kUseDefaultCompressionLevel);
    }
    for (const char* column :
         {"payload_digest",
          "payload",
          "bytes",
          "outputs",
          "scores.list.element",
          "base_scores.list.element",
          "embedding"}) {
        builder.disable_statistics(column);
    }
    return builder.build();
}

bool overlaps(const parquet::RowGroupMetaData& group, int column, TimeRange range) {
    const auto chunk = group.ColumnChunk(column);
    const auto statistics = chunk->statistics();
    const auto typed = std::dynamic_pointer_cast<parquet::Int64Statistics>(statistics);
    if (!typed || !typed->HasMinMax()) {
        return true;
    }
    return typed->max() >= micros(range.begin) && typed->min() < micros(range.end);
}

struct Selection {
    std::vector<int> row_groups;
    std::vector<int> columns;
    int time_column = -1;
};

/// Numbers of rows among the selected row groups, half-open.
struct RowSpan {
    std::int64_t begin = 0;
    std::int64_t end = std::numeric_limits<std::int64_t>::max();
};

Selection select(const parquet::FileMetaData& file, const ParquetCut& cut) {
    Selection selection;
    const int time_column = file.schema()->ColumnIndex(cut.time_column);
    selection.time_column = time_column;
    for (int i = 0; i < file.num_row_groups(); ++i) {
        if (time_column < 0 || overlaps(*file.RowGroup(i), time_column, cut.range)) {
            selection.row_groups.push_back(i);
        }
    }
    for (int i = 0; i < file.num_columns(); ++i) {
        if (!cut.reads || cut.reads(file.schema()->GetColumnRoot(i)->name())) {
            selection.columns.push_back(i);
        }
    }
    return selection;
}

/// A look-up: worth reading the times first, to decode no more than must be.
bool is_narrow(TimeRange range) {
    constexpr std::chrono::seconds kNarrow{10};
    return range.begin < Time::max() - kNarrow && range.end <= range.begin + kNarrow;
}

/// From the first row in the range to the last one.
arrow::Result<RowSpan> rows_within(
    parquet::arrow::FileReader& reader, const Selection& selection, TimeRange range
) {
    ARROW_ASSIGN_OR_RAISE(
        auto batches, reader.GetRecordBatchReader(selection.row_groups, {selection.time_column})
    );
    RowSpan span{0, 0};
    std::int64_t row = 0;
    while (true) {
        ARROW_ASSIGN_OR_RAISE(const auto batch, batches->Next());
        if (batch == nullptr) {
            return span;
        }
        if (batch->num_columns() != 1 || batch->column(0)->type_id() != arrow::Type::TIMESTAMP) {
            return RowSpan{};
        }
        const auto* times = batch->column_data(0)->GetValues<std::int64_t>(1);
        for (std::int64_t i = 0; i < batch->num_rows(); ++i, ++row) {
            if (times[i] >= micros(range.begin) && times[i] < micros(range.end)) {
                span = {span.end == 0 ? row : span.begin, row + 1};
            }
        }
    }
}

Result<void> read_batches(
    const fs::path& path,
    const ParquetCut& cut,
    const std::function<Result<void>(const arrow::RecordBatch&)>& visit
) {
    auto properties = parquet::default_reader_properties();
    properties.set_page_checksum_verification(true);
    parquet::arrow::FileReaderBuilder builder;
    if (const auto opened = builder.OpenFile(path.string(), false, properties); !opened.ok()) {
        return corrupt_file(path, opened.ToString());
    }
    parquet::ArrowReaderProperties arrow_properties(false);
    arrow_properties.set_batch_size(is_narrow(cut.range) ? 2'048 : 16'384);
    arrow_properties.set_pre_buffer(false);
    auto reader = builder.properties(arrow_properties)->Build();
    if (!reader.ok()) {
        return corrupt_file(path, reader.status().ToString());
    }
    const Selection selection = select(*(*reader)->parquet_reader()->metadata(), cut);
    arrow::Result<RowSpan> span = RowSpan{};
    if (is_narrow(cut.range) && selection.time_column >= 0) {
        span = rows_within(**reader, selection, cut.range);
    }
    auto batches = (*reader)->GetRecordBatchReader(selection.row_groups, selection.columns);
    if (!batches.ok() || !span.ok()) {
        return corrupt_file(path, (batches.ok() ? span.status() : batches.status()).ToString());
    }
    std::int64_t row = 0;
    while (row < span->end) {
        std::shared_ptr<arrow::RecordBatch> batch;
        if (const auto read = (*batches)->ReadNext(&batch); !read.ok()) {
            return corrupt_file(path, read.ToString());
        }
        if (batch == nullptr) {
            return {};
        }
        row += batch->num_rows();
        if (row <= span->begin) {
            continue;
        }
        if (const auto valid = batch->ValidateFull(); !valid.ok()) {
            return corrupt_file(path, valid.ToString());
        }
        auto visited = visit(*batch);
        if (!visited) {
            const bool damaged = visited.error().code == Code::Corrupt;
            return damaged ? corrupt_file(path, visited.error().message) : visited.error();
        }
    }
    return {};
}

}  // namespace

/// What an unfinished file consists of.
class ParquetWriter::Open {
  public:
    explicit Open(fs::path path) : path_(std::move(path)), temporary_(path_.string() + ".tmp") {}

    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;

    ~Open() {
        if (!finished_) {
            writer_.reset();
            ::unlink(temporary_.c_str());
        }
    }

    Result<void> begin(const std::shared_ptr<arrow::Schema>& schema) {
        auto opened = arrow::io::FileOutputStream::Open(temporary_.string());
        TRY(written(opened.status(), temporary_));
        stream_ = *std::move(opened);
        const auto metadata = arrow::key_value_metadata({"flywheel.format"}, {"3"});
        auto writer = parquet::arrow::FileWriter::Open(
            *schema->WithMetadata(metadata),
            arrow::default_memory_pool(),
            stream_,
            writer_properties(),
            parquet::ArrowWriterProperties::Builder().store_schema()->build()
        );
        TRY(written(writer.status(), temporary_));
        writer_ = *std::move(writer);
        return {};
    }

    Result<void> write(const arrow::RecordBatch& batch) {
        return written(writer_->WriteRecordBatch(batch), temporary_);
    }

    Result<std::uint64_t> finish() {
        TRY(written(writer_->Close(), temporary_));
        const auto bytes = stream_->Tell();
        TRY(written(bytes.status(), temporary_));
        if (::fsync(stream_->file_descriptor()) != 0) {
            return errno_error(temporary_);
        }
        TRY(written(stream_->Close(), temporary_));
        if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
            return errno_error(path_);
        }
        finished_ = true;
        return static_cast<std::uint64_t>(*bytes);
    }

    /// Runs a call of this class; parquet's exceptions become errors.
    template <class Call>
    auto guarded(const Call& call) -> decltype(call()) {
        try {
            return call();
        } catch (const std::exception& thrown) {
            return write_error(temporary_, thrown.what());
        }
    }

  private:
    fs::path path_;
    fs::path temporary_;
    std::shared_ptr<arrow::io::FileOutputStream> stream_;
    std::unique_ptr<parquet::arrow::FileWriter> writer_;
    bool finished_ = false;
};

Result<ParquetWriter> ParquetWriter::open(
    const fs::path& path, const std::shared_ptr<arrow::Schema>& schema
) {
    auto open = std::make_unique<Open>(path);
    TRY(open->guarded([&] { return open->begin(schema); }));
    return ParquetWriter(std::move(open));
}

ParquetWriter::ParquetWriter(std::unique_ptr<Open> open) : open_(std::move(open)) {}

ParquetWriter::ParquetWriter(ParquetWriter&& other) noexcept = default;
ParquetWriter& ParquetWriter::operator=(ParquetWriter&& other) noexcept = default;
ParquetWriter::~ParquetWriter() = default;

Result<void> ParquetWriter::write(const arrow::RecordBatch& batch) {
    return open_->guarded([&] { return open_->write(batch); });
}

Result<std::uint64_t> ParquetWriter::finish() {
    return open_->guarded([&] { return open_->finish(); });
}

Result<void> read_parquet(
    const fs::path& path,
    const ParquetCut& cut,
    const std::function<Result<void>(const arrow::RecordBatch&)>& visit
) {
    try {
        return read_batches(path, cut, visit);
    } catch (const std::exception& thrown) {
        return corrupt_file(path, thrown.what());
    }
}

Result<void> write_file(const fs::path& path, std::string_view bytes) {
    const fs::path temporary = path.string() + ".tmp";
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return errno_error(temporary);
    }
    const auto size = static_cast<ssize_t>(bytes.size());
    errno = ENOSPC;  // what a short write means
    const bool good = ::write(fd, bytes.data(), bytes.size()) == size && ::fsync(fd) == 0;
    Result<void> result;
    if (!good) {
        result = errno_error(temporary);
    }
    ::close(fd);
    if (good && ::rename(temporary.c_str(), path.c_str()) != 0) {
        result = errno_error(path);
    }
    if (!result) {
        ::unlink(temporary.c_str());
    }
    return result;
}

Result<void> write_small_file(const fs::path& path, std::string_view bytes) {
    TRY(write_file(path, bytes));
    return sync_columns_folder(path.parent_path());
}

Result<void> sync_columns_folder(const fs::path& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool good = fd >= 0 && ::fsync(fd) == 0;
    Result<void> result;
    if (!good) {
        result = errno_error(folder);
    }
    if (fd >= 0) {
        ::close(fd);
    }
    return result;
}

}  // namespace flywheel
