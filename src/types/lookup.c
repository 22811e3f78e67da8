/* SPDX-License-Identifier: MIT */
#include "types/type.h"
