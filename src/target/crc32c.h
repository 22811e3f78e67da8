/* SPDX-License-Identifier: MIT */
#ifndef TARGET_CRC32C_H
#define TARGET_CRC32C_H

#include "base/span.h"

/** Castagnoli's CRC of 32 bits, the one of snappy's frames (RFC 3720, appendix B.4). */
uint32_t crc32c(struct span bytes);

#endif
