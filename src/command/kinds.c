/* SPDX-License-Identifier: MIT */
#include "command/kinds.h"

#include <string.h>

/* Add a kind, or let it take the place of a shorter one of its name. *ret_known: nothing to do. */
static struct dill_error *add(struct kinds *kinds, const struct dill_record_kind *kind,
			      bool *ret_known)
{
	for (size_t i = 0; i < kinds->list.count; i++) {
		const struct dill_record_kind **known = &kinds->list.items[i];

		if (strcmp((*known)->name, kind->name) != 0)
			continue;
		*ret_known = (*known)->column_count >= kind->column_count;
		if (!*ret_known)
			*known = kind;
		return NULL;
	}
	*ret_known = false;
	return array_push(&kinds->list, kind);
}

struct dill_error *kinds_of_command(const struct command *command, struct kinds *ret)
{
	bool known;

	for (size_t i = 0; command->kinds && command->kinds[i]; i++)
		TRY(add(ret, command->kinds[i], &known));
	return NULL;
}

struct dill_error *kinds_inside(const struct dill_record_kind *kind, struct kinds *ret)
{
	for (size_t i = 0; i < kind->column_count; i++) {
		const struct dill_record_kind *of = kind->columns[i].of;
		bool known = true;

		if (of)
			TRY(add(ret, of, &known));
		if (!known) /* else a kind that holds itself would go on for ever */
			TRY(kinds_inside(of, ret));
	}
	return NULL;
}

const char *column_type_text(enum dill_column_type type)
{
	switch (type) {
	case DILL_COLUMN_ADDRESS:
		return "address";
	case DILL_COLUMN_COUNT:
	case DILL_COLUMN_TIME:
		return "number";
	case DILL_COLUMN_SIGNED:
		return "signed number";
	case DILL_COLUMN_BOOL:
		return "boolean";
	case DILL_COLUMN_ENUM:
	case DILL_COLUMN_TEXT:
		return "string";
	case DILL_COLUMN_ADDRESSES:
		return "array of addresses";
	case DILL_COLUMN_TEXTS:
		return "array of strings";
	case DILL_COLUMN_RECORDS:
		return "array of objects";
	case DILL_COLUMN_ANY:
		return "number or string";
	}
	return "";
}
