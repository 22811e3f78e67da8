/* SPDX-License-Identifier: MIT */
#include "forger.h"

#include <string.h>

#include "lines.h"
#include "slub/free_pointer.h"
#include "slub/freelist.h"

/* --- where --- */

/* Half of the blind hits look for a word that is a kernel address: it will be followed. */
static bool choose_word(struct forger *forger, enum forge_aim aim, struct dice *dice,
			struct patch *patch, uint64_t *ret_old)
{
	bool seldom = dice_pick(dice, 8) == 0;
	bool early = forger->early.count && seldom == (aim == FORGE_HEAP);
	size_t count = early ? forger->early.count : forger->later.count;
	uint64_t key;

	if (!count)
		return false;
	key = (early ? forger->early.items : forger->later.items)[dice_pick(dice, count)];
	patch->space = key % DILL_PAGE_SIZE;
	patch->size = 8;
	for (size_t tries = dice_pick(dice, 2) * 32;; tries--) {
		patch->address = key - patch->space + dice_pick(dice, DILL_PAGE_SIZE / 8) * 8;
		if (!forged_target_peek(&forger->target, patch->space, patch->address, 8, ret_old))
			return false;
		if (!tries || *ret_old >> 47 == UINT64_MAX >> 47)
			return true;
	}
}

/* Where the target keeps a virtual address. */
static bool locate(struct forger *forger, dill_virt address, struct patch *patch)
{
	struct kernel *kernel = forger->fields.heap->kernel;
	struct mapping mapping;
	struct dill_error *error = kernel_translate(kernel, address, &mapping);
	bool untranslated = error && dill_error_code(error) == DILL_ERROR_UNSUPPORTED;

	dill_error_free(error);
	if (error && !untranslated)
		return false;
	patch->space = untranslated ? DILL_SPACE_VIRTUAL : DILL_SPACE_PHYSICAL;
	patch->address = untranslated ? address : mapping.phys;
	return true;
}

static bool choose_field(struct forger *forger, struct dice *dice, struct patch *patch,
			 uint64_t *ret_old, struct forged_field *ret)
{
	*ret = fields_choose(&forger->fields, dice);
	patch->size = ret->size;
	return locate(forger, ret->address, patch) &&
	       forged_target_peek(&forger->target, patch->space, patch->address, patch->size,
				  ret_old);
}

/* --- what --- */

static uint64_t choose_address(struct forger *forger, struct dice *dice,
			       const struct forged_field *field)
{
	static const int64_t distances[] = {0, 0, 0, 0, 8, -8, 16, 1, -1, 4096, -4096};
	uint64_t address = 0;

	/* Of the same kind: lists that cross, objects that are free twice. */
	if (field && dice_pick(dice, 2))
		address = fields_address_of(&forger->fields, field->group, dice);
	if (!address)
		address = fields_address(&forger->fields, dice);
	return address +
	       (uint64_t)distances[dice_pick(dice, sizeof(distances) / sizeof(*distances))];
}

static uint64_t choose_value(struct forger *forger, struct dice *dice,
			     const struct forged_field *field, uint64_t old)
{
	uint64_t value;

	switch (dice_pick(dice, 9)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX >> (dice_pick(dice, 2) * dice_pick(dice, 64));
	case 2:
		return dice_pick(dice, 70);
	case 3:
		return UINT64_C(1) << dice_pick(dice, 64);
	case 4:
		return old + (dice_pick(dice, 2) ? 8 : -8);
	case 5:
		return old ^ UINT64_C(1) << dice_pick(dice, 64);
	case 6:
		return dice_roll(dice);
	default:
		value = choose_address(forger, dice, field);
		/* Stored as the kernel stores it, it leads there. */
		if (field && field->group == FIELD_FREE_POINTER && dice_pick(dice, 4))
			value = freelist_decode(forger->fields.heap->encoding, field->key, value,
						field->address);
		return value;
	}
}

static bool choose_patch(struct forger *forger, enum forge_aim aim, struct dice *dice,
			 struct patch *ret)
{
	struct forged_field field;
	uint64_t old = 0;

	if (dice_pick(dice, 4) > (aim == FORGE_HEAP ? 0 : 2)) {
		if (!choose_field(forger, dice, ret, &old, &field))
			return false;
		ret->value = choose_value(forger, dice, &field, old);
		return true;
	}
	if (!choose_word(forger, aim, dice, ret, &old))
		return false;
	ret->value = choose_value(forger, dice, NULL, old);
	return true;
}

static size_t choose_count(struct dice *dice)
{
	static const size_t counts[] = {1, 1, 2, 3, 4, 6, 8, 16, 32, PATCHES_MAX};

	return counts[dice_pick(dice, sizeof(counts) / sizeof(*counts))];
}

struct dill_error *forger_forge(struct forger *forger, enum forge_aim aim, struct dice *dice)
{
	size_t wanted = choose_count(dice);

	TRY(session_begin(forger->session)); /* for translations */

	struct patch chosen[PATCHES_MAX];
	size_t count = 0;

	while (count < wanted)
		count += choose_patch(forger, aim, dice, &chosen[count]);
	for (size_t i = 0; i < count; i++)
		forged_target_patch(&forger->target, &chosen[i]);
	return session_end(forger->session);
}

/* --- the healthy target --- */

static struct dill_error *swallow(void *context, const char *bytes, size_t length)
{
	(void)context, (void)bytes, (void)length;
	return NULL;
}

static struct dill_error *run_line(struct forger *forger, const struct line *line)
{
	struct output output = {.write = swallow};
	enum command_status status;

	return command_execute(forger->session, line->argc, line->argv, &output, &status);
}

static struct dill_error *take_touched(struct forger *forger, uint64_t **ret, size_t *ret_count)
{
	forged_target_sort(&forger->target);
	*ret = steal(forger->target.touched.items);
	*ret_count = forger->target.touched.count;
	forger->target.touched.count = forger->target.touched.capacity = 0;
	return NULL;
}

static struct dill_error *find_kernel(struct forger *forger)
{
	struct heap *heap;

	TRY(session_begin(forger->session));

	struct dill_error *error = session_heap(forger->session, &heap);

	if (!error) {
		TRY(take_touched(forger, &forger->early.items, &forger->early.count));
		error = fields_collect(heap, &forger->fields);
	}
	if (!error)
		return session_end(forger->session);
	dill_error_free(session_end(forger->session));
	return error;
}

/* What each command reads, whatever it says: a recording need not hold the pages of all. */
static struct dill_error *run_all(struct forger *forger)
{
	struct line line;

	for (size_t i = 0; line_plain(i, &line); i++) {
		struct dill_error *error = run_line(forger, &line);

		if (error && error_is_fatal(error))
			return error;
		dill_error_free(error);
	}
	return take_touched(forger, &forger->later.items, &forger->later.count);
}

struct dill_error *forger_open(const char *path, struct forger *ret)
{
	struct target_options options = {.file = path};
	struct session_options session_options = {0};

	*ret = (struct forger){0};
	TRY(target_open(&options, &ret->target.inner, &ret->target.context));
	TRY(session_new(&forged_target_ops, &ret->target, &session_options, &ret->session));
	TRY(find_kernel(ret));
	return run_all(ret);
}

void forger_close(struct forger *forger)
{
	session_free(forger->session);
	fields_deinit(&forger->fields);
	array_free(&forger->early);
	array_free(&forger->later);
}
