/* SPDX-License-Identifier: MIT */
#include "kernel/percpu.h"

#include <stdlib.h>

#include "kernel/roots.h"
#include "kernel/roots_cpus.h"
#include "kernel/state.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"

/** Above the largest NR_CPUS and MAX_NUMNODES of x86-64 (MAXSMP: 8192 and 1024). */
#define CPUS_MAX  16384u
#define NODES_MAX 4096u

/** A number the kernel keeps in a u32 variable; @p otherwise when there is no such variable. */
static struct dill_error *read_limit(struct kernel *kernel, const char *symbol, unsigned most,
				     unsigned otherwise, unsigned *ret)
{
	dill_virt address;
	uint32_t value;

	*ret = otherwise;
	if (!kernel_has_symbol(kernel, symbol, &address))
		return NULL;
	TRY(kernel_read_u32(kernel, address, &value));
	if (!value || value > most)
		return dill_error_new(DILL_ERROR_BAD_DATA, "%s is %u, which cannot be", symbol,
				      value);
	*ret = value;
	return NULL;
}

/** Read @p count words of an array that is a variable of the kernel; zeros when it has none. */
static struct dill_error *read_words(struct kernel *kernel, const char *symbol, size_t count,
				     uint64_t **ret)
{
	dill_virt address;

	*ret = calloc(count, sizeof(**ret));
	if (!*ret)
		return error_no_memory();
	if (!kernel_has_symbol(kernel, symbol, &address))
		return NULL;
	return kernel_read(kernel, address, *ret, count * sizeof(**ret));
}

static struct dill_error *prefetch_variables(struct kernel *kernel)
{
	static const char *const names[] = {
		"nr_cpu_ids",	       "nr_node_ids",	   "__per_cpu_offset", "__cpu_online_mask",
		"__cpu_possible_mask", "page_offset_base", "vmemmap_base",     "max_pfn",
	};
	dill_virt addresses[sizeof(names) / sizeof(*names)];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		count += kernel_has_symbol(kernel, names[i], &addresses[count]);
	return kernel_prefetch(kernel, addresses, count);
}

/* By the variables that the symbols tell. */
static struct dill_error *read_variables(struct kernel *kernel, struct cpus *ret)
{
	size_t words;

	TRY(prefetch_variables(kernel));
	/* Kernels without SMP have neither of these, kernels without NUMA no nr_node_ids. */
	TRY(read_limit(kernel, "nr_cpu_ids", CPUS_MAX, 1, &ret->limit));
	TRY(read_limit(kernel, "nr_node_ids", NODES_MAX, 1, &ret->node_limit));
	words = (ret->limit + 63) / 64;
	TRY(read_words(kernel, "__per_cpu_offset", ret->limit, &ret->offsets));
	TRY(read_words(kernel, "__cpu_possible_mask", words, &ret->possible));
	TRY(read_words(kernel, "__cpu_online_mask", words, &ret->online));
	if (!kernel_has_symbol(kernel, "__cpu_possible_mask", NULL))
		ret->possible[0] = ret->online[0] = 1;
	return NULL;
}

struct dill_error *cpus_load(struct kernel *kernel)
{
	bool known = kernel_symbols_are_complete(kernel);
	struct cpus cpus = {.node_limit = kernel->roots.node_limit};
	struct dill_error *error =
		known ? read_variables(kernel, &cpus) : roots_cpus(kernel, &cpus);

	if (error) {
		cpus_deinit(&cpus);
		return error;
	}
	cpus_deinit(&kernel->cpus);
	kernel->cpus = cpus;
	return NULL;
}

void cpus_deinit(struct cpus *cpus)
{
	free(cpus->offsets);
	free(cpus->possible);
	free(cpus->online);
	*cpus = (struct cpus){0};
}

unsigned kernel_cpu_limit(struct kernel *kernel)
{
	return kernel->cpus.limit;
}

static bool has_bit(const struct cpus *cpus, const uint64_t *bits, unsigned cpu)
{
	return cpu < cpus->limit && bits[cpu / 64] >> (cpu % 64) & 1;
}

bool kernel_cpu_possible(struct kernel *kernel, unsigned cpu)
{
	return has_bit(&kernel->cpus, kernel->cpus.possible, cpu);
}

bool kernel_cpu_online(struct kernel *kernel, unsigned cpu)
{
	return has_bit(&kernel->cpus, kernel->cpus.online, cpu);
}

dill_virt kernel_percpu_address(struct kernel *kernel, dill_virt pointer, unsigned cpu)
{
	return cpu < kernel->cpus.limit ? pointer + kernel->cpus.offsets[cpu] : 0;
}

struct dill_error *kernel_percpu_symbol(struct kernel *kernel, const char *name, unsigned cpu,
					dill_virt *ret)
{
	dill_virt value;

	if (cpu >= kernel->cpus.limit)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "there is no CPU %u, the last one is %u", cpu,
				      kernel->cpus.limit - 1);
	TRY(kernel_symbol(kernel, name, &value));
	*ret = kernel_percpu_address(kernel, value, cpu);
	return NULL;
}

unsigned kernel_node_limit(struct kernel *kernel)
{
	return kernel->cpus.node_limit ? kernel->cpus.node_limit : 1;
}

bool kernel_node_limit_is_known(struct kernel *kernel)
{
	return kernel->cpus.node_limit;
}

void kernel_take_node_limit(struct kernel *kernel, unsigned limit)
{
	kernel->roots.node_limit = kernel->cpus.node_limit = limit;
}
