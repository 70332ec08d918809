// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/openvino/openvino_backend.h"

int main(int count, char** arguments) {
    const auto backend = flywheel::openvino::make_backend();
    return flywheel::worker::serve_worker(*backend, {arguments + 1, arguments + count});
}
