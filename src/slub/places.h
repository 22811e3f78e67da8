/* SPDX-License-Identifier: MIT */
#ifndef SLUB_PLACES_H
#define SLUB_PLACES_H

#include "slub/contents.h"
#include "slub/place.h"
#include "slub/waiting_data.h"

/** Gets each freed object with its place; an error ends the walk. */
typedef struct dill_error *(*place_visitor)(void *context, dill_virt object,
					    const struct place *place);

/**
 * Visit every object on any list of a cache: CPUs first, then nodes, then those that wait.
 * @param contents  read with CONTENTS_FREELISTS
 * @param waiting   NULL to leave those out
 */
DILL_MUST_CHECK struct dill_error *places_visit(const struct contents *contents,
						const struct waiting *waiting, place_visitor visit,
						void *context);

#endif
