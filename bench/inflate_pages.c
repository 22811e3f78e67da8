/* SPDX-License-Identifier: MIT */
/*
 * inflate_pages FILE LIST
 *
 * The plain loop that reading a compressed dump is compared with: maps FILE and unpacks, with zlib,
 * every page of which LIST holds the offset and the size as 64-bit numbers. Prints the sum of the
 * pages' first words.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bench/map_file.h"

#define PAGE 4096u

static void unpack(z_stream *stream, const uint8_t *bytes, size_t size, uint8_t *page)
{
	static uint8_t packed[PAGE];

	if (size == PAGE) { /* it could not be made smaller */
		memcpy(page, bytes, PAGE);
		return;
	}
	inflateReset(stream);
	memcpy(packed, bytes, size);
	stream->next_in = packed;
	stream->avail_in = (unsigned)size;
	stream->next_out = page;
	stream->avail_out = PAGE;
	if (inflate(stream, Z_FINISH) != Z_STREAM_END) {
		fprintf(stderr, "inflate_pages: a page is damaged\n");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	size_t size, list_size;
	const uint8_t *bytes, *list;
	uint8_t page[PAGE];
	z_stream stream = {0};
	uint64_t sum = 0, word, place[2];

	if (argc != 3) {
		fprintf(stderr, "usage: inflate_pages FILE LIST\n");
		return 2;
	}
	bytes = map_file(argv[1], &size);
	list = map_file(argv[2], &list_size);
	if (inflateInit(&stream) != Z_OK)
		return 1;
	for (size_t i = 0; i + sizeof(place) <= list_size; i += sizeof(place)) {
		memcpy(place, list + i, sizeof(place));
		if (place[0] > size || place[1] > size - place[0] || place[1] > PAGE)
			return 1;
		unpack(&stream, bytes + place[0], place[1], page);
		memcpy(&word, page, sizeof(word));
		sum += word;
	}
	inflateEnd(&stream);
	printf("%" PRIu64 "\n", sum);
	return 0;
}
