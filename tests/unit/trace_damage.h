/* SPDX-License-Identifier: MIT */
#ifndef TRACE_DAMAGE_H
#define TRACE_DAMAGE_H

#include "base/span.h"

/**
 * Write @p bytes to a file at @p path and read it in every way that dill does. Errors are what is
 * expected of a damaged file; a crash, or what the sanitizers find, is a fault.
 * @return true when there was an answer
 */
bool trace_damage_read(const char *path, struct span bytes);

/** A sound trace's bytes, made at @p path; the caller's, to be freed. */
uint8_t *trace_damage_make(const char *path, size_t *ret_size);

#endif
