/* SPDX-License-Identifier: MIT */
#ifndef SLUB_PLACE_TEXT_H
#define SLUB_PLACE_TEXT_H

#include "base/arena.h"
#include "slub/place.h"

/** A place in words: "CPU 1's main sheaf, slot 17"; NULL when memory ran out. */
const char *place_text(const struct place *place, struct arena *arena);

#endif
