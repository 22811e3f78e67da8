/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as a dump: its headers are parsed, and pages all over are read. What is taken
 * must keep its word: what is mapped is what is read, and ranges go forward.
 */
#include <stdlib.h>
#include <string.h>

#include "target/core.h"

#define PAGES_READ  40u
#define RANGES_READ 40u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Pages at the start, and at addresses that grow until they are past every machine's. */
static dill_phys address_of(unsigned number)
{
	return number < PAGES_READ / 2 ? (dill_phys)number * DILL_PAGE_SIZE
				       : UINT64_C(1) << (12 + number - PAGES_READ / 2) << 3;
}

static void check_page(const struct core *core, struct core_reader *reader, dill_phys address)
{
	uint8_t page[DILL_PAGE_SIZE];
	const uint8_t *mapped = core->kind->map(core, address, DILL_PAGE_SIZE);
	enum core_page what = core->kind->read(core, reader, address, page);

	if (mapped && (what != CORE_PAGE_READ || memcmp(mapped, page, DILL_PAGE_SIZE) != 0))
		abort();
}

static void check_ranges(const struct core *core)
{
	dill_phys from = 0, first;
	uint64_t size;

	for (unsigned i = 0; i < RANGES_READ; i++) {
		if (!core->kind->next_range(core, from, &first, &size))
			return;
		if (first < from || !size || first + (size - 1) < first)
			abort();
		from = first + size;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct core core = {0};
	struct core_reader *reader;
	struct dill_error *error = core_file_init((struct span){data, size}, &core.file);

	if (!error)
		error = core_parse(&core);
	if (core_reader_new(&reader))
		abort();
	if (!error) {
		for (unsigned i = 0; i < PAGES_READ; i++)
			check_page(&core, reader, address_of(i));
		check_ranges(&core);
	} else if (dill_error_code(error) == DILL_ERROR_NO_MEMORY) {
		abort();
	}
	dill_error_free(error);
	core_deinit(&core);
	core_reader_free(reader);
	return 0;
}
