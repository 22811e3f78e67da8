/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <string.h>

#include "base/file_status.h"
#include "command/completions.h"

/* Whether a file may be offered; folders lead to others. */
static bool is_wanted(const struct completer *completer, const char *path, bool *ret_folder)
{
	struct file_status status;
	bool known = file_status_path(path, &status) == 0;

	*ret_folder = known && status.folder;
	return !completer->sockets_only || *ret_folder || (known && status.socket);
}

/* @folder ends with a slash, or is empty. */
static struct dill_error *offer(struct completer *completer, const char *folder, const char *name)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf path = {0};
	bool folder_itself;

	strbuf_append(&path, folder);
	strbuf_append(&path, name);
	TRY(strbuf_error(&path));
	if (!is_wanted(completer, strbuf_get(&path), &folder_itself))
		return NULL;
	if (folder_itself)
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
