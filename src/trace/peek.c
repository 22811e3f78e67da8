/* SPDX-License-Identifier: MIT */
#include "trace/peek.h"

#include <stdlib.h>

#include "kernel/pagetable.h"

struct run_peek {
	struct peek peek;
	struct kernel *kernel;
	struct dill_runner runner;
	bool direct;
	/* Where the direct map lies: it stays where it is. */
	const struct memory_map *map;
	struct pagetable tables;
	uint8_t table[DILL_PAGE_SIZE];
};

static struct dill_error *read_physical(struct run_peek *peek, dill_phys address, void *buffer,
					size_t length)
{
	return peek->runner.ops->read(peek->runner.context, DILL_SPACE_PHYSICAL, address, buffer,
				      length);
}

/* For a walk through page tables as they are now. */
static struct dill_error *read_table(void *context, dill_phys table, const uint8_t **ret)
{
	struct run_peek *peek = context;

	TRY(read_physical(peek, table, peek->table, sizeof(peek->table)));
	*ret = peek->table;
	return NULL;
}

static struct dill_error *translate(struct run_peek *peek, dill_virt address, dill_phys *ret)
{
	struct mapping mapping;

	if (memory_map_is_direct(peek->map, address)) {
		*ret = address - peek->map->page_offset;
		return NULL;
	}
	/* Stacks come and go: what was translated a moment ago need not hold any more. */
	TRY(pagetable_walk(&peek->tables, address, &mapping));
	*ret = mapping.phys;
	return NULL;
}

static struct dill_error *read_direct(struct run_peek *peek, dill_virt address, uint8_t *to,
				      size_t length)
{
	while (length) {
		size_t part = DILL_PAGE_SIZE - (size_t)(address % DILL_PAGE_SIZE);
		dill_phys phys;

		if (part > length)
			part = length;
		TRY(translate(peek, address, &phys));
		TRY(read_physical(peek, phys, to, part));
		address += part;
		to += part;
		length -= part;
	}
	return NULL;
}

static struct dill_error *run_read(struct peek *base, dill_virt address, void *buffer,
				   size_t length)
{
	struct run_peek *peek = (struct run_peek *)base;

	if (peek->direct)
		return read_direct(peek, address, buffer, length);
	return peek->runner.ops->read(peek->runner.context, DILL_SPACE_VIRTUAL, address, buffer,
				      length);
}

struct dill_error *peek_new(struct kernel *kernel, struct dill_runner runner, struct peek **ret)
{
	struct run_peek *peek = calloc(1, sizeof(*peek));

	if (!peek)
		return error_no_memory();
	peek->peek.read = run_read;
	peek->kernel = kernel;
	peek->runner = runner;
	peek->map = kernel_memory_map(kernel);
	peek->direct = runner.ops->direct_spaces(runner.context) & DILL_SPACE_PHYSICAL &&
		       kernel_page_tables(kernel, &peek->tables);
	peek->tables.read = read_table;
	peek->tables.prefetch = NULL;
	peek->tables.context = peek;
	*ret = &peek->peek;
	return NULL;
}

void peek_free(struct peek *peek)
{
	free(peek);
}
