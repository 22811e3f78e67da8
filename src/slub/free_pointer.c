/* SPDX-License-Identifier: MIT */
#include "slub/free_pointer.h"

dill_virt freelist_decode(enum freelist_encoding encoding, uint64_t random, uint64_t stored,
			  dill_virt slot)
{
	switch (encoding) {
	case FREELIST_XOR:
		return stored ^ random ^ slot;
	case FREELIST_XOR_SWAPPED:
		return stored ^ random ^ __builtin_bswap64(slot);
	case FREELIST_PLAIN:
	case FREELIST_UNDECIDED:
		break;
	}
	return stored;
}
