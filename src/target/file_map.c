/* SPDX-License-Identifier: MIT */
#include "target/file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file_status.h"

/* More files than a command has open. */
#define GUARDS_MAX 64

/* What the handler knows of a mapped file; `size` is written first, and 0 when it is free. */
struct file_guard {
	atomic_uintptr_t start;
	atomic_size_t size;
	atomic_bool taken, failed;
};

static struct file_guard guards[GUARDS_MAX];
static unsigned guarded; /* files; targets are opened and closed by one thread */
static struct sigaction before;
static uintptr_t page_size;

static struct file_guard *guard_of(uintptr_t address)
{
	for (size_t i = 0; i < GUARDS_MAX; i++)
		if (address - atomic_load(&guards[i].start) < atomic_load(&guards[i].size))
			return &guards[i];
	return NULL;
}

/* Any thread's. Calls nothing but system calls. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
	char *page = (char *)info->si_addr - ((uintptr_t)info->si_addr & (page_size - 1));
	struct file_guard *guard = info->si_code > 0 ? guard_of((uintptr_t)page) : NULL;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	void *zeros = MAP_FAILED;
	int saved = errno;

	(void)context;
	if (guard)
		zeros = mmap(page, page_size, PROT_READ, flags, -1, 0);
	if (zeros != MAP_FAILED) {
		atomic_store(&guard->failed, true);
		errno = saved;
		return;
	}
	/* Not of a dump: as if this handler had never been. A fault happens again at once. */
	sigaction(SIGBUS, &before, NULL);
	if (info->si_code <= 0)
		raise(number);
	errno = saved;
}

static struct file_guard *guard_add(struct span bytes)
{
	struct sigaction action = {.sa_sigaction = on_bus_error,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK};

	for (size_t i = 0; i < GUARDS_MAX; i++) {
		if (atomic_exchange(&guards[i].taken, true))
			continue;
		atomic_store(&guards[i].failed, false);
		atomic_store(&guards[i].start, (uintptr_t)bytes.data);
		atomic_store(&guards[i].size, bytes.size);
		page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
		sigemptyset(&action.sa_mask);
		if (!guarded++)
			sigaction(SIGBUS, &action, &before);
		return &guards[i];
	}
	return NULL;
}

static void guard_remove(struct file_guard *guard)
{
	struct sigaction now;

	atomic_store(&guard->size, 0);
	atomic_store(&guard->taken, false);
	/* Whoever has put another handler above this one meanwhile keeps it. */
	if (!--guarded && sigaction(SIGBUS, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) &&
	    now.sa_sigaction == on_bus_error)
		sigaction(SIGBUS, &before, NULL);
}

static size_t to_pages(uint64_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size_t)((size + page - 1) & ~(uint64_t)(page - 1));
}

/* Open a file and note where it will be mapped. */
static struct dill_error *add_file(struct file_map *map, const char *path)
{
	/* A pipe must not hang it. */
	struct file_part part = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
	struct file_status status;
	struct dill_error *error = NULL;

	if (part.fd < 0)
		return dill_error_new_os(errno, "cannot open %s", path);
	if (file_status_fd(part.fd, &status))
		error = dill_error_new_os(errno, "cannot read %s", path);
	else if (!status.regular)
		error = dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "%s is not a file", path);
	else if (!status.size)
		error = dill_error_new(DILL_ERROR_UNSUPPORTED, "%s is empty", path);
	part.at = to_pages(map->bytes.size);
	part.size = status.size;
	if (!error)
		error = array_push(&map->parts, part);
	if (error) {
		close(part.fd);
		return error;
	}
	map->bytes.size = (size_t)(part.at + part.size);
	return NULL;
}

/* All files in one piece of address space. */
static struct dill_error *map_files(struct file_map *map, const char *path)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	uint8_t *bytes = mmap(NULL, map->bytes.size, PROT_NONE, flags, -1, 0);

	if (bytes == MAP_FAILED)
		return dill_error_new_os(errno, "cannot map %s", path);
	map->bytes.data = bytes;
	for (size_t i = 0; i < map->parts.count; i++) {
		const struct file_part *part = &map->parts.items[i];

		const void *mapped = mmap(bytes + part->at, part->size, PROT_READ,
					  MAP_SHARED | MAP_FIXED, part->fd, 0);

		if (mapped == MAP_FAILED)
			return dill_error_new_os(errno, "cannot map %s", path);
	}
	map->guard = guard_add(map->bytes);
	return NULL;
}

struct dill_error *file_map_open_all(const char *const *paths, size_t count, struct file_map *ret)
{
	*ret = (struct file_map){0};
	for (size_t i = 0; i < count; i++)
		TRY(add_file(ret, paths[i]));
	return map_files(ret, paths[0]);
}

struct dill_error *file_map_open(const char *path, struct file_map *ret)
{
	return file_map_open_all(&path, 1, ret);
}

void file_map_close(struct file_map *map)
{
	if (map->bytes.data)
		munmap((void *)map->bytes.data, map->bytes.size);
	if (map->guard)
		guard_remove(map->guard);
	for (size_t i = 0; i < map->parts.count; i++)
		close(map->parts.items[i].fd);
	array_free(&map->parts);
	*map = (struct file_map){0};
}

struct dill_error *file_map_check(const struct file_map *map, const char *what)
{
	if (!map->guard || !atomic_load(&map->guard->failed))
		return NULL;
	return dill_error_new(DILL_ERROR_OS,
			      "%s changed or could not be read while dill looked at it, so what it "
			      "says may be wrong: was the file cut short, or does its disk fail?",
			      what);
}

void file_map_trim(const struct file_map *map)
{
	if (map->bytes.data)
		madvise((void *)map->bytes.data, map->bytes.size, MADV_DONTNEED);
}

/* What a file has at or after @from of it. */
static bool next_data(const struct file_part *part, uint64_t from, uint64_t *ret_first,
		      uint64_t *ret_end)
{
	off_t first = lseek(part->fd, (off_t)from, SEEK_DATA), end;

	*ret_first = from;
	*ret_end = part->size;
	if (from >= part->size)
		return false;
	if (first < 0)
		return errno != ENXIO; /* a hole up to the end; else nobody knows */
	end = lseek(part->fd, first, SEEK_HOLE);
	if ((uint64_t)first >= part->size)
		return false;
	*ret_first = (uint64_t)first;
	if (end > first && (uint64_t)end < part->size)
		*ret_end = (uint64_t)end;
	return true;
}

bool file_map_next_data(const struct file_map *map, uint64_t from, uint64_t *ret_first,
			uint64_t *ret_end)
{
	for (size_t i = 0; i < map->parts.count; i++) {
		const struct file_part *part = &map->parts.items[i];
		uint64_t inside = from > part->at ? from - part->at : 0;

		if (next_data(part, inside, ret_first, ret_end)) {
			*ret_first += part->at;
			*ret_end += part->at;
			return true;
		}
	}
	return false;
}
