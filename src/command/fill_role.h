/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_FILL_ROLE_H
#define COMMAND_FILL_ROLE_H

#include "answer/record.h"
#include "slub/role.h"

/** "kmem_cache_cpu.freelist of kmalloc-64, CPU 1". NULL when memory ran out, or without a role. */
const char *role_text(const struct role *role, const char *member, struct arena *arena);

/**
 * The member of the role's struct that an address lies in, "partial.next".
 * @param ret  in @p arena; NULL when types do not tell
 */
DILL_MUST_CHECK struct dill_error *role_member(struct heap *heap, const struct role *role,
					       dill_virt address, struct arena *arena,
					       const char **ret);

/** Tell in a record of object_kind what the address is to the allocator. */
DILL_MUST_CHECK struct dill_error *role_answer(struct heap *heap, struct cache_list *caches,
					       dill_virt address, struct arena *arena,
					       struct dill_record *record);

#endif
