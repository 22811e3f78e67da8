/* SPDX-License-Identifier: MIT */
#ifndef DILL_DILL_H
#define DILL_DILL_H

/**
 * dill shows the slab heap (SLUB) of a Linux kernel from outside.
 *
 *     dill_session_open_remote(":1234", NULL, &session);
 *     dill_command_run(session, 2, (const char *[]){"kcache", "kmalloc-64"}, &output, &status);
 *     dill_session_close(session);
 *
 * Functions return NULL for success, or an error that the caller frees.
 */
#include <dill/command.h>
#include <dill/error.h>
#include <dill/record.h>
#include <dill/session.h>
#include <dill/target.h>

#endif
