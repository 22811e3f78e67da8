/* SPDX-License-Identifier: MIT */
#include "slub/heap.h"
