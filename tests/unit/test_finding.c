/* SPDX-License-Identifier: MIT */
/* What is kept, counted and forgotten of findings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slub/finding.h"

struct fixture {
	struct arena *arena;
	struct findings findings;
};

static const struct finding_place nowhere = {.cpu = -1, .node = -1};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	assert_null(arena_new(&f->arena));
	f->findings.arena = f->arena;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	test_free(f);
	return 0;
}

static void find(struct findings *findings, uint64_t address)
{
	findings_add(findings, FINDING_POINTER, &nowhere, address, "a pointer");
}

/* What is muted is told to nobody, and yet something was found: a torn list is read again by it. */
static void test_muted(void **state)
{
	struct fixture *f = *state;
	struct findings untold = FINDINGS_MUTED;
	struct findings_mark mark;

	find(&f->findings, 1);
	mark = findings_mark(&f->findings);
	f->findings.muted = true;
	find(&f->findings, 2);
	assert_int_equal(findings_since(&f->findings, mark), 1);
	assert_int_equal(f->findings.count, 1);
	assert_int_equal(f->findings.first->address, 1);
	assert_null(f->findings.first->next);
	findings_drop(&f->findings, mark);
	assert_int_equal(findings_since(&f->findings, mark), 0);
	f->findings.muted = false;
	find(&f->findings, 3);
	assert_int_equal(f->findings.count, 2);
	assert_int_equal(f->findings.last->address, 3);

	mark = findings_mark(&untold);
	find(&untold, 4);
	assert_int_equal(findings_since(&untold, mark), 1);
	assert_null(untold.first);
}

/* A CPU was stopped in what was read: remarks instead, behind those that there were. */
static void test_excused(void **state)
{
	struct fixture *f = *state;
	struct findings_mark mark;

	find(&f->findings, 1);
	mark = findings_mark(&f->findings);
	find(&f->findings, 2);
	find(&f->findings, 3);
	findings_excuse(&f->findings, mark, "it moves");
	assert_int_equal(f->findings.count, 1);
	assert_int_equal(f->findings.remarks.count, 2);
	assert_int_equal(f->findings.remarks.first->address, 2);
	assert_string_equal(f->findings.remarks.last->place.moving, "it moves");
	assert_int_equal(findings_since(&f->findings, mark), 2);
	findings_drop(&f->findings, mark);
	assert_int_equal(findings_since(&f->findings, mark), 0);
	assert_null(f->findings.remarks.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_muted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_excused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
