/* SPDX-License-Identifier: MIT */
/* Traces as dill writes them, with the fuzzer's bytes written over them at the fuzzer's places. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace_damage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/dill-fuzz-XXXXXX";
static uint8_t *sound, *copy;
static size_t sound_size;

static void remove_file(void)
{
	unlink(path);
}

static void make(void)
{
	close(mkstemp(path));
	atexit(remove_file);
	sound = trace_damage_make(path, &sound_size);
	copy = malloc(sound_size);
}

/* A patch: three bytes for the place, one for the length up to 15, and the bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!sound)
		make();
	if (!copy)
		return 0;
	memcpy(copy, sound, sound_size);
	while (size > 4) {
		size_t at = (data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16) % sound_size;
		size_t length = data[3] & 15;

		data += 4;
		size -= 4;
		for (size_t i = 0; i < length && i < size; i++)
			copy[(at + i) % sound_size] = data[i];
		length = length < size ? length : size;
		data += length;
		size -= length;
	}
	trace_damage_read(path, (struct span){copy, sound_size});
	return 0;
}
