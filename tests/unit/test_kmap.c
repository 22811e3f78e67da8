/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "command/fill_slab.h"
#include "heap_fixture.h"
#include "render/map_symbols.h"
#include "render/render.h"
#include "render/slab_map_view.h"
#include "slub/slab_order.h"

/* Cache "c" has 8 objects of 512 bytes in a slab: maps that the eye can check. Two CPUs, two nodes.
 */
struct fixture {
	HEAP_FIXTURE;
	struct survey survey;
	struct contents contents;
	struct cache_map map;
	dill_virt c;
	dill_virt full[2], partial[2], cpu_slab, cpu_partial;
};

static const uint32_t some[] = {5, 0, 2};

static int setup(void **state)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 64, 2, 2, FREELIST_XOR_SWAPPED);

	f->c = image_cache(&f->image, "c", 512);
	f->full[0] = image_slab(&f->image, f->c, NULL, 0);
	for (int i = 0; i < 2; i++) {
		f->partial[i] = image_slab(&f->image, f->c, some, 2 + (size_t)i);
		image_add_partial(&f->image, f->c, i, f->partial[i]);
	}
	f->cpu_slab = image_slab(&f->image, f->c, NULL, 0);
	image_set_cpu_slab(&f->image, f->c, 1, f->cpu_slab, some, 3);
	f->cpu_partial = image_slab(&f->image, f->c, some, 1);
	image_add_cpu_partial(&f->image, f->c, 1, f->cpu_partial);
	f->full[1] = image_slab(&f->image, f->c, NULL, 0);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	survey_deinit(&f->survey);
	return heap_fixture_free(state);
}

static void look(struct fixture *f)
{
	assert_null(survey_init(&f->image.heap, f->arena, &f->findings, &f->survey));
	assert_null(survey_scan(&f->survey, &f->survey.all));
}

static void map_it(struct fixture *f)
{
	assert_null(
		survey_map(&f->survey, &f->survey.all.items[0], f->arena, &f->contents, &f->map));
}

static const char *text_of(struct fixture *f, const struct mapped_slab *slab)
{
	struct dill_record *record;

	assert_null(slab_map_record(&f->map, slab, &slab_map_kind, f->arena, &record));
	return record_text(record, SLAB_MAP_MAP);
}

/* Slabs in order, as "map map ..." */
static void expect_order(struct fixture *f, struct slab_filter filter, const dill_virt *slabs,
			 const char *const *maps, size_t count)
{
	const struct mapped_slab *const *ordered;
	size_t seen;

	assert_null(slabs_in_order(&f->map, &f->contents, &f->survey.waiting, &filter, f->arena,
				   &ordered, &seen));
	assert_int_equal(seen, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(ordered[i]->slab.address, slabs[i]);
		if (maps)
			assert_string_equal(text_of(f, ordered[i]), maps[i]);
	}
}

static const struct slab_filter everything = {.cpu = -1, .node = -1};

static void test_every_slab_in_order(void **state)
{
	struct fixture *f = *state;

	look(f);
	map_it(f);
	assert_int_equal(f->findings.count, 0);
	expect_order(f, everything,
		     (dill_virt[]){f->cpu_slab, f->cpu_partial, f->partial[0], f->partial[1],
				   f->full[1], f->full[0]},
		     (const char *const[]){"c#c##c##", "#####.##", ".####.##", ".#.##.##",
					   "########", "########"},
		     6);
}

static void test_filters(void **state)
{
	struct fixture *f = *state;
	struct waiting_object one = {.cache = f->c, .kind = PLACE_KFREE_RCU, .cpu = 0};

	look(f);
	one.object = image_object(&f->image, f->c, f->full[0], 7);
	f->survey.waiting.items = &one;
	f->survey.waiting.count = 1;
	map_it(f);
	expect_order(f, (struct slab_filter){.cpu = 1, .node = -1},
		     (dill_virt[]){f->cpu_slab, f->cpu_partial}, NULL, 2);
	/* CPU 0 has no slab, but an object that waits. */
	expect_order(f, (struct slab_filter){.cpu = 0, .node = -1}, (dill_virt[]){f->full[0]},
		     (const char *const[]){"#######k"}, 1);
	expect_order(f, (struct slab_filter){.cpu = -1, .node = -1, .only_partial = true},
		     (dill_virt[]){f->cpu_slab, f->cpu_partial, f->partial[0], f->partial[1],
				   f->full[0]},
		     NULL, 5);
	expect_order(f, (struct slab_filter){.cpu = -1, .node = 1}, (dill_virt[]){f->partial[1]},
		     NULL, 1);
}

/* Found nowhere is not live while a place was not read. */
static void test_unknown(void **state)
{
	struct fixture *f = *state;

	look(f);
	f->survey.waiting.incomplete = true;
	f->survey.waiting.why = "the test says so";
	map_it(f);
	expect_order(f, everything,
		     (dill_virt[]){f->cpu_slab, f->cpu_partial, f->partial[0], f->partial[1],
				   f->full[1], f->full[0]},
		     (const char *const[]){"c?c??c??", "?????.??", ".????.??", ".?.??.??",
					   "????????", "????????"},
		     6);
}

/* A list that names a slab of another list shows it once, where the map has it. */
static void test_slab_on_two_lists(void **state)
{
	struct fixture *f = *state;

	image_add_cpu_partial(&f->image, f->c, 0, f->cpu_partial);
	look(f);
	map_it(f);
	assert_true(f->findings.count > 0);
	expect_order(f, everything,
		     (dill_virt[]){f->cpu_slab, f->cpu_partial, f->partial[0], f->partial[1],
				   f->full[1], f->full[0]},
		     NULL, 6);
}

static void test_a_free_object_on_no_list(void **state)
{
	struct fixture *f = *state;
	dill_virt slab = image_slab(&f->image, f->c, some, 3);
	struct slab_map map;
	struct located located;

	look(f);
	map_it(f);
	assert_string_equal(
		text_of(f, cache_map_slab(&f->map, image_object(&f->image, f->c, slab, 0))),
		".#.##.##");
	assert_null(heap_locate(&f->image.heap, &f->survey.all,
				image_object(&f->image, f->c, slab, 2), &f->findings, &located));
	assert_null(slab_map_make(&f->survey, located.cache, &located.slab, f->arena, &map));
	assert_int_equal(map.places[2].kind, PLACE_UNLISTED_SLAB);
	assert_int_equal(map.places[2].position, 2);
	assert_int_equal(f->findings.count, 0);
}

/* --- one slab --- */

static struct dill_record *detail(struct fixture *f, dill_virt address)
{
	struct located located;
	struct slab_map map = {0};
	struct dill_record *record;

	assert_null(survey_init(&f->image.heap, f->arena, &f->findings, &f->survey));
	assert_null(heap_locate(&f->image.heap, &f->survey.all, address, &f->findings, &located));
	assert_true(located.in_slab);
	if (located.slab.usable)
		assert_null(
			slab_map_make(&f->survey, located.cache, &located.slab, f->arena, &map));
	assert_null(slab_detail_record(&map, &located, address, f->arena, &record));
	return record;
}

static const struct dill_record *object(const struct dill_record *slab, size_t index)
{
	const struct dill_record *item = slab->fields[SLAB_MAP_STATES].records.first;

	for (size_t i = 0; i < index; i++)
		item = item->next;
	return item;
}

static void test_states_of_one_slab(void **state)
{
	struct fixture *f = *state;
	dill_virt last = image_object(&f->image, f->c, f->cpu_slab, 2);
	struct dill_record *slab = detail(f, last + 5);

	assert_int_equal(f->findings.count, 0);
	assert_string_equal(record_text(slab, SLAB_MAP_MAP), "c#c##c##");
	assert_string_equal(record_text(slab, SLAB_MAP_WHERE), "cpu");
	assert_int_equal(record_number(slab, SLAB_MAP_INDEX), 2);
	assert_int_equal(slab->fields[SLAB_MAP_OFFSET].integer, 5);
	assert_int_equal(record_number(slab, SLAB_MAP_LIVE), 5);
	assert_int_equal(record_number(slab, SLAB_MAP_CACHED), 3);
	assert_int_equal(slab->fields[SLAB_MAP_STATES].records.count, 8);
	assert_int_equal(record_number(object(slab, 2), STATE_COLUMN_ADDRESS), last);
	assert_string_equal(record_text(object(slab, 2), STATE_COLUMN_PLACE), "cpu_freelist");
	assert_int_equal(record_number(object(slab, 2), STATE_COLUMN_CPU), 1);
	assert_int_equal(record_number(object(slab, 2), STATE_COLUMN_POSITION), 2);
	assert_string_equal(record_text(object(slab, 1), STATE_COLUMN_STATE), "live");
	assert_false(object(slab, 1)->fields[STATE_COLUMN_PLACE].present);
}

static void test_a_slab_with_impossible_counters(void **state)
{
	struct fixture *f = *state;
	uint16_t inuse = 100;
	dill_virt counters = f->full[0] + f->image.heap.layout.slab_inuse.offset;

	memcpy(image_at(&f->image, counters, 2), &inuse, 2);

	struct dill_record *slab = detail(f, image_object(&f->image, f->c, f->full[0], 1));

	assert_int_equal(f->findings.count, 1);
	assert_false(slab->fields[SLAB_MAP_MAP].present);
}

/* Slabs that overlap would make more objects than fit into memory. */
static void test_a_slab_inside_another(void **state)
{
	struct fixture *f = *state;
	const struct layout *l = &f->image.heap.layout;
	uint32_t sixteen_in_two_pages = 1 << 16 | 16;
	uint16_t objects = 16;

	memcpy(image_at(&f->image, f->c + l->cache_oo.offset, 4), &sixteen_in_two_pages, 4);
	memcpy(image_at(&f->image, f->full[0] + l->slab_objects.offset, 2), &objects, 2);
	look(f);
	map_it(f);
	assert_non_null(cache_map_slab(&f->map, image_object(&f->image, f->c, f->full[0], 0)));
	assert_int_equal(f->map.broken_slabs, 1);

	bool found = false;

	for (const struct finding *finding = f->findings.first; finding; finding = finding->next)
		found |= finding->kind == FINDING_SLAB_STATE &&
			 finding->place.slab == f->partial[0] &&
			 strstr(finding->text, "begins inside slab");
	assert_true(found);
}

/* --- text --- */

struct page {
	struct strbuf text;
	struct render *render;
	struct output output;
};

static struct dill_error *write_text(void *context, const char *bytes, size_t length)
{
	strbuf_append_bytes(context, bytes, length);
	return NULL;
}

static struct render *open_page(struct page *page, unsigned width, bool color)
{
	*page = (struct page){.output = {.write = write_text, .width = width, .color = color}};
	page->output.context = &page->text;
	assert_null(render_new(&page->output, RENDER_TEXT, &page->render));
	return page->render;
}

static void close_page(struct page *page, const char *expected)
{
	assert_null(render_finish(page->render));
	assert_string_equal(strbuf_get(&page->text), expected);
	render_free(page->render);
	strbuf_deinit(&page->text);
}

static void show(struct page *page, const struct dill_record *record)
{
	assert_null(render_sink(page->render)->emit(render_sink(page->render), record));
}

static void test_picture_of_one_slab(void **state)
{
	struct fixture *f = *state;
	struct page page;

	open_page(&page, 80, false);
	show(&page, detail(f, image_object(&f->image, f->c, f->partial[1], 2) + 8));
	close_page(&page,
		   "c  kmem_cache 0xffff888000000010\n"
		   "  slab            0xffffea00000000c0  order 0 (4 KiB)  node 1\n"
		   "  memory          0xffff888000003000 to 0xffff888000003fff\n"
		   "  whose           node 1's partial slabs\n"
		   "  objects         8 of 512 bytes, 512 with metadata: 5 live, 3 free\n"
		   "  address         0xffff888000003408  object 2 at 0xffff888000003400+8: free, "
		   "on\n"
		   "                  its slab's freelist, node 1, position 2\n"
		   "     0  .#.##.##\n"
		   "          ^\n"
		   "  # 5 live  . 3 on its slab's freelist\n");
}

static struct dill_record *made_up(struct arena *arena, const struct dill_record_kind *kind,
				   enum slab_where where, const char *map)
{
	struct dill_record *record = record_new(arena, kind);

	record_set_enum(record, SLAB_MAP_WHERE, where);
	record_set_number(record, SLAB_MAP_BASE, 0xffff888000001000);
	record_set_number(record, SLAB_MAP_CPU, 3);
	record_set_text(record, SLAB_MAP_MAP, map);
	return record;
}

/* Slabs share lines as wide as the terminal; a new owner begins a new line. */
static void test_slabs_side_by_side(void **state)
{
	struct fixture *f = *state;
	struct page page;

	open_page(&page, 40, false);
	for (int i = 0; i < 3; i++)
		show(&page, made_up(f->arena, &slab_map_kind, SLAB_UNLISTED, "########"));
	show(&page, made_up(f->arena, &slab_map_kind, SLAB_CPU_PARTIAL, "###..###"));
	close_page(&page, "slabs on no list\n"
			  "  0xffff888000001000 ######## ########\n"
			  "  0xffff888000001000 ########\n"
			  "CPU 3's partial slabs\n"
			  "  0xffff888000001000 ###..###\n");
}

/* Where an address would push the slab off its line, there is none. */
static void test_slabs_without_addresses(void **state)
{
	struct fixture *f = *state;
	struct page page;

	open_page(&page, 40, false);
	for (int i = 0; i < 2; i++)
		show(&page, made_up(f->arena, &slab_map_kind, SLAB_OF_CPU, "####################"));
	close_page(&page, "CPUs' own slabs\n"
			  "  ####################\n"
			  "  ####################\n");
}

static void test_a_slab_longer_than_a_line(void **state)
{
	struct fixture *f = *state;
	struct page page;

	open_page(&page, 40, false);
	show(&page, made_up(f->arena, &slab_map_kind, SLAB_UNLISTED, "########"));
	show(&page, made_up(f->arena, &slab_map_kind, SLAB_UNLISTED,
			    "################................########"));
	close_page(&page, "slabs on no list\n"
			  "  0xffff888000001000 ########\n"
			  "  0xffff888000001000 ################\n"
			  "                     ................\n"
			  "                     ########\n");
}

/* A line that is left open is ended before something else is drawn. */
static void test_a_line_is_ended(void **state)
{
	struct fixture *f = *state;
	struct page page;
	struct dill_record *sums = record_new(f->arena, &cache_map_kind);

	record_set_text(sums, CACHE_MAP_NAME, "d");
	open_page(&page, 60, false);
	show(&page, made_up(f->arena, &slab_map_kind, SLAB_UNLISTED, "########"));
	show(&page, sums);
	show(&page, made_up(f->arena, &slab_map_kind, SLAB_UNLISTED, "########"));
	close_page(&page, "slabs on no list\n"
			  "  0xffff888000001000 ########\n"
			  "\n"
			  "d  kmem_cache 0x0000000000000000  0 bytes, order 0, 0\n"
			  "   objects in a slab\n"
			  "  slabs           0: 0 empty, 0 partly used, 0 full\n"
			  "slabs on no list\n"
			  "  0xffff888000001000 ########\n");
}

/* Without the escapes the text is the same: nothing is said by colour alone. */
static void test_colour_adds_nothing(void **state)
{
	struct fixture *f = *state;
	struct dill_record *slab =
		made_up(f->arena, &slab_map_kind, SLAB_UNLISTED, "##..cmsblrgkdx?#");
	struct page plain, colored;
	_cleanup_(strbuf_deinitp)
	struct strbuf stripped = {0};
	bool escape = false;

	open_page(&plain, 80, false);
	open_page(&colored, 80, true);
	show(&plain, slab);
	show(&colored, slab);
	assert_null(render_finish(colored.render));
	for (const char *c = strbuf_get(&colored.text); *c; c++) {
		escape |= *c == '\033';
		if (!escape)
			strbuf_append_char(&stripped, *c);
		else if (*c == 'm')
			escape = false;
	}
	assert_true(colored.text.length > stripped.length);
	close_page(&plain, strbuf_get(&stripped));
	render_free(colored.render);
	strbuf_deinit(&colored.text);
}

/* Only what occurs, one entry for each character. */
static void test_legend(void **state)
{
	struct fixture *f = *state;
	struct place_counts counts = {.unknown = 1};
	struct painter painter = {.width = 40};
	struct record_list list;

	counts.known[PLACE_NONE] = 7;
	counts.known[PLACE_NODE_PARTIAL] = 2;
	counts.known[PLACE_CPU_PARTIAL] = 3;
	assert_null(place_counts_record(&counts, f->arena, &list));
	assert_int_equal(list.count, 4);
	draw_legend(&painter, &list);
	assert_string_equal(strbuf_get(&painter.text), "  # 7 live  . 5 on its slab's freelist\n"
						       "  ? 1 unknown\n");
	strbuf_deinit(&painter.text);
}

/* Each place has a character, which tells states apart. */
static void test_characters(void **state)
{
	(void)state;
	for (int kind = 0; kind < PLACE_KINDS; kind++) {
		const struct map_symbol *symbol = &map_symbols[kind];

		assert_true(symbol->symbol > ' ' && symbol->symbol < 0x7f && symbol->text);
		for (int other = 0; other < PLACE_KINDS; other++)
			if (map_symbols[other].symbol == symbol->symbol)
				assert_int_equal(place_state(other), place_state(kind));
	}
	assert_int_equal(map_symbol_find('?')->symbol, '?');
	assert_int_equal(map_symbol_find('\033')->symbol, '?');
}

/* The states that the survey tells are those of the map. */
static void expect_same_states(struct fixture *f)
{
	const struct reading reading = heap_fixture_reading(&f->heap_fixture);
	struct state_counts states;

	assert_null(survey_init(&f->image.heap, f->arena, &f->findings, &f->survey));
	assert_null(contents_read(&reading, f->survey.all.items, 1, &f->contents));
	assert_null(survey_states(&f->survey, &f->contents, &states));
	assert_null(survey_scan(&f->survey, &f->survey.all));
	map_it(f);
	assert_memory_equal(states.counts, f->map.counts, sizeof(states.counts));
}

static void test_states_of_a_sound_cache(void **state)
{
	struct fixture *f = *state;

	expect_same_states(f);
	assert_true(f->contents.sound);
}

static void test_states_when_a_cpu_list_is_broken(void **state)
{
	struct fixture *f = *state;
	dill_virt first = image_object(&f->image, f->c, f->cpu_slab, some[0]);

	image_set_u64(&f->image, image_slot(&f->image, f->c, first), UINT64_C(0x4141414141414141));
	expect_same_states(f);
	assert_false(f->contents.sound);
	assert_int_equal(f->map.counts[OBJECT_UNKNOWN], 7);
}

static void test_states_when_an_object_is_free_twice(void **state)
{
	struct fixture *f = *state;
	struct waiting_object one = {.cache = f->c, .kind = PLACE_KFREE_RCU, .cpu = 0};
	struct state_counts states;

	look(f);
	one.object = image_object(&f->image, f->c, f->cpu_slab, some[0]);
	f->survey.waiting.items = &one;
	f->survey.waiting.count = 1;
	f->survey.scanned_all = false; /* as if nobody had looked at all of memory yet */
	map_it(f);
	assert_null(survey_states(&f->survey, &f->contents, &states));
	assert_memory_equal(states.counts, f->map.counts, sizeof(states.counts));
}

static void test_states_inside_the_allocator(void **state)
{
	struct fixture *f = *state;

	image_slab(&f->image, f->c, some, 3); /* on no list yet */
	f->image.inside_allocator = 1u << 0;
	expect_same_states(f);
}

#define HEAP_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HEAP_TEST(test_every_slab_in_order),
		HEAP_TEST(test_filters),
		HEAP_TEST(test_unknown),
		HEAP_TEST(test_slab_on_two_lists),
		HEAP_TEST(test_a_free_object_on_no_list),
		HEAP_TEST(test_states_of_one_slab),
		HEAP_TEST(test_a_slab_with_impossible_counters),
		HEAP_TEST(test_a_slab_inside_another),
		HEAP_TEST(test_picture_of_one_slab),
		HEAP_TEST(test_slabs_side_by_side),
		HEAP_TEST(test_slabs_without_addresses),
		HEAP_TEST(test_a_slab_longer_than_a_line),
		HEAP_TEST(test_a_line_is_ended),
		HEAP_TEST(test_colour_adds_nothing),
		HEAP_TEST(test_legend),
		HEAP_TEST(test_states_of_a_sound_cache),
		HEAP_TEST(test_states_when_a_cpu_list_is_broken),
		HEAP_TEST(test_states_when_an_object_is_free_twice),
		HEAP_TEST(test_states_inside_the_allocator),
		cmocka_unit_test(test_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
