/* SPDX-License-Identifier: MIT */
#include "fake_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dill_error *begin(void *context)
{
	(void)context;
	return NULL;
}

static bool moves(void *context)
{
	const struct fake_target *target = context;

	return target->moves;
}

static unsigned spaces(void *context)
{
	struct fake_target *target = context;

	return target->spaces;
}

static struct dill_error *read_pages(void *context, enum dill_space space,
				     struct dill_page_request *requests, size_t count)
{
	struct fake_target *target = context;

	assert_true(target->spaces & space);
	target->calls++;
	target->pages += count;
	for (size_t i = 0; i < count; i++) {
		uint64_t offset = requests[i].address - target->first;

		assert_int_equal(requests[i].address % DILL_PAGE_SIZE, 0);
		requests[i].done = requests[i].address >= target->first && offset < target->size;
		if (requests[i].done)
			memcpy(requests[i].buffer, target->bytes + offset, DILL_PAGE_SIZE);
	}
	return NULL;
}

static bool next_range(void *context, dill_phys from, dill_phys *ret_first, uint64_t *ret_size)
{
	struct fake_target *target = context;

	if (!target->tells_ranges || from >= target->first + target->size)
		return false;
	*ret_first = from > target->first ? from : target->first;
	*ret_size = target->first + target->size - *ret_first;
	return true;
}

static const char *vmcoreinfo(void *context, size_t *ret_size)
{
	struct fake_target *target = context;

	*ret_size = target->vmcoreinfo ? strlen(target->vmcoreinfo) : 0;
	return target->vmcoreinfo;
}

static struct dill_error *registers(void *context, unsigned cpu, struct dill_registers *ret)
{
	struct fake_target *target = context;

	if (cpu >= target->cpus)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "no CPU %u", cpu);
	*ret = target->registers[cpu];
	return NULL;
}

static struct dill_error *cpu_count(void *context, unsigned *ret)
{
	struct fake_target *target = context;

	*ret = target->cpus;
	return NULL;
}

static uint64_t generation(void *context)
{
	struct fake_target *target = context;

	return target->generation;
}

static const char *describe(void *context)
{
	(void)context;
	return "fake";
}

static void close_target(void *context)
{
	(void)context;
}

static bool run(void *context, struct dill_runner *ret)
{
	struct fake_target *target = context;

	*ret = (struct dill_runner){target->run, target};
	return target->run;
}

static const struct dill_target_ops ops = {
	.name = "fake",
	.begin = begin,
	.end = begin,
	.moves = moves,
	.spaces = spaces,
	.read_pages = read_pages,
	.next_range = next_range,
	.vmcoreinfo = vmcoreinfo,
	.registers = registers,
	.cpu_count = cpu_count,
	.generation = generation,
	.describe = describe,
	.run = run,
	.close = close_target,
};

const struct dill_target_ops *fake_target_ops(void)
{
	return &ops;
}

void fake_target_init(struct fake_target *target, unsigned spaces_served, uint64_t first,
		      size_t size)
{
	*target = (struct fake_target){
		.spaces = spaces_served,
		.first = first,
		.bytes = calloc(1, size),
		.size = size,
		.cpus = 1,
	};
	assert_non_null(target->bytes);
}

void fake_target_deinit(struct fake_target *target)
{
	free(target->bytes);
}

struct target *fake_target_open(struct fake_target *target)
{
	struct target *memory;

	assert_null(target_new(&ops, target, NULL, &memory));
	assert_null(target_begin(memory));
	return memory;
}

void fake_target_close(struct target *memory)
{
	assert_null(target_end(memory));
	target_free(memory);
}

void fake_target_run(struct fake_target *target, struct target *memory)
{
	assert_null(target_end(memory));
	target->generation++;
	assert_null(target_begin(memory));
}

void *fake_target_at(struct fake_target *target, uint64_t address)
{
	assert_in_range(address, target->first, target->first + target->size - 1);
	return target->bytes + (address - target->first);
}

uint64_t fake_target_u64(struct fake_target *target, uint64_t address)
{
	uint64_t value;

	memcpy(&value, fake_target_at(target, address), sizeof(value));
	return value;
}

void fake_target_set_u64(struct fake_target *target, uint64_t address, uint64_t value)
{
	memcpy(fake_target_at(target, address), &value, sizeof(value));
}

/* --- page tables --- */

#define PRESENT	     UINT64_C(1)
#define LARGE	     UINT64_C(0x80)
#define ADDRESS_MASK UINT64_C(0x000ffffffffff000)

void fake_tables_init(struct fake_tables *tables, struct fake_target *target, unsigned levels,
		      uint64_t root, uint64_t next)
{
	*tables = (struct fake_tables){target, root, next, levels};
}

static uint64_t entry_in(uint64_t table, uint64_t address, unsigned level)
{
	return table + (address >> (12 + 9 * (level - 1)) & 511) * 8;
}

void fake_tables_map(struct fake_tables *tables, uint64_t address, uint64_t phys, unsigned level,
		     uint64_t flags)
{
	uint64_t table = tables->root;

	for (unsigned at = tables->levels; at > level; at--) {
		uint64_t entry = entry_in(table, address, at);

		if (!fake_target_u64(tables->target, entry)) {
			fake_target_set_u64(tables->target, entry,
					    tables->next | PRESENT | FAKE_WRITABLE | FAKE_USER);
			tables->next += DILL_PAGE_SIZE;
		}
		table = fake_target_u64(tables->target, entry) & ADDRESS_MASK;
	}
	fake_target_set_u64(tables->target, entry_in(table, address, level),
			    phys | flags | PRESENT | (level > 1 ? LARGE : 0));
}

uint64_t fake_tables_entry(struct fake_tables *tables, uint64_t address, unsigned level)
{
	uint64_t table = tables->root;

	for (unsigned at = tables->levels; at > level; at--)
		table = fake_target_u64(tables->target, entry_in(table, address, at)) &
			ADDRESS_MASK;
	return entry_in(table, address, level);
}
