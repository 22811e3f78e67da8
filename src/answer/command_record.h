/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_COMMAND_RECORD_H
#define ANSWER_COMMAND_RECORD_H

#include "answer/record.h"

/** One of dill's commands; a row. */
enum command_column { COMMAND_COLUMN_NAME, COMMAND_COLUMN_SUMMARY };
extern const struct dill_record_kind command_kind;

#endif
