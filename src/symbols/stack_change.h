/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_STACK_CHANGE_H
#define SYMBOLS_STACK_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Whether instructions of a kernel copy some register to the stack pointer, other than the frame
 * pointer at the end of a function: a struct frames_code's.
 * @param context  the struct kernel
 */
bool stack_change_in(void *context, uint64_t first, uint64_t end);

#endif
