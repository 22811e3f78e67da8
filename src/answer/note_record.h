/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_NOTE_RECORD_H
#define ANSWER_NOTE_RECORD_H

#include "answer/record.h"

/** A line below a table, for people only: never emitted where records go to a program. */
enum { NOTE_TEXT };

extern const struct dill_record_kind note_kind;

#endif
