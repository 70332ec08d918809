// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"
#include "app/demo/demo.h"

int main(int count, char** arguments) {
    return flywheel::app::run_commands(count, arguments, flywheel::app::run_demo);
}
