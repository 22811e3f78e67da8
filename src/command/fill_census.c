/* SPDX-License-Identifier: MIT */
#include "command/census.h"

void census_record_sums(const struct census_count *count, uint64_t total,
			struct dill_record *record)
{
	const struct census_sums *sums = &count->sums;

	record_set_number(record, CENSUS_MEMORY, sums->memory);
	record_set_number(record, CENSUS_SHARE, permille(sums->memory, total));
	record_set_number(record, CENSUS_SLABS, sums->slabs);
	record_set_number(record, CENSUS_EMPTY, sums->empty);
	record_set_number(record, CENSUS_PARTLY, sums->partly);
	record_set_number(record, CENSUS_FULL, sums->full);
	record_set_number(record, CENSUS_OBJECTS, sums->objects);
	for (size_t state = 0; state < OBJECT_STATES; state++)
		record_set_number(record, CENSUS_LIVE + state, sums->counts[state]);
	record_set_number(record, CENSUS_USED_BYTES, sums->used_bytes);
	record_set_number(record, CENSUS_FREE_BYTES, sums->free_bytes);
	record_set_number(record, CENSUS_HOLE_BYTES, sums->hole_bytes);
	record_set_number(record, CENSUS_AROUND_BYTES, sums->around_bytes);
	record_set_number(record, CENSUS_TAIL_BYTES, sums->tail_bytes);
	if (count->requested_objects) {
		record_set_number(record, CENSUS_REQUESTED_OBJECTS, count->requested_objects);
		record_set_number(record, CENSUS_REQUESTED_BYTES, count->requested_bytes);
		record_set_number(record, CENSUS_REQUEST_WASTE, count->request_waste);
	}
	record_set_number(record, CENSUS_DYING, sums->dying);
}
