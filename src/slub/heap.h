/* SPDX-License-Identifier: MIT */
#ifndef SLUB_HEAP_H
#define SLUB_HEAP_H

#include "kernel/kernel.h"

/** The slab heap of one kernel: its layout resolved, its caches found. */
struct heap;

#endif
