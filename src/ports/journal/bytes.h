#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where the journal's code looks for base/bytes.h, which moved down when the worker protocol came
// to need it, too. Pure functions, any thread.

#include "base/bytes.h"
