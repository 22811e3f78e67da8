/* SPDX-License-Identifier: MIT */
#include "target/memory.h"
