/* SPDX-License-Identifier: MIT */
#include "command/kinds.h"

static bool holds(const struct kinds *kinds, const struct record_kind *kind)
{
	for (size_t i = 0; i < kinds->list.count; i++)
		if (kinds->list.items[i] == kind)
			return true;
	return false;
}

struct dill_error *kinds_of_command(const struct command *command, struct kinds *ret)
{
	for (size_t i = 0; command->kinds && command->kinds[i]; i++)
		if (!holds(ret, command->kinds[i]))
			TRY(array_push(&ret->list, command->kinds[i]));
	return NULL;
}

struct dill_error *kinds_inside(const struct record_kind *kind, struct kinds *ret)
{
	for (size_t i = 0; i < kind->column_count; i++) {
		const struct record_kind *of = kind->columns[i].of;

		/* Being in the list ends the recursion of kinds that hold themselves. */
		if (!of || holds(ret, of))
			continue;
		TRY(array_push(&ret->list, of));
		TRY(kinds_inside(of, ret));
	}
	return NULL;
}

const char *column_type_text(enum column_type type)
{
	switch (type) {
	case COLUMN_ADDRESS:
		return "address";
	case COLUMN_COUNT:
		return "number";
	case COLUMN_SIGNED:
		return "signed number";
	case COLUMN_BOOL:
		return "boolean";
	case COLUMN_TEXT:
		return "string";
	case COLUMN_ADDRESSES:
		return "array of addresses";
	case COLUMN_TEXTS:
		return "array of strings";
	case COLUMN_RECORDS:
		return "array of objects";
	}
	return "";
}
