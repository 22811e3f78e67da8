/* SPDX-License-Identifier: MIT */
#include "kernel/locate_kernel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "kernel/search.h"
#include "kernel/state.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"

/** Most CPUs that are asked for page tables; one is enough unless it is offline or in firmware. */
#define CPUS_TRIED_MAX 64u

/** Look for the image with the page tables of one CPU, by what its registers may mean. */
static struct dill_error *try_cpu(struct kernel *kernel, unsigned cpu)
{
	struct dill_registers registers;
	struct dill_error *error = NULL;
	struct arch_roots roots;

	TRY(target_registers(kernel->target, cpu, &registers));
	if (!registers.has_control)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "%s does not tell the control registers",
				      target_describe(kernel->target));
	TRY(kernel->arch->roots(&registers, cpu, &roots));
	for (unsigned i = 0; i < roots.count; i++) {
		dill_error_free(error);
		error = kernel_try_root(kernel, roots.roots[i], roots.paging);
		if (!error || error_is_fatal(error))
			return error;
	}
	return error;
}

static struct dill_error *locate_by_tables(struct kernel *kernel)
{
	struct dill_error *error = NULL;
	unsigned count;

	TRY(target_cpu_count(kernel->target, &count));
	if (count > CPUS_TRIED_MAX)
		count = CPUS_TRIED_MAX;
	for (unsigned cpu = 0; cpu < count; cpu++) {
		struct dill_error *other = try_cpu(kernel, cpu);

		if (!other || error_is_fatal(other)) {
			dill_error_free(error);
			kernel->facts.base_how =
				kernel->arch->image_align
					? "page tables: first mapping of the kernel's window"
					: "page tables: what surrounds the largest text";
			return other;
		}
		/* The first CPU's reason is the one worth telling. */
		error = error_join(error, other);
	}
	return error ? error : dill_error_new(DILL_ERROR_NOT_FOUND, "the target has no CPU");
}

static struct dill_error *locate_by_probing(struct kernel *kernel)
{
	kernel->vm.paged = false;
	if (kernel->arch != &arch_x86_64)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "without physical memory and the registers that tell where "
				      "page tables are, kernels of %s are not found",
				      kernel->arch->name);
	kernel->facts.base_how = "first readable address of the kernel's window";
	/* Its size is found when it is needed: the symbols may tell it. */
	return target_is_slow(kernel->target) ? image_probe_base(kernel->target, &kernel->image)
					      : image_probe(kernel->target, &kernel->image);
}

/** By the registers, else without them; of two reasons against it the first one says more, but for
 * a target that has no registers. */
static struct dill_error *locate_in_memory(struct kernel *kernel)
{
	struct dill_error *error = locate_by_tables(kernel), *other;

	if (!error || error_is_fatal(error))
		return error;
	other = kernel_search(kernel);
	if (!other || error_is_fatal(other) || dill_error_code(other) != DILL_ERROR_UNSUPPORTED) {
		dill_error_free(error);
		return other;
	}
	dill_error_free(other);
	return error;
}

/** "3", "0xffffffff9a000000"; 0 = it is no number. */
static uint64_t parse_choice(const char *text)
{
	uint64_t number;
	char *end;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	number = strtoull(text, &end, 0);
	return errno || *end ? 0 : number;
}

static const struct kernel_found *chosen(const struct kernel_list *list, uint64_t choice)
{
	for (size_t i = 0; i < list->found.count; i++) {
		const struct kernel_found *found = &list->found.items[i];

		if (choice == i + 1 || choice == found->base || choice == found->phys)
			return found;
	}
	return NULL;
}

static struct dill_error *no_such_kernel(const struct kernel_list *list, const char *choice)
{
	const struct kernel_found *found = list->found.items; /* NULL: none */
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	for (size_t i = 0; found && i < list->found.count; i++)
		strbuf_append_format(&text, "%s%zu is %s at 0x%" PRIx64 " (physical 0x%" PRIx64 ")",
				     i ? ", " : ": ", i + 1, found[i].release, found[i].base,
				     found[i].phys);
	TRY(strbuf_error(&text));
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
			      "no kernel \"%s\": in this memory %zu can be chosen%s", choice,
			      list->found.count, strbuf_get(&text));
}

static struct dill_error *locate_chosen(struct kernel *kernel, const char *choice)
{
	uint64_t number = parse_choice(choice);
	const struct kernel_found *found;
	_cleanup_(kernel_list_deinit)
	struct kernel_list list = {0};

	if (!number)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "\"%s\" chooses no kernel: give its number, or the address "
				      "of its image, as info tells them",
				      choice);
	TRY(kernels_find(kernel->target, 0, &list));
	if (!list.found.count)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "no kernel can be chosen: %s holds none, or is no dump",
				      target_describe(kernel->target));
	found = chosen(&list, number);
	return found ? kernel_use_found(kernel, found) : no_such_kernel(&list, choice);
}

struct dill_error *kernel_locate(struct kernel *kernel, const char *choice)
{
	struct dill_error *error = NULL;

	if (choice)
		return locate_chosen(kernel, choice);
	if (target_has_space(kernel->target, DILL_SPACE_PHYSICAL)) {
		error = locate_in_memory(kernel);
		if (!error || dill_error_code(error) != DILL_ERROR_UNSUPPORTED ||
		    !target_has_space(kernel->target, DILL_SPACE_VIRTUAL))
			return dill_error_add_context(error, "no Linux kernel found");
		dill_error_free(error);
	}
	return dill_error_add_context(locate_by_probing(kernel), "no Linux kernel found");
}

/** Take a top table when it shows the image where it is known to be. @p ret says whether. */
static struct dill_error *use_tables(struct kernel *kernel, dill_phys root, struct paging paging,
				     bool *ret)
{
	_cleanup_(image_deinitp)
	struct image image = {0};
	struct dill_error *error;

	vm_init(kernel, root, paging);
	error = image_find(&kernel->vm.tables, &image);
	if (error && error_is_fatal(error))
		return error;
	*ret = !error && image.base == kernel->image.base &&
	       image_phys(&image, image.base) == image_phys(&kernel->image, image.base);
	dill_error_free(error);
	if (*ret) {
		image_deinit(&kernel->image);
		kernel->image = image;
		image = (struct image){0};
		kernel->facts.paging_levels = paging.levels;
	}
	return NULL;
}

struct dill_error *kernel_use_own_tables(struct kernel *kernel)
{
	struct pagetable before = kernel->vm.tables;
	const char *const *name = kernel->arch->own_tables;
	struct paging other;
	dill_virt symbol;
	bool used = false;

	if (!kernel->vm.paged)
		return NULL;
	for (; *name; name++) {
		dill_phys root;

		if (!kernel_has_symbol(kernel, *name, &symbol))
			continue;
		root = image_phys(&kernel->image, symbol);
		TRY(use_tables(kernel, root, before.paging, &used));
		if (!used && kernel->arch->other_paging &&
		    kernel->arch->other_paging(&before.paging, &other))
			TRY(use_tables(kernel, root, other, &used));
		if (used)
			return NULL;
	}
	if (kernel->roots.own_tables)
		TRY(use_tables(kernel, image_phys(&kernel->image, kernel->roots.own_tables),
			       before.paging, &used));
	if (used)
		return NULL;
	vm_init(kernel, before.root, before.paging);
	return NULL;
}

/** The entry of a top table for the image's window: all of a kernel's have the same. 0 = none. */
static uint64_t image_entry(const struct pagetable *tables, dill_phys root)
{
	const uint8_t *table;
	struct dill_error *error = tables->read(tables->context, root, &table);
	uint64_t entry = 0;

	if (!error)
		memcpy(&entry, table + DILL_PAGE_SIZE - sizeof(entry), sizeof(entry));
	dill_error_free(error);
	return entry & X86_64_ADDRESS_MASK;
}

static bool uses(const struct pagetable *tables, unsigned cpu,
		 const struct dill_registers *registers)
{
	const struct arch *arch = tables->paging.arch;
	struct arch_roots roots = {.count = 0};
	struct dill_error *error = arch->roots(registers, cpu, &roots);
	bool ret = false;

	for (unsigned i = 0; !error && i < roots.count; i++)
		ret |= arch->shares_top ? image_entry(tables, roots.roots[i]) ==
						  image_entry(tables, tables->root)
					: roots.roots[i] == tables->root;
	dill_error_free(error);
	return ret;
}

struct dill_error *kernel_has_left(struct kernel *kernel, bool *ret)
{
	unsigned cpus;

	*ret = false;
	if (!kernel->vm.paged)
		return NULL;
	TRY(target_cpu_count(kernel->target, &cpus));
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		struct dill_registers registers;

		TRY(target_registers(kernel->target, cpu, &registers));
		if (!registers.has_control || uses(&kernel->vm.tables, cpu, &registers))
			return NULL;
	}
	*ret = true;
	return NULL;
}
