/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MAP_FILE_H
#define BENCH_MAP_FILE_H

#include <stddef.h>
#include <stdint.h>

/** All bytes of a file, which stay mapped; ends the program when it cannot be had. */
const uint8_t *map_file(const char *path, size_t *size);

#endif
