/* SPDX-License-Identifier: MIT */
/*
 * Where every byte of a target costs, its symbols and types are read once for each build of a
 * kernel: 5 MiB, hours behind a serial line. They are kept by the build id, and believed again when
 * the target has the build id and some other constant words where that build has them.
 */
#include "kernel/build.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/build_file.h"
#include "kernel/build_store.h"
#include "kernel/kernel_file.h"
#include "kernel/state.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"

/* Bytes of each place that is compared. */
#define PROBE_SIZE 32u
/* Places in the BTF, besides those that have symbols. */
#define BTF_PROBES 4u

static bool is_wanted(const struct kernel *kernel)
{
	return kernel->keeps_builds && target_is_slow(kernel->target) && !kernel->symbols_lack_data;
}

/* --- believing --- */

/* Whether the target holds these bytes; what cannot be read is something else. */
static struct dill_error *holds(struct kernel *kernel, uint64_t offset, const uint8_t *bytes,
				size_t size, bool *ret)
{
	uint8_t seen[BUILD_NOTE_MAX > BUILD_PROBE_MAX ? BUILD_NOTE_MAX : BUILD_PROBE_MAX];
	struct dill_error *error = kernel_read(kernel, kernel->image.base + offset, seen, size);

	*ret = !error && !memcmp(seen, bytes, size);
	return error_forgive(error);
}

static struct dill_error *matches(struct kernel *kernel, const struct build_facts *facts, bool *ret)
{
	TRY(holds(kernel, facts->note_offset, facts->note, facts->note_size, ret));
	for (size_t i = 0; i < BUILD_PROBES && *ret; i++)
		if (facts->probes[i].size)
			TRY(holds(kernel, facts->probes[i].offset, facts->probes[i].bytes,
				  facts->probes[i].size, ret));
	return NULL;
}

/* Remember the BTF until somebody wants types. */
static struct dill_error *keep_btf(struct kernel *kernel, struct span btf)
{
	uint8_t *copy = btf.size ? malloc(btf.size) : NULL;

	if (!btf.size)
		return NULL;
	if (!copy)
		return error_no_memory();
	memcpy(copy, btf.data, btf.size);
	kernel->build_btf = copy;
	kernel->build_btf_size = btf.size;
	return NULL;
}

static struct dill_error *take(struct kernel *kernel, const char *path,
			       const struct build_facts *facts)
{
	_cleanup_(freep)
	uint8_t *bytes = NULL;
	struct span btf;
	size_t size;

	TRY(build_store_read(path, BUILD_FILE_MAX, &bytes, &size));
	TRY(build_file_read((struct span){bytes, size}, kernel->image.base, &kernel->symbols,
			    &btf));
	TRY(keep_btf(kernel, btf));
	if (facts->slide_known) {
		kernel->vmcoreinfo.has_kernel_offset = true;
		kernel->vmcoreinfo.kernel_offset = kernel->image.base - facts->linked_base;
	}
	kernel->build_is_known = true;
	build_store_touch(path);
	return NULL;
}

static struct dill_error *try_entry(struct kernel *kernel, const char *path)
{
	_cleanup_(freep)
	uint8_t *bytes = NULL;
	struct build_facts facts;
	bool same;
	size_t size;

	TRY(build_store_read(path, BUILD_HEAD_SIZE, &bytes, &size));
	TRY(build_file_head((struct span){bytes, size}, &facts));
	TRY(matches(kernel, &facts, &same));
	return same ? take(kernel, path, &facts) : NULL;
}

struct dill_error *kernel_build_find(struct kernel *kernel)
{
	_cleanup_(build_list_deinitp)
	struct build_list list = {0};

	if (!is_wanted(kernel))
		return NULL;
	TRY(build_store_list(&list));
	for (size_t i = 0; i < list.entries.count && !kernel->build_is_known; i++) {
		const char *path = list.entries.items[i].path;
		struct dill_error *error = try_entry(kernel, path);

		if (!error)
			continue;
		if (error_is_fatal(error))
			return error;
		target_log(kernel->target, "%s is not used: %s", path, dill_error_text(error));
		dill_error_free(error);
	}
	return NULL;
}

struct dill_error *kernel_build_types(struct kernel *kernel, struct types **ret)
{
	uint8_t *btf = steal(kernel->build_btf);

	return btf_types_new(btf, kernel->build_btf_size, ret);
}

/* --- keeping --- */

static struct dill_error *add_probe(struct kernel *kernel, struct build_facts *facts, size_t index,
				    dill_virt address)
{
	struct build_probe *probe = &facts->probes[index];

	probe->offset = address - kernel->image.base;
	TRY(kernel_read(kernel, address, probe->bytes, PROBE_SIZE));
	probe->size = PROBE_SIZE;
	return NULL;
}

/* Texts and tables that are the same wherever the kernel was put, and that nothing changes while it
 * runs: of the words of code that cannot be said. */
static struct dill_error *probe(struct kernel *kernel, struct build_facts *facts)
{
	static const char *const names[] = {"linux_banner", "__start___ksymtab",
					    "linux_proc_banner"};
	dill_virt first, end, address;
	size_t count = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (kernel_has_symbol(kernel, names[i], &address))
			TRY(add_probe(kernel, facts, count++, address));
	if (!kernel_has_symbol(kernel, "__start_BTF", &first) ||
	    !kernel_has_symbol(kernel, "__stop_BTF", &end) || end <= first ||
	    end - first < UINT64_C(64) * BTF_PROBES)
		return NULL;
	for (unsigned i = 0; i < BTF_PROBES; i++)
		TRY(add_probe(kernel, facts, count++,
			      (first + (end - first) / BTF_PROBES * i) & ~UINT64_C(63)));
	return NULL;
}

static struct dill_error *name_of(struct span note, struct strbuf *ret)
{
	for (size_t i = 16; i < note.size; i++)
		strbuf_append_format(ret, "%02x", note.data[i]);
	return strbuf_error(ret);
}

static struct dill_error *keep(struct kernel *kernel, struct span btf)
{
	struct build_facts facts = {
		.slide_known = kernel->vmcoreinfo.has_kernel_offset,
		.linked_base = kernel->image.base - kernel->vmcoreinfo.kernel_offset,
	};
	_cleanup_(strbuf_deinitp)
	struct strbuf name = {0};
	_cleanup_(freep)
	uint8_t *bytes = NULL;
	uint8_t buffer[BUILD_NOTE_MAX];
	struct span note;
	dill_virt address;
	size_t size;

	TRY(kernel_build_note(kernel, buffer, &note, &address));
	if (!note.size) /* nothing to know it by */
		return NULL;
	facts.note_offset = address - kernel->image.base;
	facts.note_size = (uint32_t)note.size;
	memcpy(facts.note, note.data, note.size);
	TRY(probe(kernel, &facts));
	TRY(name_of(note, &name));
	TRY(build_file_make(&facts, kernel->image.base, &kernel->symbols, btf, &bytes, &size));
	return build_store_write(strbuf_get(&name), bytes, size);
}

struct dill_error *kernel_build_keep(struct kernel *kernel, struct span btf)
{
	struct dill_error *error;

	if (!is_wanted(kernel) || !(kernel->symbols_are_own || kernel->build_is_known))
		return NULL;
	error = keep(kernel, btf);
	if (!error || error_is_fatal(error))
		return error;
	/* The answer does not need it. */
	target_log(kernel->target, "symbols and types are not kept for the next time: %s",
		   dill_error_text(error));
	dill_error_free(error);
	return NULL;
}
