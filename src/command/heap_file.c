/* SPDX-License-Identifier: MIT */
#include "command/heap_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/db_kind.h"
#include "target/open.h"

static struct dill_error *make_folder(struct heap_files *files)
{
	const char *where = getenv("TMPDIR");

	if (files->folder)
		return NULL;
	if (asprintf(&files->folder, "%s/dill-XXXXXX", where && *where ? where : "/tmp") < 0) {
		files->folder = NULL;
		return error_no_memory();
	}
	if (mkdtemp(files->folder))
		return NULL;

	struct dill_error *error = dill_error_new_os(errno, "cannot make %s", files->folder);

	free(steal(files->folder));
	return error;
}

static struct dill_error *export_session(struct session *session, const char *path,
					 size_t *findings_count)
{
	const struct heap_request request = {.path = path};
	struct heap_counts counts;
	struct dill_error *error;
	_cleanup_(arena_freep)
	struct arena *arena = NULL;

	TRY(arena_new(&arena));

	struct findings findings = {.arena = arena};

	TRY(session_begin(session));
	error = heap_export(session, &request, arena, &findings, &counts);
	*findings_count += findings.count;
	error = session_explain(session, error);
	if (error)
		dill_error_free(session_end(session));
	else
		error = session_end(session);
	return error;
}

static struct dill_error *export_dump(const char *name, const char *path, size_t *findings)
{
	const struct target_options target_options = {.file = name};
	const struct session_options session_options = {0};
	const struct dill_target_ops *ops;
	void *context;
	_cleanup_(session_freep)
	struct session *session = NULL;

	TRY(target_open(&target_options, &ops, &context));
	TRY(session_new(ops, context, &session_options, &session));
	return export_session(session, path, findings);
}

static struct dill_error *prepare(struct heap_files *files, const char *name, size_t index)
{
	if (db_is_sqlite(name)) {
		files->paths[index] = strdup(name);
		return files->paths[index] ? NULL : error_no_memory();
	}
	TRY(make_folder(files));
	if (asprintf(&files->paths[index], "%s/%c.db", files->folder, index ? 'b' : 'a') < 0) {
		files->paths[index] = NULL;
		return error_no_memory();
	}
	files->is_made[index] = true;
	return export_dump(name, files->paths[index], &files->findings);
}

struct dill_error *heap_files_prepare(const char *const names[2], struct heap_files *ret)
{
	*ret = (struct heap_files){0};
	TRY(prepare(ret, names[0], 0));
	return prepare(ret, names[1], 1);
}

void heap_files_deinit(struct heap_files *files)
{
	for (size_t i = 0; i < 2; i++) {
		if (files->is_made[i])
			unlink(files->paths[i]);
		free(files->paths[i]);
	}
	if (files->folder)
		rmdir(files->folder);
	free(files->folder);
	*files = (struct heap_files){0};
}
