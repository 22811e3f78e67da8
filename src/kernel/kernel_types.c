/* SPDX-License-Identifier: MIT */
#include "kernel/kernel_types.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/build.h"
#include "kernel/state.h"
#include "kernel/symbol.h"
#include "kernel/types_file.h"
#include "kernel/vm.h"

/** Most bytes of BTF that are read; Debian's kernels have 3 to 5 MiB. */
#define BTF_MAX (UINT64_C(64) << 20)

/* --- failures --- */

static struct dill_error *copy(const struct dill_error *error)
{
	const char *text = dill_error_text(error);

	return dill_error_code(error) == DILL_ERROR_FAULT
		       ? dill_error_new_fault(dill_error_address(error), "%s", text)
		       : dill_error_new(dill_error_code(error), "%s", text);
}

static struct dill_error *fails_again(const struct kernel *kernel, const struct kept_failure *kept)
{
	return kept->error && kept->epoch == target_epoch(kernel->target) ? copy(kept->error)
									  : NULL;
}

static struct dill_error *keep_failure(const struct kernel *kernel, struct kept_failure *kept,
				       struct dill_error *error)
{
	if (!error || error_is_fatal(error))
		return error;
	dill_error_free(kept->error);
	kept->error = copy(error);
	kept->epoch = target_epoch(kernel->target);
	return error;
}

/* --- types --- */

static struct dill_error *no_types(void)
{
	return dill_error_new(DILL_ERROR_NOT_FOUND, "the kernel carries no BTF: %s",
			      KERNEL_NO_TYPES);
}

/* The same for types that are there and cannot be read, and for files without. */
static struct dill_error *say_what_helps(struct dill_error *error)
{
	struct dill_error *longer;

	if (!error || error_is_fatal(error) || strstr(dill_error_text(error), KERNEL_TYPES_HELP))
		return error;
	longer = dill_error_new(dill_error_code(error), "%s; " KERNEL_TYPES_HELP,
				dill_error_text(error));
	dill_error_free(error);
	return longer;
}

static bool find_btf(struct kernel *kernel, dill_virt *ret_first, dill_virt *ret_end)
{
	*ret_first = kernel->roots.btf;
	*ret_end = kernel->roots.btf + kernel->roots.btf_size;
	return kernel->roots.btf || (kernel_has_symbol(kernel, "__start_BTF", ret_first) &&
				     kernel_has_symbol(kernel, "__stop_BTF", ret_end));
}

struct dill_error *kernel_read_btf(struct kernel *kernel, uint8_t **ret, size_t *ret_size)
{
	_cleanup_(freep)
	uint8_t *blob = NULL;
	dill_virt first, end;

	if (kernel->hide & KERNEL_HIDE_TYPES || !find_btf(kernel, &first, &end))
		return no_types();
	if (end <= first || end - first > BTF_MAX)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "the kernel's BTF would be %" PRIu64 " bytes long",
				      end - first);
	blob = malloc(end - first);
	if (!blob)
		return error_no_memory();
	TRY(dill_error_add_context(kernel_read_uncached(kernel, first, blob, end - first),
				   "the kernel's BTF"));
	*ret = steal(blob);
	*ret_size = end - first;
	return NULL;
}

static struct dill_error *load_btf(struct kernel *kernel, struct types **ret)
{
	uint8_t *blob = NULL;
	size_t size = 0;

	TRY(kernel_read_btf(kernel, &blob, &size));
	TRY(dill_error_add_context(btf_types_new(blob, size, ret), "the kernel's BTF"));
	return kernel_build_keep(kernel, (struct span){blob, size});
}

static struct dill_error *load_image_types(struct kernel *kernel, struct types **ret,
					   const char **ret_how)
{
	TRY(image_file_types(kernel->file, ret, ret_how));
	kernel->facts.types_source = TYPES_OF_IMAGE;
	return NULL;
}

/** Types that need not be read from a target where that takes long; NULL in @p ret when there are
 * none. */
static struct dill_error *load_known_types(struct kernel *kernel, struct types **ret,
					   const char **ret_how)
{
	struct dill_error *error = NULL;

	if (kernel->file)
		error = load_image_types(kernel, ret, ret_how);
	TRY(error_forgive(error));
	error = NULL;
	if (!*ret && kernel->build_btf) {
		*ret_how = "BTF, kept of an earlier look at this build";
		error = kernel_build_types(kernel, ret);
	}
	return error_forgive(error);
}

static struct dill_error *load_types(struct kernel *kernel)
{
	const char *how = "BTF in target memory";
	struct dill_error *error = NULL;

	if (kernel->hide & KERNEL_HIDE_TYPES)
		return no_types();
	if (target_is_slow(kernel->target))
		TRY(load_known_types(kernel, &kernel->types, &how));
	if (!kernel->types)
		error = load_btf(kernel, &kernel->types);
	if (error && !error_is_fatal(error) && kernel->file) {
		dill_error_free(error);
		error = load_image_types(kernel, &kernel->types, &how);
	}
	if (!error)
		kernel->facts.types_how = how;
	return say_what_helps(error);
}

struct dill_error *kernel_load_types_file(struct kernel *kernel, const char *path)
{
	const char *format;

	kernel->types_path = strdup(path);
	if (!kernel->types_path)
		return error_no_memory();
	TRY(types_file_load(path, &kernel->types, &format));
	if (asprintf(&kernel->types_how, "%s, %s of a file that was given", path, format) < 0) {
		kernel->types_how = NULL;
		return error_no_memory();
	}
	kernel->facts.types_how = kernel->types_how;
	kernel->facts.types_source = TYPES_OF_FILE;
	return NULL;
}

const char *kernel_types_file(const struct kernel *kernel)
{
	return kernel->types_path;
}

struct dill_error *kernel_types(struct kernel *kernel, struct types **ret)
{
	if (!kernel->types) {
		TRY(fails_again(kernel, &kernel->no_types));
		TRY(keep_failure(kernel, &kernel->no_types, load_types(kernel)));
	}
	*ret = kernel->types;
	return NULL;
}

void kernel_take_members(struct kernel *kernel, struct member_source source, unsigned node_bits)
{
	kernel_members_resolve(source, &kernel->members);
	kernel->has_members = true;
	kernel->members_are_solved = true;
	kernel->solved_node_bits = node_bits;
	kernel->page_layout.resolved = false;
	kernel->facts.types_how = "none: members of structs solved from memory";
}

struct dill_error *kernel_members(struct kernel *kernel, enum kernel_need need,
				  const struct kernel_members **ret)
{
	struct dill_error *error;
	struct types *types;

	if (!kernel->has_members) {
		TRY(kernel_types(kernel, &types));
		kernel_members_resolve(members_of_types(types), &kernel->members);
		kernel->has_members = true;
	}
	*ret = &kernel->members;
	error = kernel_members_need(*ret, need);
	if (error && kernel->types_path)
		return dill_error_add_context(error, "%s", kernel->types_path);
	if (!error || !kernel->members_are_solved)
		return error;
	/* Not the kernel lacks it: nobody has told. */
	dill_error_free(error);
	return kernel_types(kernel, &types);
}
