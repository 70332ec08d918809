// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/openvino/batch_dimension.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "ports/engine/openvino/values.h"

namespace flywheel::openvino {

namespace {

template <class Ports, class Test>
bool all_first(const Ports& ports, Test test) {
    return std::all_of(ports.begin(), ports.end(), [&](const auto& port) {
        const ov::PartialShape& shape = port.get_partial_shape();
        return shape.rank().is_static() && shape.size() > 0 && test(shape[0]);
    });
}

bool is_free(const ov::Dimension& size) {
    return size.is_dynamic();
}

bool is_one_row(const ov::Dimension& size) {
    return size.is_dynamic() || size.get_length() == 1;
}

bool counts_rows(const ov::Model& model) {
    return all_first(model.inputs(), is_free) && all_first(model.outputs(), is_free);
}

/// The model with a free first dimension everywhere; nothing when it has none or cannot have one.
std::shared_ptr<ov::Model> with_free_rows(const std::shared_ptr<ov::Model>& model) {
    if (counts_rows(*model)) {
        return model;
    }
    if (!all_first(model->inputs(), is_one_row) || !all_first(model->outputs(), is_one_row)) {
        return nullptr;
    }
    try {
        auto free = model->clone();
        std::map<ov::Output<ov::Node>, ov::PartialShape> shapes;
        for (const auto& input : free->inputs()) {
            ov::PartialShape shape = input.get_partial_shape();
            shape[0] = ov::Dimension::dynamic();
            shapes.emplace(input, shape);
        }
        free->reshape(shapes);
        return counts_rows(*free) ? free : nullptr;
    } catch (const std::exception&) {
        return nullptr;  // its inner shapes do not allow it
    }
}

/// Values that a model may be asked with: small numbers, and 0 or 1 where they may be indices.
void fill(ov::Tensor& tensor, std::size_t from) {
    const ov::element::Type type = tensor.get_element_type();
    for (std::size_t i = 0; i < tensor.get_size(); ++i) {
        const std::size_t at = i + from;
        if (type == ov::element::f32) {
            tensor.data<float>()[i] = static_cast<float>(at * 37 % 101) / 50.0F - 1.0F;
        } else if (type == ov::element::f64) {
            tensor.data<double>()[i] = static_cast<double>(at * 37 % 101) / 50.0 - 1.0;
        } else {
            auto* const bytes = static_cast<char*>(tensor.data());
            const std::size_t size = type.size();
            std::fill_n(bytes + i * size, size, '\0');
            // One as an integer; as a half of either kind a number near zero.
            bytes[i * size] = static_cast<char>(at % 2);
        }
    }
}

class Trial {
  public:
    Trial(const ov::CompiledModel& compiled, std::size_t free_size)
        : compiled_(compiled), free_size_(free_size) {}

    /// Rows first, first + 1, ... of the trial's values; each output's values as far as they are
    /// numbers of full size, one after the other.
    std::vector<std::vector<double>> run(std::size_t first, std::size_t rows) {
        ov::InferRequest request = compiled_.create_infer_request();
        for (std::size_t i = 0; i < compiled_.inputs().size(); ++i) {
            const auto& input = compiled_.input(i);
            ov::Shape shape;
            for (const ov::Dimension& size : input.get_partial_shape()) {
                shape.push_back(size.is_static() ? size.get_length() : free_size_);
            }
            if (!shape.empty() && input.get_partial_shape()[0].is_dynamic()) {
                shape[0] = rows;
            }
            ov::Tensor tensor(input.get_element_type(), shape);
            fill(tensor, rows == 0 ? 0 : first * (tensor.get_size() / rows));
            request.set_input_tensor(i, tensor);
        }
        request.infer();
        std::vector<std::vector<double>> outputs;
        for (std::size_t i = 0; i < compiled_.outputs().size(); ++i) {
            outputs.push_back(numbers_of(request.get_output_tensor(i), rows));
        }
        return outputs;
    }

  private:
    std::vector<double> numbers_of(const ov::Tensor& tensor, std::size_t rows) const {
        const bool has_rows = !tensor.get_shape().empty() && tensor.get_shape()[0] == rows;
        std::vector<double> numbers(1, has_rows ? 1 : 0);
        if (tensor.get_element_type() == ov::element::f32) {
            const auto* const values = tensor.data<float>();
            numbers.insert(numbers.end(), values, values + tensor.get_size());
        }
        if (tensor.get_element_type() == ov::element::f64) {
            const auto* const values = tensor.data<double>();
            numbers.insert(numbers.end(), values, values + tensor.get_size());
        }
        return numbers;
    }

    ov::CompiledModel compiled_;
    std::size_t free_size_;
};

bool near(double a, double b) {
    constexpr double kTolerance = 1e-3;
    return std::abs(a - b) <= kTolerance * (1 + std::abs(a)) || (std::isnan(a) && std::isnan(b));
}

/// Both rows together give, row by row, what each gives alone.
bool same_together(
    const std::vector<std::vector<double>>& both,
    const std::vector<std::vector<double>>& first,
    const std::vector<std::vector<double>>& second
) {
    for (std::size_t i = 0; i < both.size(); ++i) {
        // The leading number says that the tensor has a row for each.
        std::vector<double> alone = first[i];
        alone.insert(alone.end(), second[i].begin() + 1, second[i].end());
        alone[0] = std::min(first[i][0], second[i][0]);
        if (both[i][0] != 1 ||
            !std::equal(both[i].begin(), both[i].end(), alone.begin(), alone.end(), near)) {
            return false;
        }
    }
    return true;
}

/// What a trial finds, with free dimensions set to the first size that the model takes; nothing
/// when it takes none of them.
template <class Ask>
auto with_some_size(const ov::CompiledModel& compiled, std::string& why, Ask ask)
    -> std::optional<decltype(ask(std::declval<Trial&>()))> {
    // Not the smallest first: less than a filter's size may end the process.
    for (const std::size_t size : {32U, 8U, 224U, 1U}) {
        try {
            Trial trial(compiled, size);
            return ask(trial);
        } catch (const std::exception& error) {
            why = first_line(error.what());
        }
    }
    return {};
}

bool has_free_sizes(const ov::CompiledModel& compiled, std::size_t from) {
    const auto inputs = compiled.inputs();
    return std::any_of(inputs.begin(), inputs.end(), [&](const auto& input) {
        const ov::PartialShape& shape = input.get_partial_shape();
        return std::any_of(
            shape.begin() + static_cast<std::ptrdiff_t>(std::min(from, shape.size())),
            shape.end(),
            is_free
        );
    });
}

/// It must run; only one whose sizes are free may want others than were tried.
Result<void> try_out(const ov::CompiledModel& compiled, std::size_t free_from) {
    std::string why;
    const auto ran = with_some_size(compiled, why, [](Trial& trial) { return trial.run(0, 1); });
    if (ran || has_free_sizes(compiled, free_from)) {
        return {};
    }
    return invalid_argument(
        "The model was read, but does not run on values of its own shapes: " + why
    );
}

Result<Decided> decided(
    const std::shared_ptr<ov::Model>& model, ov::CompiledModel compiled, bool batches
) {
    Decided made{TRY(signature_of(*model)), std::move(compiled)};
    made.signature.batches = batches;
    TRY(try_out(made.compiled, batches ? 1 : 0));
    return made;
}

}  // namespace

Result<Decided> decide_batches(
    const std::shared_ptr<ov::Model>& model, const std::string& wish, const Compile& compile
) {
    const auto free = wish == "no" ? nullptr : with_free_rows(model);
    if (wish == "yes" && free == nullptr) {
        return invalid_argument(
            "The model cannot batch: the first dimension of an input or output is fixed; export it "
            "with "
            "a free one, or import it with --batches no"
        );
    }
    if (free != nullptr) {
        auto compiled = compile(free);
        if (compiled && wish == "yes") {
            return decided(free, *compiled, true);
        }
        std::string why;
        const auto same =
            compiled
                ? with_some_size(
                      *compiled,
                      why,
                      [](Trial& trial) {
                          return same_together(trial.run(0, 2), trial.run(0, 1), trial.run(1, 1));
                      }
                  )
                : std::optional(false);
        // A model that says itself that its rows are free is believed where nothing can be tried.
        if (same.value_or(free == model)) {
            return decided(free, *compiled, true);
        }
    }
    return decided(model, TRY(compile(model)), false);
}

}  // namespace flywheel::openvino
