/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_ALIASES_RECORD_H
#define ANSWER_ALIASES_RECORD_H

#include "answer/record.h"

/** The names of a cache in sysfs; a row. */
enum aliases_column {
	ALIASES_COLUMN_NAME,
	ALIASES_COLUMN_USERS,
	ALIASES_COLUMN_FOLDER,
	ALIASES_COLUMN_ALIASES,
	ALIASES_COLUMN_ADDRESS
};
extern const struct dill_record_kind aliases_kind;

#endif
