/* SPDX-License-Identifier: MIT */
#ifndef TARGET_PAGE_SHARE_H
#define TARGET_PAGE_SHARE_H

#include <dill/target.h>

/**
 * Pages that cost much to read, such as packed ones, shared out among the processors. Threads live
 * for one call only: nothing of them stays behind in GDB, whose signals they do not take.
 */

/** More would wait for each other's memory rather than help. */
#define PAGE_SHARE_WORKERS_MAX 8u

/**
 * Reads the page of @p request into its buffer and sets `done`.
 * @param worker  number of the worker that calls: no other one uses it meanwhile
 */
typedef void (*page_share_reader)(void *context, unsigned worker,
				  struct dill_page_request *request);

/** How many workers this process may use, from 1 to PAGE_SHARE_WORKERS_MAX. */
unsigned page_share_workers(void);

/**
 * Call @p read for each of @p count requests, by as many as @p workers at a time; the caller is one
 * of them, and is all of them for a few pages or where no thread can be had.
 */
void page_share(unsigned workers, struct dill_page_request *requests, size_t count,
		page_share_reader read, void *context);

#endif
