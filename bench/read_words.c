/* SPDX-License-Identifier: MIT */
/*
 * read_words FILE BYTES LIST
 *
 * The plain loop that a census of a dump is compared with: maps FILE, reads its first BYTES bytes
 * once, as many as the kernel has of struct pages, then every word at the offsets that LIST holds
 * as 64-bit numbers, where free pointers are. Prints the sum.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/map_file.h"

int main(int argc, char **argv)
{
	size_t size, list_size, first;
	const uint8_t *bytes, *list;
	uint64_t sum = 0, word, offset;

	if (argc != 4) {
		fprintf(stderr, "usage: read_words FILE BYTES LIST\n");
		return 2;
	}
	bytes = map_file(argv[1], &size);
	list = map_file(argv[3], &list_size);
	first = strtoull(argv[2], NULL, 10);
	for (size_t i = 0; i + 8 <= first && i + 8 <= size; i += 8) {
		memcpy(&word, bytes + i, 8);
		sum += word;
	}
	for (size_t i = 0; i + 8 <= list_size; i += 8) {
		memcpy(&offset, list + i, 8);
		if (offset > size - 8)
			return 1;
		memcpy(&word, bytes + offset, 8);
		sum += word;
	}
	printf("%" PRIu64 "\n", sum);
	return 0;
}
