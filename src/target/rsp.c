/* SPDX-License-Identifier: MIT */
#include "target/open.h"
