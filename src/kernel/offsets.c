/* SPDX-License-Identifier: MIT */
#include "kernel/offsets.h"

static bool find(struct types *types, const struct offset_request *request)
{
	struct type_place place;
	type_id id;

	if (!types_has_struct(types, request->type, &id))
		return false;
	for (size_t i = 0; i < 2 && request->paths[i]; i++) {
		if (types_has_member(types, id, request->paths[i], &place)) {
			*request->offset = place.bit_offset / 8;
			return true;
		}
	}
	return false;
}

bool kernel_offsets(struct types *types, const struct offset_request *requests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!find(types, &requests[i]))
			return false;
	return true;
}
