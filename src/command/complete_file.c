/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <string.h>

#include "base/file_status.h"
#include "command/completions.h"

static bool is_folder(const char *path)
{
	struct file_status status;

	return file_status_path(path, &status) == 0 && status.folder;
}

/* @folder ends with a slash, or is empty. */
static struct dill_error *offer(struct completer *completer, const char *folder, const char *name)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf path = {0};

	strbuf_append(&path, folder);
	strbuf_append(&path, name);
	TRY(strbuf_error(&path));
	if (is_folder(strbuf_get(&path)))
		strbuf_append_char(&path, '/');
	TRY(strbuf_error(&path));
	return completer_offer(completer, strbuf_get(&path));
}

static struct dill_error *offer_all(struct completer *completer, DIR *entries, const char *folder)
{
	const char *name = completer->prefix + strlen(folder);

	for (const struct dirent *entry; (entry = readdir(entries));) {
		bool hidden = entry->d_name[0] == '.' && name[0] != '.';

		if (!hidden && strncmp(entry->d_name, name, strlen(name)) == 0)
			TRY(offer(completer, folder, entry->d_name));
	}
	return NULL;
}

struct dill_error *complete_file(struct completer *completer)
{
	const char *slash = strrchr(completer->prefix, '/');
	_cleanup_(freep)
	char *folder =
		strndup(completer->prefix, slash ? (size_t)(slash - completer->prefix) + 1 : 0);
	struct dill_error *error;
	DIR *entries;

	if (!folder)
		return error_no_memory();
	entries = opendir(slash ? folder : ".");
	if (!entries)
		return NULL;
	error = offer_all(completer, entries, folder);
	closedir(entries);
	return error;
}
