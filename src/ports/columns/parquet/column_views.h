#pragma once
// SPDX-License-Identifier: Apache-2.0
// Typed access to the columns of a batch. Used within this adapter; as column_cells.h it needs
// Arrow's own headers.

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/clock.h"
#include "base/result.h"
#include "ports/columns/columns.h"
#include "records/field.h"

namespace flywheel::cells {

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

inline std::shared_ptr<arrow::DataType> utc_micros() {
    return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

/// Names of an enumeration as they come from a column.
template <class E>
Result<E> name_at(const arrow::StringArray& names, std::int64_t row) {
    auto value = parse_enum<E>(names.GetView(row));
    if (!value) {
        return corrupt(value.error().message);
    }
    return *value;
}

inline bool within(TimeRange range, Time time) {
    return range.begin <= time && time < range.end;
}

template <class Bytes>
void copy_fixed(const arrow::FixedSizeBinaryArray& from, std::int64_t row, Bytes& out) {
    std::memcpy(out.data(), from.GetValue(row), out.size());
}

}  // namespace flywheel::cells
