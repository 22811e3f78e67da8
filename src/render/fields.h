/* SPDX-License-Identifier: MIT */
#ifndef RENDER_FIELDS_H
#define RENDER_FIELDS_H

#include "render/view.h"

/* What pictures of records share: fields as printf() takes them, and labels. */

/** The number in @p column (ADDRESS or COUNT); 0 when absent. */
static inline unsigned long field_number(const struct dill_record *record, size_t column)
{
	return (unsigned long)record_number(record, column);
}

/** True when the BOOL in @p column is there and true. */
static inline bool field_flag(const struct dill_record *record, size_t column)
{
	return record->fields[column].present && record->fields[column].flag;
}

#define FIELD_LABEL_WIDTH 16

/** A label of FIELD_LABEL_WIDTH columns behind two blanks. */
static inline void field_label(struct painter *painter, const char *text)
{
	paint(painter, STYLE_PLAIN, "  ");
	paint_padded(painter, STYLE_DIM, text, FIELD_LABEL_WIDTH);
}

#endif
