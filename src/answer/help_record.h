/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_HELP_RECORD_H
#define ANSWER_HELP_RECORD_H

#include "answer/record.h"

/** How a command is used. */
enum help_column { HELP_COLUMN_COMMAND, HELP_COLUMN_TEXT };
extern const struct dill_record_kind help_kind;

#endif
