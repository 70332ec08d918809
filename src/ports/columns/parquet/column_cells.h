#pragma once
// SPDX-License-Identifier: Apache-2.0
// Builders that fill the columns of a batch. Used within this adapter; with column_views.h the only
// headers of ours that need Arrow's own.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/clock.h"
#include "base/result.h"
#include "records/field.h"

namespace flywheel::cells {

inline Result<void> checked(const arrow::Status& status) {
    if (!status.ok()) {
        return internal_error("Arrow refused to build columns: " + status.ToString());
    }
    return {};
}

inline std::string_view view(const Uuid& uuid) {
    return {reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size()};
}

inline std::string_view view(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

inline std::string_view view(const std::vector<std::uint16_t>& halves) {
    return {reinterpret_cast<const char*>(halves.data()), halves.size() * sizeof(std::uint16_t)};
}

/// Collects the columns of one batch, each from one field of every row.
template <class Row>
class BatchBuilder {
  public:
    BatchBuilder(std::span<const Row* const> rows, std::shared_ptr<arrow::Schema> schema)
        : rows_(rows), schema_(std::move(schema)) {}

    /// Numbers and times: `get(row)` gives what the builder appends.
    template <class Builder, class Get>
    Result<void> numbers(const Get& get) {
        Builder builder(next_type(), arrow::default_memory_pool());
        TRY(checked(builder.Reserve(size())));
        for (const Row* row : rows_) {
            builder.UnsafeAppend(get(*row));
        }
        return finish(builder);
    }

    template <class Get>
    Result<void> texts(const Get& get) {
        return strings<arrow::StringBuilder>(get);
    }

    /// Bytes of any length; `get(row)` is a view of them.
    template <class Get>
    Result<void> bytes(const Get& get) {
        return strings<arrow::BinaryBuilder>(get);
    }

    /// Binary of one width; `get(row)` is a view of so many bytes.
    template <class Get>
    Result<void> fixed(std::int32_t width, const Get& get) {
        arrow::FixedSizeBinaryBuilder builder(arrow::fixed_size_binary(width));
        TRY(checked(builder.Reserve(size())));
        for (const Row* row : rows_) {
            builder.UnsafeAppend(get(*row));
        }
        return finish(builder);
    }

    /// Lists of numbers; `get(row)` is a vector.
    template <class ItemBuilder, class Get>
    Result<void> lists(const Get& get) {
        const auto items = std::make_shared<ItemBuilder>();
        arrow::ListBuilder builder(arrow::default_memory_pool(), items, next_type());
        std::int64_t total = 0;
        for (const Row* row : rows_) {
            total += static_cast<std::int64_t>(get(*row).size());
        }
        TRY(checked(builder.Reserve(size())));
        TRY(checked(items->Reserve(total)));
        for (const Row* row : rows_) {
            const auto& list = get(*row);
            TRY(checked(builder.Append()));
            if (!list.empty()) {  // Arrow copies from a null pointer otherwise
                const auto length = static_cast<std::int64_t>(list.size());
                TRY(checked(items->AppendValues(list.data(), length)));
            }
        }
        return finish(builder);
    }

    Result<std::shared_ptr<arrow::RecordBatch>> batch() {
        CHECK(columns_.size() == static_cast<std::size_t>(schema_->num_fields()));
        return arrow::RecordBatch::Make(schema_, size(), std::move(columns_));
    }

  private:
    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(rows_.size()); }

    [[nodiscard]] std::shared_ptr<arrow::DataType> next_type() const {
        return schema_->field(static_cast<int>(columns_.size()))->type();
    }

    template <class Builder, class Get>
    Result<void> strings(const Get& get) {
        Builder builder;
        std::int64_t bytes = 0;
        for (const Row* row : rows_) {
            bytes += static_cast<std::int64_t>(std::string_view(get(*row)).size());
        }
        TRY(checked(builder.Reserve(size())));
        TRY(checked(builder.ReserveData(bytes)));
        for (const Row* row : rows_) {
            const std::string_view text(get(*row));
            builder.UnsafeAppend(
                text.empty() ? std::string_view("") : text
            );  // memcpy wants no null
        }
        return finish(builder);
    }

    Result<void> finish(arrow::ArrayBuilder& builder) {
        std::shared_ptr<arrow::Array> column;
        TRY(checked(builder.Finish(&column)));
        columns_.push_back(std::move(column));
        return {};
    }

    std::span<const Row* const> rows_;
    std::shared_ptr<arrow::Schema> schema_;
    std::vector<std::shared_ptr<arrow::Array>> columns_;
};

}  // namespace flywheel::cells
