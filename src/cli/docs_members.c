/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/docs.h"
#include "slub/feature.h"

enum need { OPTIONAL, REQUIRED };

static const struct {
	const char *structs, *paths;
	enum need need;
	const char *note;
} rows[] = {
#define MEMBER(id, structs, paths, need, note) {structs, paths, need, note},
#include "slub/layout.def"
#undef MEMBER
};

/* The names of a list "a|b", in order of preference. */
static void append_names(const char *list, struct strbuf *text)
{
	for (size_t length; *list; list += length + (list[length] == '|')) {
		length = strcspn(list, "|");
		strbuf_append_char(text, '`');
		strbuf_append_bytes(text, list, length);
		strbuf_append(text, list[length] ? "`, else " : "`");
	}
}

void docs_append_members(struct strbuf *text)
{
	strbuf_append(text, "| struct | member | without it | note |\n|---|---|---|---|\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		strbuf_append(text, "| ");
		append_names(rows[i].structs, text);
		strbuf_append(text, " | ");
		append_names(rows[i].paths, text);
		strbuf_append(text, rows[i].need == REQUIRED ? " | not understood | " : " | | ");
		docs_append_cell(rows[i].note, text);
		strbuf_append(text, " |\n");
	}
}

void docs_append_features(struct strbuf *text)
{
	strbuf_append(text, "| feature | where it is there |\n|---|---|\n");
	for (const struct slub_feature *feature = slub_features; feature->name; feature++) {
		strbuf_append_format(text, "| `%s` | ", feature->name);
		docs_append_cell(feature->text, text);
		strbuf_append(text, " |\n");
	}
}
