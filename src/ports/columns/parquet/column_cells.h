#pragma once
// SPDX-License-Identifier: Apache-2.0
// Typed access to the columns of a batch, and builders that fill them. Used by the
// batches; this is the one header of ours that needs Arrow's own.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/extension/uuid.h>
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

    /// Text, or binary with a BinaryBuilder.
    template <class Builder = arrow::StringBuilder, class Get>
    Result<void> texts(const Get& get) {
        Builder builder;
        std::int64_t bytes = 0;
        for (const Row* row : rows_) {
            bytes += static_cast<std::int64_t>(std::string_view(get(*row)).size());
        }
        TRY(checked(builder.Reserve(size())));
        TRY(checked(builder.ReserveData(bytes)));
        for (const Row* row : rows_) {
            builder.UnsafeAppend(std::string_view(get(*row)));
        }
        return finish(builder);
    }

    /// Binary of one width; `get(row)` is a view of so many bytes.
    template <class Get>
    Result<void> fixed(std::int32_t width, const Get& get) {
        const auto type = next_type();
        arrow::FixedSizeBinaryBuilder builder(arrow::fixed_size_binary(width));
        TRY(checked(builder.Reserve(size())));
        for (const Row* row : rows_) {
            builder.UnsafeAppend(get(*row));
        }
        std::shared_ptr<arrow::Array> storage;
        TRY(checked(builder.Finish(&storage)));
        if (type->id() == arrow::Type::EXTENSION) {
            storage = arrow::ExtensionType::WrapArray(type, storage);
        }
        columns_.push_back(std::move(storage));
        return {};
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

/// The column of this name as `ArrayType`; Corrupt when it is absent, of another type or holds
/// nulls.
template <class ArrayType>
Result<std::shared_ptr<ArrayType>> column(
    const arrow::RecordBatch& batch, const std::string& name
) {
    auto found = batch.GetColumnByName(name);
    if (found && found->type_id() == arrow::Type::EXTENSION) {
        found = static_cast<const arrow::ExtensionArray&>(*found).storage();
    }
    auto typed = std::dynamic_pointer_cast<ArrayType>(found);
    if (!typed || typed->null_count() != 0) {
        return corrupt("Column is missing, has another type or holds nulls: '" + name + "'");
    }
    return typed;
}

/// As column(), of exactly `width` bytes a value.
inline Result<std::shared_ptr<arrow::FixedSizeBinaryArray>> fixed_column(
    const arrow::RecordBatch& batch, const std::string& name, std::int32_t width
) {
    auto typed = TRY(column<arrow::FixedSizeBinaryArray>(batch, name));
    if (typed->byte_width() != width) {
        return corrupt("Column has another width: '" + name + "'");
    }
    return typed;
}

/// A list column together with its items.
template <class ItemArray>
struct ListColumn {
    std::shared_ptr<arrow::ListArray> lists;
    std::shared_ptr<ItemArray> items;

    template <class Item>
    void copy(std::int64_t row, std::vector<Item>& out) const {
        const auto* first = items->raw_values() + lists->value_offset(row);
        out.assign(first, first + lists->value_length(row));
    }
};

template <class ItemArray>
Result<ListColumn<ItemArray>> list_column(
    const arrow::RecordBatch& batch, const std::string& name
) {
    ListColumn<ItemArray> found;
    found.lists = TRY(column<arrow::ListArray>(batch, name));
    found.items = std::dynamic_pointer_cast<ItemArray>(found.lists->values());
    if (!found.items || found.items->null_count() != 0) {
        return corrupt("Column has items of another type or nulls: '" + name + "'");
    }
    return found;
}

inline Time time_at(const arrow::TimestampArray& times, std::int64_t row) {
    return Time(Duration(times.Value(row)));
}

template <class Bytes>
void copy_fixed(const arrow::FixedSizeBinaryArray& from, std::int64_t row, Bytes& out) {
    std::memcpy(out.data(), from.GetValue(row), out.size());
}

}  // namespace flywheel::cells
