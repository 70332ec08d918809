// SPDX-License-Identifier: Apache-2.0
// The counts of serving under the names of Triton.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/v2_groups.h"
#include "serving_world.h"

namespace flywheel::gateway {
namespace {

using ::testing::HasSubstr;

TEST(TritonMetrics, HaveTheNamesThatDashboardsAskFor) {
    testing::ServingWorld world;
    world.add_version("m", 1, "0.5,0.25,0.25");
    world.roll_out("m", 1);
    ASSERT_TRUE(world.serving.refresh("m"));
    const std::vector<std::string_view> two = {"x", "y"};
    ASSERT_TRUE(world.serving.infer({.model = "m", .version = "", .request_id = "", .texts = two}));
    const std::vector<std::string_view> blank = {" "};
    ASSERT_FALSE(world.serving.infer({.model = "m", .version = "", .request_id = "", .texts = blank}
    ));
    MetricsPage page;
    append_triton_metrics(world.serving, page);
    const std::string text = page.text();
    const std::string of_version = R"({model="m",version="1"} )";
    for (const auto& [name, value] :
         {std::pair<std::string, std::string>{"nv_inference_request_success", "1"},
          {"nv_inference_count", "2"},
          {"nv_inference_exec_count", "1"},
          {"nv_inference_pending_request_count", "0"},
          {"nv_inference_queue_duration_us", "0"}}) {
        EXPECT_THAT(text, HasSubstr("\n" + name + of_version + value + "\n"));
    }
    for (const char* stage : {"request", "compute_input", "compute_infer", "compute_output"}) {
        const std::string name = std::string("nv_inference_") + stage + "_duration_us";
        EXPECT_THAT(text, HasSubstr("# TYPE " + name + " counter\n" + name + of_version));
    }
    for (const auto& [reason, value] :
         {std::pair<std::string, std::string>{"REJECTED", "0"},
          {"CANCELED", "0"},
          {"BACKEND", "0"},
          {"OTHER", "1"}}) {
        EXPECT_THAT(
            text,
            HasSubstr(
                R"(nv_inference_request_failure{model="m",version="1",reason=")" + reason + "\"} " +
                value + "\n"
            )
        );
    }
}

}  // namespace
}  // namespace flywheel::gateway
