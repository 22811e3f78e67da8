/* SPDX-License-Identifier: MIT */
#ifndef RENDER_HEXDUMP_H
#define RENDER_HEXDUMP_H

#include "render/view.h"

/**
 * Draw bytes as crash's rd does: address, two words, and their characters, so that pointers can be
 * read. Equal lines in the middle are folded into one "*".
 * @param digits   two hexadecimal digits per byte, in order of address
 * @param address  of the first byte
 * @param origin   what offsets are counted from
 */
void hexdump_draw(struct painter *painter, const char *digits, uint64_t address, uint64_t origin);

#endif
