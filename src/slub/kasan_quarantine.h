/* SPDX-License-Identifier: MIT */
#ifndef SLUB_KASAN_QUARANTINE_H
#define SLUB_KASAN_QUARANTINE_H

#include "slub/waiting_reader.h"

/**
 * Freed objects that KASAN keeps from reuse; does nothing on kernels without.
 *
 * Source: mm/kasan/quarantine.c cpu_quarantine, shrink_qlist, global_quarantine
 */
DILL_MUST_CHECK struct dill_error *quarantine_read(struct waiting_reader *reader);

#endif
