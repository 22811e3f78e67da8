/* SPDX-License-Identifier: MIT */
#include "store/query.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/suggest.h"
#include "store/heap_schema.h"
#include "store/store_private.h"

/* Steps of SQLite's machine between two looks whether the user wants to stop. */
#define STEPS 20000

struct query {
	char *path;
	sqlite3 *db;
	sqlite3_stmt *statement;
	struct query_stop stop;
};

#define ALL_NAMES                                                                                  \
	"(SELECT name, type FROM sqlite_master WHERE type = 'table' UNION ALL SELECT name, type "  \
	"FROM sqlite_temp_master WHERE type = 'view')"

static const char listing[] =
	"SELECT n.name, n.type, (SELECT group_concat(c.name, ', ') FROM pragma_table_info(n.name) "
	"c) AS columns FROM " ALL_NAMES " n ORDER BY n.type, n.name";

void query_free(struct query *query)
{
	if (!query)
		return;
	sqlite3_finalize(query->statement);
	sqlite3_close(query->db);
	free(query->path);
	free(query);
}

/* --- opening --- */

static int may(void *context, int action, const char *first, const char *second,
	       const char *database, const char *trigger)
{
	static const char *const pragmas[] = {"table_info", "table_xinfo", "table_list",
					      "index_list", "index_info",  "foreign_key_list"};

	(void)context;
	(void)second;
	(void)database;
	(void)trigger;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_FUNCTION: /* those that read or load files are not there */
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_PRAGMA:
		for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++)
			if (!strcmp(first, pragmas[i]))
				return SQLITE_OK;
		return SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

static int progress(void *context)
{
	const struct query *query = context;

	return query->stop.wanted(query->stop.context);
}

static struct dill_error *open_file(struct query *query)
{
	const struct db_kind *kind = db_kind_of(query->path);

	if (!kind) {
		TRY(db_check_regular(query->path));
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "it is neither a heap export nor a trace");
	}
	TRY(db_open_checked(query->path, kind, &query->db));
	/* SQLite trusts no view of the file, but those that are made here. */
	TRY(views_create(query->db, kind->views, "TEMP VIEW"));
	/* SQLite asks the authorizer about the table that it makes of the pragma at first use. */
	TRY(db_run(query->db, "SELECT 1 FROM pragma_table_info('meta')"));
	sqlite3_limit(query->db, SQLITE_LIMIT_COLUMN, 2000); /* of joins */
	sqlite3_limit(query->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_set_authorizer(query->db, may, NULL);
	if (query->stop.wanted)
		sqlite3_progress_handler(query->db, STEPS, progress, query);
	return NULL;
}

/* --- what is wrong with a question --- */

/* Names that a query could have meant, and all of them, for a message. */
static struct dill_error *offer(sqlite3 *db, const char *sql, struct suggest *suggest,
				struct strbuf *all)
{
	_cleanup_(db_statement_freep)
	sqlite3_stmt *statement = NULL;
	bool row;

	TRY(db_prepare(db, sql, &statement));
	for (;;) {
		const char *name;

		TRY(db_step(statement, &row));
		if (!row)
			return strbuf_error(all);
		name = (const char *)sqlite3_column_text(statement, 0);
		if (!name)
			continue;
		suggest_offer(suggest, name);
		strbuf_append_format(all, "%s%s", all->length ? ", " : "", name);
	}
}

/* SQLite's "no such table: x" with what there is. */
static struct dill_error *explain(sqlite3 *db, const char *said)
{
	static const char table[] = "no such table: ", column[] = "no such column: ";
	bool is_table = !strncmp(said, table, strlen(table));
	const char *name = strstr(said, ": ");
	_cleanup_(strbuf_deinitp)
	struct strbuf all = {0};
	_cleanup_(freep)
	char *copy = strdup(said);
	struct suggest suggest;

	if (!copy)
		return error_no_memory();
	if (!name || (!is_table && strncmp(said, column, strlen(column)) != 0))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "%s", copy);
	name = copy + (name - said) + 2;
	if (!is_table && strrchr(name, '.'))
		name = strrchr(name, '.') + 1;
	suggest_init(&suggest, name);
	if (is_table) {
		TRY(offer(db, "SELECT name FROM " ALL_NAMES " ORDER BY 1", &suggest, &all));
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "%s%s; there are %s", copy,
				      suggest_text(&suggest), strbuf_get(&all));
	}
	TRY(offer(db, "SELECT DISTINCT c.name FROM " ALL_NAMES " n, pragma_table_info(n.name) c",
		  &suggest, &all));
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
			      "%s%s; without a query the columns are listed", copy,
			      suggest_text(&suggest));
}

/* Of a statement, not of the file. */
static struct dill_error *statement_error(sqlite3 *db)
{
	switch (sqlite3_errcode(db) & 0xff) {
	case SQLITE_AUTH:
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "the file is only read: ask with SELECT, WITH, VALUES or "
				      "EXPLAIN");
	case SQLITE_ERROR:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
	case SQLITE_MISMATCH:
		return explain(db, sqlite3_errmsg(db));
	default:
		return db_error(db);
	}
}

static struct dill_error *prepare(struct query *query, const char *sql)
{
	sqlite3_stmt *more = NULL;
	const char *rest = sql;
	int code = sqlite3_prepare_v2(query->db, sql, -1, &query->statement, &rest);

	if (code != SQLITE_OK)
		return statement_error(query->db);
	if (!query->statement)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "the query is empty");
	code = sqlite3_prepare_v2(query->db, rest, -1, &more, NULL);
	sqlite3_finalize(more);
	if (code != SQLITE_OK || more)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "one query at a time: behind the first there is \"%.40s\"",
				      rest + strspn(rest, " \t\n;"));
	if (sqlite3_bind_parameter_count(query->statement))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "a parameter has no value here: write it into the query");
	return NULL;
}

static struct dill_error *open_and_prepare(struct query *query, const char *sql)
{
	TRY(dill_error_add_context(open_file(query), "%s", query->path));
	return prepare(query, sql ? sql : listing);
}

struct dill_error *query_new(const char *path, const char *sql, const struct query_stop *stop,
			     struct query **ret)
{
	_cleanup_(query_freep)
	struct query *query = calloc(1, sizeof(*query));

	if (!query)
		return error_no_memory();
	query->stop = *stop;
	query->path = strdup(path);
	if (!query->path)
		return error_no_memory();
	TRY(open_and_prepare(query, sql));
	*ret = steal(query);
	return NULL;
}

/* --- the answer --- */

size_t query_column_count(const struct query *query)
{
	return (size_t)sqlite3_column_count(query->statement);
}

static const char *printable(const char *bytes, size_t length, struct arena *arena)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	strbuf_append_printable(&text, bytes, length);
	return text.failed ? NULL : arena_copy_text(arena, strbuf_get(&text), text.length);
}

const char *query_column_name(const struct query *query, size_t column, struct arena *arena)
{
	const char *name = sqlite3_column_name(query->statement, (int)column);

	return name ? printable(name, strlen(name), arena) : NULL;
}

/* x'0102', as SQL has it. */
static const char *blob_text(const unsigned char *bytes, size_t length, struct arena *arena)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	strbuf_append(&text, "x'");
	for (size_t i = 0; i < length && i < DB_TEXT_MAX; i++)
		strbuf_append_format(&text, "%02x", bytes[i]);
	strbuf_append(&text, length > DB_TEXT_MAX ? "...'" : "'");
	return text.failed ? NULL : arena_copy_text(arena, strbuf_get(&text), text.length);
}

/* With as few digits as give the same number again. */
static const char *real_text(double value, struct arena *arena)
{
	char text[32];

	snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof(text), "%.17g", value);
	return arena_copy_text(arena, text, strlen(text));
}

static struct dill_error *read_value(sqlite3_stmt *statement, int column, struct arena *arena,
				     struct query_value *ret)
{
	double real;

	*ret = (struct query_value){0};
	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_NULL:
		return NULL;
	case SQLITE_INTEGER:
		ret->is_number = true;
		ret->text = arena_format(arena, "%" PRId64,
					 (int64_t)sqlite3_column_int64(statement, column));
		break;
	case SQLITE_FLOAT:
		real = sqlite3_column_double(statement, column);
		ret->is_number = isfinite(real); /* JSON has no others */
		ret->text = real_text(real, arena);
		break;
	case SQLITE_BLOB:
		ret->text = blob_text(sqlite3_column_blob(statement, column),
				      (size_t)sqlite3_column_bytes(statement, column), arena);
		break;
	default:
		return db_text(statement, column, arena, &ret->text);
	}
	return ret->text ? NULL : error_no_memory();
}

struct dill_error *query_next(struct query *query, struct arena *arena, struct query_value *values,
			      bool *ret_row)
{
	int code = sqlite3_step(query->statement);

	*ret_row = code == SQLITE_ROW;
	if (code == SQLITE_DONE)
		return NULL;
	if (code != SQLITE_ROW)
		return dill_error_add_context(statement_error(query->db), "%s", query->path);
	for (size_t i = 0; i < query_column_count(query); i++)
		TRY(read_value(query->statement, (int)i, arena, &values[i]));
	return NULL;
}
