/* SPDX-License-Identifier: MIT */
#include "kernel/kallsyms_values.h"

#include <string.h>

/** Most bytes between neighbouring symbols that a table of values may show. */
#define STEP_MAX (UINT64_C(64) << 20)

/** A number that ascends through a table of the form, whatever its base; false: not in such one. */
static bool ascending_key(struct span bytes, uint64_t at, enum kallsyms_form form, int64_t *ret)
{
	int64_t value;

	if (!span_holds(bytes, at, kallsyms_value_size(form)))
		return false;
	if (form == KALLSYMS_ABSOLUTE) {
		*ret = (int64_t)span_u64(bytes, at);
		/* Only kernels that are linked into x86-64's window have had this form. */
		return (uint64_t)*ret >= KERNEL_WINDOW_FIRST &&
		       (uint64_t)*ret <= KERNEL_WINDOW_LAST;
	}
	value = (int32_t)span_u32(bytes, at);
	*ret = form == KALLSYMS_PERCPU ? -value : value + (int64_t)at;
	return form != KALLSYMS_PERCPU || value < 0;
}

static bool step_fits(int64_t before, int64_t behind)
{
	return behind >= before && (uint64_t)(behind - before) <= STEP_MAX;
}

static bool is_form(struct span bytes, uint64_t offset, uint64_t length, enum kallsyms_form form)
{
	uint64_t size = kallsyms_value_size(form);
	uint64_t steps = length / size - 1;
	uint64_t different = 0;
	int64_t previous;

	if (!ascending_key(bytes, offset, form, &previous))
		return false;
	for (uint64_t i = 1; i <= steps; i++) {
		uint64_t at = offset + i * size;
		int64_t key;

		if (!ascending_key(bytes, at, form, &key) || !step_fits(previous, key))
			return false;
		/* Addresses of symbols mostly differ, by little; padding repeats one word. */
		different += key != previous && key - previous < 65536 &&
			     memcmp(bytes.data + at, bytes.data + at - size, size) != 0;
		previous = key;
	}
	return different > steps / 2;
}

bool kallsyms_is_values(struct span bytes, uint64_t offset, uint64_t length,
			enum kallsyms_form *ret)
{
	static const enum kallsyms_form forms[] = {
		KALLSYMS_PERCPU,
		KALLSYMS_ABSOLUTE,
		/* What ascends without the place added does so with it: covers RELATIVE. */
		KALLSYMS_SELF_RELATIVE,
	};

	if (length < 64 || !span_holds(bytes, offset, length))
		return false;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (is_form(bytes, offset, length, forms[i])) {
			*ret = forms[i];
			return true;
		}
	}
	return false;
}

struct kallsyms_values kallsyms_values_extent(struct span bytes, uint64_t offset, uint64_t length,
					      enum kallsyms_form form)
{
	uint64_t size = kallsyms_value_size(form);
	struct kallsyms_values values = {.first = offset, .end = offset + length, .form = form};
	int64_t key;
	int64_t other;

	while (values.first >= size && ascending_key(bytes, values.first, form, &key) &&
	       ascending_key(bytes, values.first - size, form, &other) && step_fits(other, key))
		values.first -= size;
	while (ascending_key(bytes, values.end - size, form, &key) &&
	       ascending_key(bytes, values.end, form, &other) && step_fits(key, other))
		values.end += size;
	return values;
}
