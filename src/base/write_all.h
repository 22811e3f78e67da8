/* SPDX-License-Identifier: MIT */
#ifndef DILL_BASE_WRITE_ALL_H
#define DILL_BASE_WRITE_ALL_H

#include <stdbool.h>
#include <stddef.h>

/* Write all bytes to an open file, whatever signals come between. False with errno set. */
bool write_all(int fd, const void *bytes, size_t length);

#endif
