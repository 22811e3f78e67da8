/* SPDX-License-Identifier: MIT */
#include "kernel/kernel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/build.h"
#include "kernel/file_symbols.h"
#include "kernel/kallsyms_load.h"
#include "kernel/kernel_file.h"
#include "kernel/known_machine.h"
#include "kernel/roots.h"
#include "kernel/state.h"

#define BANNER	       "Linux version "
#define VMCOREINFO_MAX 4096u
/* Source: crash_save_vmcoreinfo_init() in kernel/vmcore_info.c (kernel/crash_core.c before 6.9) */
#define VMCOREINFO_BEGIN "OSRELEASE="

/* --- what is read at the beginning --- */

static struct dill_error *find_banner(struct kernel *kernel)
{
	if (kernel_symbols_are_complete(kernel))
		return kernel_symbol(kernel, "linux_banner", &kernel->banner_address);
	kernel->banner_address = kernel->roots.banner;
	return kernel->banner_address
		       ? NULL
		       : dill_error_new(DILL_ERROR_NOT_FOUND,
					"the image holds no text \"" BANNER "\": not Linux?");
}

/** Read the banner and what follows it, and keep it as this kernel's identity. */
static struct dill_error *load_banner(struct kernel *kernel)
{
	const char *raw = (const char *)kernel->identity;
	struct strbuf text = {0};
	struct dill_error *error;
	size_t length;

	error = find_banner(kernel);
	if (!error)
		error = kernel_read(kernel, kernel->banner_address, kernel->identity,
				    IDENTITY_SIZE);
	if (error)
		return dill_error_add_context(error, "the kernel's version banner");
	if (memcmp(raw, BANNER, strlen(BANNER)) != 0)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "linux_banner at 0x%" PRIx64 " is no version banner",
				      kernel->banner_address);
	length = strnlen(raw, IDENTITY_SIZE);
	if (length && raw[length - 1] == '\n')
		length--;
	strbuf_append_escaped(&text, raw, length);
	error = strbuf_error(&text);
	if (!error) {
		kernel->banner = strdup(strbuf_get(&text));
		if (!kernel->banner)
			error = error_no_memory();
	}
	strbuf_deinit(&text);
	return error;
}

/** Parse a page when it is VMCOREINFO; anything unreadable means it is not. */
static struct dill_error *try_vmcoreinfo(struct kernel *kernel, dill_virt page)
{
	uint8_t text[VMCOREINFO_MAX] = {0};

	TRY(error_forgive(kernel_read(kernel, page, text, sizeof(text))));
	if (!memcmp(text, VMCOREINFO_BEGIN, strlen(VMCOREINFO_BEGIN)))
		vmcoreinfo_parse((struct span){text, sizeof(text)}, &kernel->vmcoreinfo);
	return NULL;
}

/** Read the kernel's VMCOREINFO when it keeps one. */
static struct dill_error *load_vmcoreinfo(struct kernel *kernel)
{
	const struct roots *roots = &kernel->roots;
	dill_virt variable, address = 0;

	/* Of what it says only the slide is needed where the types are known. */
	if (kernel->vmcoreinfo.has_kernel_offset)
		return NULL;
	for (size_t i = 0; i < roots->pages.count && !kernel->vmcoreinfo.has_kernel_offset; i++)
		TRY(try_vmcoreinfo(kernel, roots->pages.items[i]));
	if (!kernel_has_symbol(kernel, "vmcoreinfo_data", &variable))
		return NULL;
	TRY(error_forgive(kernel_read_u64(kernel, variable, &address)));
	return address ? try_vmcoreinfo(kernel, address) : NULL;
}

static struct dill_error *describe_symbols(struct kernel *kernel, const char *how)
{
	struct strbuf text = {0};
	struct dill_error *error;

	strbuf_append_format(&text, "%s, %zu symbols", how, kernel->symbols.entries.count);
	error = strbuf_error(&text);
	if (error)
		strbuf_deinit(&text);
	else
		kernel->symbols_how = text.data;
	return error;
}

/** Read the banner where the file has it, and refuse a file that is not this kernel's. */
static struct dill_error *load_file_banner(struct kernel *kernel)
{
	struct dill_error *error = load_banner(kernel);

	/* Whatever is wrong with the banner, the file is why. */
	TRY(error_forgive(error));
	return kernel_file_check(kernel);
}

/** Take the symbols of the image file, moved to where the image is. */
static struct dill_error *load_file_symbols(struct kernel *kernel)
{
	struct vmcoreinfo *info = &kernel->vmcoreinfo;

	TRY(kernel_file_symbols(kernel, &kernel->symbols, &info->kernel_offset));
	info->has_kernel_offset = true;
	TRY(describe_symbols(kernel, "image file"));
	return load_file_banner(kernel);
}

static struct dill_error *take_text(struct strbuf *text, char **owned)
{
	TRY(strbuf_error(text));
	free(*owned);
	*owned = steal(text->data);
	return NULL;
}

/** No symbols of variables: what they would tell is found in the image. */
static struct dill_error *load_without_variables(struct kernel *kernel)
{
	TRY(kernel_require_x86_64(
		kernel, "symbols of data (CONFIG_KALLSYMS_ALL) are needed, or --vmlinux FILE"));
	TRY(roots_find(kernel));
	TRY(load_banner(kernel));
	return kernel_file_settle(kernel);
}

/** The target has the names of its functions, and nothing else: the file may have the others. */
static struct dill_error *load_missing_symbols(struct kernel *kernel)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	bool adds;

	kernel->symbols_lack_data = true;
	kernel_file_ask(kernel);
	adds = kernel_has_symbol(kernel, "linux_banner", NULL);
	strbuf_append_format(&text, "%s, functions only", kernel->symbols_how);
	if (adds)
		strbuf_append_format(&text, "; image file, %zu symbols",
				     kernel->file_symbols.entries.count);
	TRY(take_text(&text, &kernel->symbols_how));
	return adds ? load_file_banner(kernel) : load_without_variables(kernel);
}

/** Neither the target nor a file has symbols. */
static struct dill_error *load_no_symbols(struct kernel *kernel)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	strbuf_append(&text, "none: no symbol table (kallsyms) in the kernel image");
	TRY(take_text(&text, &kernel->symbols_how));
	return load_without_variables(kernel);
}

/* Without the symbols that turned out to be another kernel's. */
static void drop_symbols(struct kernel *kernel)
{
	symbol_table_deinit(&kernel->symbols);
	free(steal(kernel->symbols_how));
	free(steal(kernel->banner));
	kernel->vmcoreinfo = (struct vmcoreinfo){0};
	kernel->build_is_known = false;
}

/** Where reading takes long: the user's file, if it is this kernel's; a wrong one is told about by
 * whoever has read the target's own banner. */
static struct dill_error *try_file_first(struct kernel *kernel, bool *ret)
{
	struct dill_error *error = kernel->file ? load_file_symbols(kernel) : NULL;

	*ret = kernel->file && !error;
	if (!error || error_is_fatal(error))
		return error;
	dill_error_free(error);
	drop_symbols(kernel);
	return NULL;
}

/** Where reading takes long: what was kept of this build. */
static struct dill_error *try_kept(struct kernel *kernel, bool *ret)
{
	struct dill_error *error;

	*ret = false;
	TRY(kernel_build_find(kernel));
	if (!kernel->build_is_known)
		return NULL;
	TRY(describe_symbols(kernel, "kept of an earlier look at this build"));
	error = load_banner(kernel);
	*ret = !error;
	if (!error || error_is_fatal(error))
		return error;
	dill_error_free(error);
	drop_symbols(kernel);
	return NULL;
}

/** Symbols that need not be read from a target where that takes long. */
static struct dill_error *load_known_symbols(struct kernel *kernel, bool *ret)
{
	dill_virt end;

	TRY(try_file_first(kernel, ret));
	if (!*ret)
		TRY(try_kept(kernel, ret));
	if (!*ret)
		return image_probe_size(kernel->target, &kernel->image);
	if (kernel_has_symbol(kernel, "_end", &end) && end > kernel->image.base)
		image_set_size(&kernel->image, end - kernel->image.base);
	return kernel_file_settle(kernel);
}

/** The target has no symbols: the file's, when it has some. */
static struct dill_error *load_symbols_of_file(struct kernel *kernel)
{
	struct dill_error *error = kernel->file ? load_file_symbols(kernel) : NULL;

	if (kernel->file &&
	    (!error || error_is_fatal(error) ||
	     (dill_error_code(error) != DILL_ERROR_NOT_FOUND && !kernel->file_is_offered)))
		return error;
	dill_error_free(error); /* a stripped one, or a debugger's */
	drop_symbols(kernel);
	return load_no_symbols(kernel);
}

static struct dill_error *load_own_symbols(struct kernel *kernel, const char **ret_how)
{
	if (kernel->hide & KERNEL_HIDE_SYMBOLS)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "hidden");
	TRY(kallsyms_load(kernel, &kernel->symbols, ret_how));
	return kernel->hide & KERNEL_HIDE_DATA ? symbol_table_keep(&kernel->symbols, "tTwW") : NULL;
}

static struct dill_error *load_symbols(struct kernel *kernel)
{
	const char *how;
	bool known = false;
	struct dill_error *error;

	if (target_is_slow(kernel->target) && !kernel->vm.paged)
		TRY(load_known_symbols(kernel, &known));
	if (known)
		return NULL;
	error = load_own_symbols(kernel, &how);
	if (!error) {
		kernel->symbols_are_own = true;
		TRY(describe_symbols(kernel, how));
		if (!symbol_table_find(&kernel->symbols, "linux_banner"))
			return load_missing_symbols(kernel);
		TRY(load_banner(kernel));
		TRY(kernel_file_settle(kernel));
		return kernel_build_keep(kernel, (struct span){0});
	}
	TRY(error_forgive(error));
	return load_symbols_of_file(kernel);
}

/** Physical base and paging levels of a target without physical reads, from the kernel's own
 * variables. */
static struct dill_error *load_paging_variables(struct kernel *kernel)
{
	struct kernel_facts *facts = &kernel->facts;
	dill_virt address;
	uint32_t shift = 0;

	/* pgdir_shift: 48 with five levels, 39 with four; absent without CONFIG_X86_5LEVEL. */
	if (kernel_has_symbol(kernel, "pgdir_shift", &address))
		TRY(kernel_read_u32(kernel, address, &shift));
	facts->paging_levels = shift == 48 ? 5 : 4;
	facts->phys_how = "not known: neither physical memory nor phys_base can be read";
	if (kernel_has_symbol(kernel, "phys_base", &address)) {
		TRY(kernel_read_u64(kernel, address, &facts->phys_base));
		facts->phys_base += facts->base - KERNEL_WINDOW_FIRST;
		facts->has_phys_base = true;
		facts->phys_how = "the kernel's variable phys_base";
	}
	return NULL;
}

static struct dill_error *fill_facts(struct kernel *kernel)
{
	struct kernel_facts *facts = &kernel->facts;
	dill_virt text, first, last;

	kernel->arch->image_window(&kernel->vm.tables.paging, &first, &last);
	facts->base = kernel->image.base;
	facts->image_size = kernel->image.size;
	facts->linked_base = kernel->arch->linked_base(&kernel->vm.tables.paging);
	facts->slide_how = kernel->arch->linked_how;
	if (kernel->vmcoreinfo.has_kernel_offset &&
	    kernel->vmcoreinfo.kernel_offset <= facts->base - first) {
		facts->linked_base = facts->base - kernel->vmcoreinfo.kernel_offset;
		facts->slide_how = "KERNELOFFSET of the kernel's VMCOREINFO";
	}
	facts->slide = facts->base - facts->linked_base;
	if (kernel_has_symbol(kernel, "_text", &text) && text != facts->base) {
		target_log(kernel->target,
			   "the symbol _text is 0x%" PRIx64 ", but the image begins at 0x%" PRIx64,
			   text, facts->base);
		facts->base_how = "page tables, but the symbol _text disagrees";
	}
	facts->banner = kernel->banner;
	facts->banner_how = kernel->roots.banner ? "its text in the kernel image"
						 : "linux_banner in target memory";
	facts->symbols_how = kernel->symbols_how;
	if (!kernel->types_path)
		facts->types_how = "not needed yet";
	if (!kernel->vm.paged)
		return load_paging_variables(kernel);
	facts->phys_base = image_phys(&kernel->image, facts->base);
	facts->has_phys_base = true;
	facts->phys_how = "page tables";
	return NULL;
}

static struct dill_error *open_kernel(struct kernel *kernel, const struct kernel_options *options)
{
	if (options && options->types_path)
		TRY(kernel_load_types_file(kernel, options->types_path));
	if (options && options->image_path) {
		kernel->file_is_offered = options->image_is_offered;
		TRY(kernel_file_open(kernel, options->image_path));
	}
	TRY(kernel_locate(kernel, options ? options->choice : NULL));
	TRY(load_symbols(kernel));
	TRY(kernel_use_own_tables(kernel));
	TRY(load_vmcoreinfo(kernel));
	TRY(fill_facts(kernel));
	TRY(cpus_load(kernel));
	return memory_map_load(kernel);
}

struct dill_error *kernel_open(struct target *target, const struct kernel_options *options,
			       struct kernel **ret)
{
	_cleanup_(kernel_freep)
	struct kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return error_no_memory();
	kernel->target = target;
	TRY(target_arch(target, &kernel->arch));
	kernel->vm.tables.paging.arch = kernel->arch;
	kernel->hide = options ? options->hide : 0;
	kernel->keeps_builds = options && !options->no_cache && !kernel->hide;
	kernel->is_chosen = options && options->choice;
	TRY(open_kernel(kernel, options));
	kernel->epoch = target_epoch(target);
	*ret = steal(kernel);
	return NULL;
}

void kernel_free(struct kernel *kernel)
{
	if (!kernel)
		return;
	image_deinit(&kernel->image);
	symbol_table_deinit(&kernel->symbols);
	symbol_table_deinit(&kernel->file_symbols);
	roots_deinit(&kernel->roots);
	types_free(kernel->types);
	free(kernel->types_path);
	free(kernel->types_how);
	dill_error_free(kernel->no_types.error);
	image_file_free(kernel->file);
	free(kernel->build_btf);
	cpus_deinit(&kernel->cpus);
	free(kernel->banner);
	free(kernel->symbols_how);
	free(kernel);
}

/* Memory of a kernel that is gone keeps its looks, page tables too, until somebody needs it. */
static struct dill_error *check_in_use(struct kernel *kernel)
{
	bool left = false;
	struct dill_error *error = kernel->is_chosen ? NULL : kernel_has_left(kernel, &left);

	if (error && error_is_fatal(error))
		return error;
	dill_error_free(error); /* without registers nothing can be told */
	return left ? dill_error_new(DILL_ERROR_BAD_DATA,
				     "no CPU uses its page tables any more: the target has "
				     "rebooted")
		    : NULL;
}

struct dill_error *kernel_refresh(struct kernel *kernel)
{
	uint8_t now[IDENTITY_SIZE];
	struct dill_error *error;

	if (target_epoch(kernel->target) == kernel->epoch)
		return NULL;
	vm_forget(kernel);
	error = kernel_read(kernel, kernel->banner_address, now, sizeof(now));
	if (error && error_is_fatal(error))
		return error;
	if (error && !kernel->vm.paged)
		/* Without page tables of its own dill depends on what the CPU sees right now. */
		return dill_error_add_context(error, "the kernel is not visible at this stop");
	if (error || memcmp(now, kernel->identity, sizeof(now)) != 0) {
		dill_error_free(error);
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "the kernel is no longer where it was: the target has "
				      "rebooted");
	}
	TRY(check_in_use(kernel));
	TRY(cpus_load(kernel));
	TRY(memory_map_load(kernel));
	kernel->epoch = target_epoch(kernel->target);
	return NULL;
}

const struct kernel_facts *kernel_facts(struct kernel *kernel)
{
	return &kernel->facts;
}
