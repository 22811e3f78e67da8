/* SPDX-License-Identifier: MIT */
#include "arch/arch.h"

#include <string.h>

static const struct arch *const all[] = {&arch_x86_64, &arch_arm64};

const struct arch *arch_of_elf(uint16_t machine)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i]->elf_machine == machine)
			return all[i];
	return NULL;
}

const struct arch *arch_of_gdb(const char *name)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strncmp(name, all[i]->gdb_name, strlen(all[i]->gdb_name)))
			return all[i];
	return NULL;
}

uint64_t *arch_register_of(struct dill_registers *registers, enum arch_role role)
{
	uint64_t *const members[ARCH_ROLES] = {
		[ARCH_IP] = &registers->ip,
		[ARCH_SP] = &registers->sp,
		[ARCH_FLAGS] = &registers->flags,
		[ARCH_PRIVILEGE] = &registers->privilege,
		[ARCH_CPU_BASE] = &registers->cpu_base,
		[ARCH_OTHER_BASE] = &registers->other_base,
		[ARCH_CONTROL] = &registers->control,
		[ARCH_TABLES] = &registers->tables,
		[ARCH_PAGING] = &registers->paging,
		[ARCH_MODE] = &registers->mode,
	};

	return members[role];
}
