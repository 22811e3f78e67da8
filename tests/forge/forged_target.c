/* SPDX-License-Identifier: MIT */
#include "forged_target.h"

#include <string.h>

static struct dill_error *begin(void *context)
{
	struct forged_target *target = context;

	return target->inner->begin(target->context);
}

static struct dill_error *end(void *context)
{
	struct forged_target *target = context;

	return target->inner->end(target->context);
}

static bool moves(void *context)
{
	struct forged_target *target = context;

	return target->inner->moves && target->inner->moves(target->context);
}

static unsigned spaces(void *context)
{
	struct forged_target *target = context;

	return target->inner->spaces(target->context);
}

static void lie(const struct forged_target *target, enum dill_space space,
		const struct dill_page_request *request)
{
	for (size_t i = 0; i < target->patch_count; i++) {
		const struct patch *patch = &target->patches[i];
		uint64_t offset = patch->address - request->address;

		if (patch->space == space && offset < DILL_PAGE_SIZE)
			memcpy(request->buffer + offset, &patch->value, patch->size);
	}
}

static struct dill_error *read_pages(void *context, enum dill_space space,
				     struct dill_page_request *requests, size_t count)
{
	struct forged_target *target = context;

	TRY(target->inner->read_pages(target->context, space, requests, count));
	for (size_t i = 0; i < count; i++) {
		if (!requests[i].done)
			continue;
		lie(target, space, &requests[i]);
		TRY(array_push(&target->touched, requests[i].address | space));
	}
	return NULL;
}

static struct dill_error *registers(void *context, unsigned cpu, struct dill_registers *ret)
{
	struct forged_target *target = context;

	return target->inner->registers(target->context, cpu, ret);
}

static struct dill_error *cpu_count(void *context, unsigned *ret)
{
	struct forged_target *target = context;

	return target->inner->cpu_count(target->context, ret);
}

static uint64_t generation(void *context)
{
	const struct forged_target *target = context;

	return target->generation;
}

static const char *describe(void *context)
{
	struct forged_target *target = context;

	return target->inner->describe(target->context);
}

static void close_target(void *context)
{
	struct forged_target *target = context;

	target->inner->close(target->context);
	array_free(&target->touched);
}

static void close_nothing(void *context)
{
	(void)context;
}

#define OPS(close_function)                                                                        \
	{                                                                                          \
		.name = "forged", .begin = begin, .end = end, .moves = moves, .spaces = spaces,    \
		.read_pages = read_pages, .registers = registers, .cpu_count = cpu_count,          \
		.generation = generation, .describe = describe, .close = (close_function),         \
	}

const struct dill_target_ops forged_target_ops = OPS(close_target);
const struct dill_target_ops forged_target_ops_borrowed = OPS(close_nothing);

bool forged_target_peek(struct forged_target *target, enum dill_space space, uint64_t address,
			unsigned size, uint64_t *ret)
{
	uint8_t page[DILL_PAGE_SIZE];
	uint64_t offset = address % DILL_PAGE_SIZE;
	struct dill_page_request request = {.address = address - offset, .buffer = page};
	struct dill_error *error = target->inner->read_pages(target->context, space, &request, 1);

	dill_error_free(error);
	if (error || !request.done || offset + size > DILL_PAGE_SIZE)
		return false;
	*ret = 0;
	memcpy(ret, page + offset, size);
	return true;
}

bool forged_target_patch(struct forged_target *target, const struct patch *patch)
{
	if (target->patch_count == PATCHES_MAX)
		return false;
	target->patches[target->patch_count++] = *patch;
	target->generation++;
	return true;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *one = a, *two = b;

	return (*one > *two) - (*one < *two);
}

void forged_target_sort(struct forged_target *target)
{
	size_t kept = 0;

	if (!target->touched.count)
		return;
	qsort(target->touched.items, target->touched.count, sizeof(uint64_t), by_value);
	for (size_t i = 0; i < target->touched.count; i++)
		if (!kept || target->touched.items[i] != target->touched.items[kept - 1])
			target->touched.items[kept++] = target->touched.items[i];
	target->touched.count = kept;
}
