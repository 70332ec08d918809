// SPDX-License-Identifier: Apache-2.0
#include "app/operations/settings_edit.h"

#include <fstream>

#include <gtest/gtest.h>

#include "app/settings.h"
#include "base/json_value.h"
#include "temp_folder.h"

namespace flywheel::app {
namespace {

class SettingsEdit : public ::testing::Test {
  protected:
    void write(const std::string& text) { std::ofstream(file_, std::ios::binary) << text; }

    testing::TempFolder folder_;
    std::filesystem::path file_ = folder_.path() / "flywheel.toml";
};

TEST_F(SettingsEdit, ChangesOneValueAndKeepsTheRest) {
    write(
        "# mine\n[model]\nname = \"news\" # of the shop\n\n[loop]\nevery_days = 14  # a turn # is "
        "due\nlabel_share = 0.1\n[serve]\nport = 8000\n"
    );
    const auto text =
        edited_text(file_, {{"loop.every_days", 7}, {"model.licence", "CC-BY-4.0 # \"x\""}});
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(
        *text,
        "# mine\n[model]\nlicence = \"CC-BY-4.0 # \\\"x\\\"\"\nname = \"news\" # of the "
        "shop\n\n[loop]\nevery_days = 7  # a turn # is due\nlabel_share = 0.1\n[serve]\nport = "
        "8000\n"
    );
}

TEST_F(SettingsEdit, ReadsBackWhatItWrote) {
    write(settings_text(Settings{}));
    const Json changes = {
        {"loop.label_share", 0.25},
        {"loop.when_undecided", "keep"},
        {"loop.label_shift_correction", false},
        {"loop.trials", 9}
    };
    const auto before = settings_file_text(file_).value();
    const auto text = edited_text(file_, changes);
    ASSERT_TRUE(text) << text.error().message;
    ASSERT_TRUE(write_settings(file_, before, *text));
    const auto editable = editable_settings(file_).value();
    for (const Json& one : editable) {
        const auto changed = changes.find(one.at("name").get<std::string>());
        EXPECT_TRUE(changed == changes.end() || one.at("value") == *changed) << one;
    }
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(SettingsEdit, RefusesWhatTheProgramWouldNotStartWith) {
    write(settings_text(Settings{}));
    EXPECT_FALSE(edited_text(file_, {{"loop.label_share", 7}}));
    EXPECT_FALSE(edited_text(file_, {{"loop.when_undecided", "perhaps"}}));
    EXPECT_FALSE(edited_text(file_, {{"loop.trials", Json::array()}}));
    const auto unknown = edited_text(file_, {{"serve.port", 1}});
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().message.find("loop.label_share"), std::string::npos);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(SettingsEdit, DoesNotOverwriteWhatSomebodyElseChanged) {
    write("[loop]\nevery_days = 14\n");
    const auto before = settings_file_text(file_).value();
    write("[loop]\nevery_days = 21\n");
    const auto written = write_settings(file_, before, "[loop]\nevery_days = 7\n");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Code::Conflict);
    EXPECT_EQ(settings_file_text(file_).value(), "[loop]\nevery_days = 21\n");
}

}  // namespace
}  // namespace flywheel::app
