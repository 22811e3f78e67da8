/* SPDX-License-Identifier: MIT */
#include "kernel/build_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file_status.h"
#include "base/strbuf.h"
#include "base/write_all.h"
#include "kernel/build_file.h"

#define SUFFIX	  ".build"
#define TEMPORARY ".new"
/* What a process that was killed has left behind goes after so many seconds. */
#define LEFT_OVER_S 3600
/* Entries of the folder that are looked at. */
#define ENTRIES_MAX 4096u

static bool ends_with(const char *name, const char *suffix)
{
	size_t length = strlen(name), tail = strlen(suffix);

	return length > tail && !strcmp(name + length - tail, suffix);
}

/* The folder's name; an empty text when neither variable tells. */
static struct dill_error *append_folder(struct strbuf *ret)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	/* The specification has relative ones ignored. */
	if (cache && *cache == '/')
		strbuf_append_format(ret, "%s/dill/builds", cache);
	else if (home && *home == '/')
		strbuf_append_format(ret, "%s/.cache/dill/builds", home);
	return strbuf_error(ret);
}

/* Of no use to the caller but to say it: what is kept is never needed. */
static struct dill_error *failed(const char *what, const char *path)
{
	return dill_error_new(DILL_ERROR_NOT_FOUND, "cannot %s %s: %s", what, path,
			      strerror(errno));
}

/* --- reading --- */

static void entry_free(struct build_entry *entry)
{
	free(steal(entry->path));
}

void build_list_deinit(struct build_list *list)
{
	for (size_t i = 0; i < list->entries.count; i++)
		entry_free(&list->entries.items[i]);
	array_free(&list->entries);
}

static int by_use(const void *a, const void *b)
{
	const struct build_entry *one = a, *two = b;

	return (one->used < two->used) - (one->used > two->used);
}

#if __GNUC__ >= 10 && !defined(__clang__)
/* gcc's analyzer loses sight of what is stored in a growing array, and calls it a leak. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* Add a file of the folder that is a kept build, or remove it when a killed process has left it. */
static struct dill_error *look_at(const char *folder, const char *name, struct build_list *list)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf path = {0};
	_cleanup_(freep)
	char *copy = NULL;
	struct file_status status;

	if (!ends_with(name, SUFFIX) && !ends_with(name, TEMPORARY))
		return NULL;
	strbuf_append_format(&path, "%s/%s", folder, name);
	TRY(strbuf_error(&path));
	if (file_status_path(strbuf_get(&path), &status) != 0 || !status.regular ||
	    !status.is_private)
		return NULL;
	if (ends_with(name, TEMPORARY)) {
		if (time(NULL) - status.changed > LEFT_OVER_S)
			(void)unlink(strbuf_get(&path));
		return NULL;
	}
	copy = strdup(strbuf_get(&path));
	if (!copy)
		return error_no_memory();
	TRY(array_push(&list->entries, ((struct build_entry){copy, status.changed, status.size})));
	(void)steal(copy);
	return NULL;
}

static void close_folder(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

struct dill_error *build_store_list(struct build_list *ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf name = {0};
	_cleanup_(close_folder)
	DIR *folder = NULL;
	_cleanup_(build_list_deinitp)
	struct build_list list = {0};
	const struct dirent *item;

	TRY(append_folder(&name));
	folder = name.length ? opendir(strbuf_get(&name)) : NULL;
	for (unsigned i = 0; folder && i < ENTRIES_MAX && (item = readdir(folder)); i++)
		TRY(look_at(strbuf_get(&name), item->d_name, &list));
	if (list.entries.count)
		qsort(list.entries.items, list.entries.count, sizeof(*list.entries.items), by_use);
	*ret = list;
	list = (struct build_list){0};
	return NULL;
}

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

struct dill_error *build_store_read(const char *path, size_t most, uint8_t **ret, size_t *ret_size)
{
	_cleanup_(close_fd)
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_(freep)
	uint8_t *bytes = NULL;
	struct file_status status;
	size_t size = 0, wanted;

	if (fd < 0 || file_status_fd(fd, &status) != 0)
		return failed("read", path);
	if (!status.regular || !status.is_private)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "others than its owner could have written it");
	if (status.size > BUILD_FILE_MAX)
		return dill_error_new(DILL_ERROR_BAD_DATA, "it is too large");
	wanted = status.size < most ? (size_t)status.size : most;
	bytes = malloc(wanted + 1);
	if (!bytes)
		return error_no_memory();
	while (size < wanted) {
		ssize_t part = read(fd, bytes + size, wanted - size);

		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return failed("read", path);
		if (!part)
			break;
		size += (size_t)part;
	}
	*ret = steal(bytes);
	*ret_size = size;
	return NULL;
}

void build_store_touch(const char *path)
{
	/* Without it the file is merely taken for older than it is. */
	(void)utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}

/* --- writing --- */

static struct dill_error *make_folder(struct strbuf *name)
{
	char *text;
	struct dill_error *error = NULL;

	TRY(append_folder(name));
	if (!name->length)
		return dill_error_new(DILL_ERROR_NOT_FOUND,
				      "neither XDG_CACHE_HOME nor HOME is set");
	text = strdup(strbuf_get(name));
	if (!text)
		return error_no_memory();
	for (char *at = strchr(text + 1, '/'); at && !error; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(text, 0700) != 0 && errno != EEXIST)
			error = failed("make", text);
		*at = '/';
	}
	if (!error && mkdir(text, 0700) != 0 && errno != EEXIST)
		error = failed("make", text);
	free(text);
	return error;
}

/* The folder is bounded: the files that were used last stay. */
static struct dill_error *make_room(void)
{
	_cleanup_(build_list_deinitp)
	struct build_list list = {0};
	uint64_t bytes = 0;

	TRY(build_store_list(&list));
	for (size_t i = 0; i < list.entries.count; i++) {
		bytes += list.entries.items[i].size;
		/* The first one has just been written. */
		if (i && (i >= BUILD_STORE_FILES || bytes > BUILD_STORE_BYTES))
			(void)unlink(list.entries.items[i].path);
	}
	return NULL;
}

struct dill_error *build_store_write(const char *name, const uint8_t *bytes, size_t size)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf folder = {0}, path = {0}, temporary = {0};
	struct dill_error *error = NULL;
	int fd;

	TRY(make_folder(&folder));
	strbuf_append_format(&path, "%s/%s" SUFFIX, strbuf_get(&folder), name);
	strbuf_append_format(&temporary, "%s/%s.%ld" TEMPORARY, strbuf_get(&folder), name,
			     (long)getpid());
	TRY(strbuf_error(&path));
	TRY(strbuf_error(&temporary));
	(void)unlink(strbuf_get(&temporary));
	fd = open(strbuf_get(&temporary), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return failed("make", strbuf_get(&temporary));
	if (!write_all(fd, bytes, size))
		error = failed("write", strbuf_get(&temporary));
	if (close(fd) != 0 && !error)
		error = failed("write", strbuf_get(&temporary));
	if (!error && rename(strbuf_get(&temporary), strbuf_get(&path)) != 0)
		error = failed("make", strbuf_get(&path));
	if (error) {
		(void)unlink(strbuf_get(&temporary));
		return error;
	}
	return make_room();
}
