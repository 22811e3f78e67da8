/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/heap_diff.h"
#include "store/heap_schema.h"
#include "store/heap_store.h"

/* Two files in a folder of the test's own. */
struct fixture {
	char folder[32], a[64], b[64];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->folder, "/tmp/dill-heap-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->a, sizeof(f->a), "%s/a.db", f->folder);
	snprintf(f->b, sizeof(f->b), "%s/b.db", f->folder);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static const struct heap_about about = {.banner = "Linux", .kernel_base = 1, .direct_map = 2};

/* A cache with one slab, whose objects at 16 times these numbers are in use; ends in 0. */
static void write_cache(struct heap_writer *writer, const char *name, uint64_t slabs,
			const uint64_t *objects, uint64_t *site)
{
	const struct cache cache = {
		.name = name, .size = 16, .object_size = 16, .objects_per_slab = 256};
	const struct contents contents = {.cache = &cache};
	struct cache_map map = {.cache = &cache};
	const struct origin origin = {ORIGIN_CALLER, 0x100};
	struct mapped_slab slab = {.slab = {.objects = 256}, .cpu = -1};
	struct heap_cache row = {.contents = &contents, .map = &map};
	struct site sums = {.cache = &cache, .kind = ORIGIN_CALLER, .address = 0x100};
	struct heap_counts counts;

	assert_null(heap_writer_slab(writer, &map, &slab));
	for (; *objects; objects++) {
		struct heap_object object = {
			.address = *objects * 16, .origin = &origin, .site = site ? *site : 0};

		assert_null(heap_writer_object(writer, &object));
		row.sums.counts[OBJECT_LIVE]++;
		sums.objects++;
		sums.memory += 16;
	}
	row.sums.slabs = slabs;
	row.sums.memory = slabs * 4096;
	assert_null(heap_writer_cache(writer, &row));
	heap_writer_counts(writer, &counts);
	if (site)
		assert_null(heap_writer_site(writer, (*site)++, counts.caches, &sums, "here"));
}

struct text {
	char bytes[512];
	size_t used;
};

static struct dill_error *note_change(void *context, const struct heap_change *change)
{
	struct text *text = context;

	if (text->used + 200 > sizeof(text->bytes))
		return NULL;
	text->used += (size_t)snprintf(text->bytes + text->used, sizeof(text->bytes) - text->used,
				       "%.30s%s%.30s %d%d %d/%d %d/%d;", change->cache,
				       change->site ? "@" : "", change->site ? change->site : "",
				       change->present[0], change->present[1], (int)change->live[0],
				       (int)change->live[1], (int)change->memory[0],
				       (int)change->memory[1]);
	return NULL;
}

static struct dill_error *note_object(void *context, const struct heap_object_change *change)
{
	struct text *text = context;

	if (text->used + 200 > sizeof(text->bytes))
		return NULL;
	text->used += (size_t)snprintf(text->bytes + text->used, sizeof(text->bytes) - text->used,
				       "%s%d %.30s;", change->appeared ? "+" : "-",
				       (int)change->address / 16, change->cache);
	return NULL;
}

static struct heap_writer *begin(const char *path, const struct heap_about *what)
{
	struct heap_writer *writer;
	struct dill_error *error = heap_writer_new(path, what, &writer);

	if (error)
		fail_msg("%s", dill_error_text(error));
	return writer;
}

static void end(struct heap_writer *writer)
{
	assert_null(heap_writer_finish(writer));
	heap_writer_free(writer);
}

static struct heap_diff *open_both(struct fixture *f)
{
	struct heap_diff *diff;
	struct dill_error *error = heap_diff_open(f->a, f->b, &diff);

	if (error)
		fail_msg("%s", dill_error_text(error));
	return diff;
}

static void test_changes(void **state)
{
	struct fixture *f = *state;
	struct heap_writer *a = begin(f->a, &about), *b = begin(f->b, &about);
	struct text caches = {0}, sites = {0}, objects = {0};
	struct heap_diff *diff;
	uint64_t site = 1;

	write_cache(a, "same", 1, (const uint64_t[]){1, 2, 0}, NULL);
	write_cache(b, "same", 1, (const uint64_t[]){1, 2, 0}, NULL);
	write_cache(a, "grew", 1, (const uint64_t[]){10, 11, 0}, &site);
	site = 1;
	write_cache(b, "grew", 3, (const uint64_t[]){11, 12, 13, 0}, &site);
	write_cache(a, "went", 2, (const uint64_t[]){20, 0}, NULL);
	write_cache(b, "new", 9, (const uint64_t[]){20, 0}, NULL);
	/* Two caches of one name count together. */
	write_cache(a, "twice", 1, (const uint64_t[]){30, 0}, NULL);
	write_cache(a, "twice", 1, (const uint64_t[]){31, 0}, NULL);
	write_cache(b, "twice", 2, (const uint64_t[]){31, 0}, NULL);
	end(a);
	end(b);
	diff = open_both(f);
	assert_null(heap_diff_caches(diff, note_change, &caches));
	assert_string_equal(caches.bytes, "new 01 0/1 0/36864;grew 11 2/3 4096/12288;"
					  "went 10 1/0 8192/0;twice 11 2/1 8192/8192;");
	assert_null(heap_diff_sites(diff, note_change, &sites));
	assert_string_equal(sites.bytes, "grew@here 11 2/3 32/48;");
	assert_null(heap_diff_objects(diff, note_object, &objects));
	assert_string_equal(objects.bytes,
			    "-10 grew;-20 went;-30 twice;+12 grew;+13 grew;+20 new;");
	heap_diff_free(diff);
}

static void test_other_boot(void **state)
{
	struct fixture *f = *state;
	struct heap_about other = about;
	struct text text = {0};
	struct heap_diff *diff;
	struct dill_error *error;

	other.direct_map = 3;
	end(begin(f->a, &about));
	end(begin(f->b, &other));
	diff = open_both(f);
	assert_false(heap_diff_is_one_boot(diff));
	assert_null(heap_diff_caches(diff, note_change, &text));
	error = heap_diff_objects(diff, note_object, &text);
	assert_int_equal(dill_error_code(error), DILL_ERROR_INVALID_ARGUMENT);
	dill_error_free(error);
	heap_diff_free(diff);
}

/* A writer that was not finished leaves nothing, and what was there before. */
static void test_unfinished(void **state)
{
	struct fixture *f = *state;
	char part[80];

	snprintf(part, sizeof(part), "%s.part", f->a);
	heap_writer_free(begin(f->a, &about));
	assert_int_not_equal(access(f->a, F_OK), 0);
	assert_int_not_equal(access(part, F_OK), 0);
	end(begin(f->a, &about));
	heap_writer_free(begin(f->a, &about));
	assert_int_equal(access(f->a, F_OK), 0);
	assert_int_not_equal(access(part, F_OK), 0);
}

static void forge(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void expect_bad(struct fixture *f, const char *sql)
{
	struct heap_writer *writer = begin(f->a, &about);
	struct heap_diff *diff;
	struct dill_error *error;

	end(writer);
	forge(f->a, sql);
	error = heap_diff_open(f->a, f->a, &diff);
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_BAD_DATA);
	dill_error_free(error);
	unlink(f->a);
}

static void test_forged_schema(void **state)
{
	struct fixture *f = *state;

	expect_bad(f, "DROP TABLE site");
	expect_bad(f, "DROP TABLE object; CREATE VIEW object AS SELECT 1 AS address");
	expect_bad(f, "DROP TABLE cache; CREATE TABLE cache (id INTEGER PRIMARY KEY, name TEXT)");
	expect_bad(f, "DELETE FROM meta");
	expect_bad(f, "PRAGMA application_id = 1");
}

/* Numbers and names that no export of dill's has: no crash, and sums that do not overflow. */
static void test_forged_values(void **state)
{
	struct fixture *f = *state;
	struct text text = {0};
	struct heap_diff *diff;
	struct heap_writer *writer = begin(f->a, &about);

	write_cache(writer, "c", 1, (const uint64_t[]){1, 0}, NULL);
	end(writer);
	end(begin(f->b, &about));
	forge(f->a,
	      "UPDATE cache SET memory = 0x7fffffffffffffff, live = -5, unknown = 'x';"
	      "INSERT INTO cache SELECT 2, 0, name, 0, 0, 0, 0, 0, 0x7fffffffffffffff, 0, 0, "
	      "0, 0, 0, 0, 0x7fffffffffffffff, 0, 0, 0, 0x7fffffffffffffff, 0, 0, 0, 0, 0, "
	      "0, 0, 0, 0, 0, 0 FROM cache;"
	      "UPDATE object SET cache = 77, slab = 77, site = 'x', age_ns = x'00', pid = 1e300");
	diff = open_both(f);
	assert_null(heap_diff_caches(diff, note_change, &text));
	assert_string_equal(text.bytes, "c 10 0/0 0/0;");
	assert_null(heap_diff_objects(diff, note_object, &text));
	heap_diff_free(diff);
}

static size_t read_file(const char *path, uint8_t *bytes, size_t room)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	assert_non_null(file);
	size = fread(bytes, 1, room, file);
	fclose(file);
	return size;
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

/* Bytes anywhere in a file replaced: an error or an answer, and no more under the sanitizers. */
static void test_damage(void **state)
{
	static uint8_t sound[1 << 20], copy[1 << 20];
	struct fixture *f = *state;
	struct heap_writer *writer = begin(f->a, &about);
	unsigned refused = 0, seed = 1;
	uint64_t site = 1;
	size_t size;

	write_cache(writer, "c", 1, (const uint64_t[]){1, 2, 3, 0}, &site);
	end(writer);
	size = read_file(f->a, sound, sizeof(sound));
	assert_true(size > 4096 && size < sizeof(sound));
	for (int i = 0; i < 400; i++) {
		struct heap_diff *diff = NULL;
		struct text text = {0};
		struct dill_error *error;

		memcpy(copy, sound, size);
		for (int j = 0; j < 8; j++) {
			seed = seed * 1103515245 + 12345;
			copy[seed / 7 % size] = (uint8_t)(seed >> 24);
		}
		write_file(f->b, copy, size);
		error = heap_diff_open(f->a, f->b, &diff);
		if (!error)
			error = heap_diff_caches(diff, note_change, &text);
		text.used = 0;
		if (!error)
			error = heap_diff_sites(diff, note_change, &text);
		text.used = 0;
		if (!error && heap_diff_is_one_boot(diff))
			error = heap_diff_objects(diff, note_object, &text);
		refused += error != NULL;
		dill_error_free(error);
		heap_diff_free(diff);
	}
	assert_true(refused > 0 && refused < 400);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_changes), TEST(test_other_boot),    TEST(test_unfinished),
		TEST(test_damage),  TEST(test_forged_schema), TEST(test_forged_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
