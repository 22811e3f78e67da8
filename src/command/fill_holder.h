/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_FILL_HOLDER_H
#define COMMAND_FILL_HOLDER_H

#include "answer/holder_record.h"
#include "command/fill_object.h"
#include "graph/reach.h"

/** A part of the vmalloc or module range, and the memory that it shows. */
struct mapped_part {
	dill_virt first;
	uint64_t size;
	dill_phys phys;
};

/** Names the places where pointers are. */
struct holder_names {
	struct inquiry *inquiry;
	const struct graph *graph;
	const struct typing *typing; /**< NULL on a kernel without types */
	bool has_parts;
	ARRAY(struct mapped_part) parts; /**< read when first needed */
};
void holder_names_deinit(struct holder_names *names);

/** "struct file" for an object; NULL when it is not known. The inquiry's arena holds it. */
DILL_MUST_CHECK struct dill_error *holder_type(const struct holder_names *names, graph_index object,
					       const char **ret);

/** A record of an edge: the word @p edge of the object @p from. NULL; fatal errors */
DILL_MUST_CHECK struct dill_error *holder_of_edge(struct holder_names *names, graph_index from,
						  const struct graph_edge *edge,
						  struct dill_record **ret);
/** The same of a word outside of the heap. */
DILL_MUST_CHECK struct dill_error *holder_of_anchor(struct holder_names *names,
						    const struct anchor *anchor,
						    struct dill_record **ret);

#endif
