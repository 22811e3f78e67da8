/* SPDX-License-Identifier: MIT */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <stdbool.h>

/**
 * Turn SIGINT, SIGTERM and SIGHUP into a flag that the core asks for, so that a command always ends
 * by giving the target back; further signals change nothing. SIGPIPE becomes a write error.
 */
void signals_install(void);

/** The first signal since signals_reset(), 0 for none. */
int signals_received(void);
/** Forget a SIGINT, before the next command of a prompt; other signals mean to end dill and stay.
 */
void signals_reset(void);
/** What runs has stopped for its sake and sums up: it counts for the exit status alone from here.
 */
void signals_accept(void);

/** For struct dill_host. */
bool signals_interrupted(void *context);

#endif
