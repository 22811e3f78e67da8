/* SPDX-License-Identifier: MIT */
#include "trace_damage.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "render/trace_page.h"
#include "store/object_history.h"
#include "trace_file.h"

static struct dill_error *read_history(struct trace_store *store, dill_virt address)
{
	_cleanup_(trace_history_freep)
	struct trace_history *history = NULL;
	uint32_t symbols[TRACE_STACK_MAX];
	size_t count;

	TRY(trace_history_new(store, address, &history));
	for (size_t i = 0; i < history->entries.count; i++)
		TRY(stored_stack_read(store, &history->names, history->entries.items[i].event.stack,
				      symbols, &count));
	return NULL;
}

static struct dill_error *read_totals(struct trace_store *store)
{
	_cleanup_(trace_totals_freep)
	struct trace_totals *totals = NULL;
	_cleanup_(strbuf_deinitp)
	struct strbuf page = {0};

	TRY(trace_totals_new(store, &totals));
	for (int by = TRACE_BY_CACHE; by <= TRACE_BY_PROCESS; by++) {
		trace_groups groups = {0};
		struct dill_error *error =
			trace_totals_group(totals, (enum trace_group_by)by, &groups);

		array_free(&groups);
		TRY(error);
	}
	return trace_page_append(totals, &trace_page_limits, &page, NULL);
}

static struct dill_error *read_all(const char *path)
{
	_cleanup_(trace_store_freep)
	struct trace_store *store = NULL;
	struct dill_error *error;

	TRY(trace_store_open(path, &store));
	error = read_totals(store);
	dill_error_free(read_history(store, TRACE_FILE_OBJECT + 70));
	return error;
}

static void write_file(const char *path, struct span bytes)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(bytes.data, 1, bytes.size, file) != bytes.size || fclose(file) != 0)
		abort();
}

bool trace_damage_read(const char *path, struct span bytes)
{
	struct dill_error *error;
	bool answered;

	write_file(path, bytes);
	error = read_all(path);
	answered = !error;
	dill_error_free(error);
	return answered;
}

uint8_t *trace_damage_make(const char *path, size_t *ret_size)
{
	struct trace_store *store = trace_file_begin(path);
	uint8_t *bytes;
	FILE *file;

	trace_file_fill(store, 40);
	trace_store_free(store);
	file = fopen(path, "r");
	if (!file || fseek(file, 0, SEEK_END) != 0)
		abort();
	*ret_size = (size_t)ftell(file);
	bytes = malloc(*ret_size);
	if (!bytes || fseek(file, 0, SEEK_SET) || fread(bytes, 1, *ret_size, file) != *ret_size)
		abort();
	fclose(file);
	return bytes;
}
