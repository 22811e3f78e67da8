/* SPDX-License-Identifier: MIT */
#include "trace/unwinder.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/number_map.h"
#include "kernel/region.h"
#include "symbols/unwind_tables.h"

/* Modules whose tables are kept, and what they may need together. */
#define MODULES_MAX   256u
#define MODULES_BYTES (UINT64_C(64) << 20)
/* Addresses that were found to be in no module. */
#define NOWHERE_MAX 4096u
/* A function sets up its frame pointer within so many bytes. */
#define PROLOGUE 32u

struct unwinder {
	struct unwind_code code; /* first */
	struct kernel *kernel;
	bool is_orc;
	struct orc_layout layout;
	struct unwind_tables image;
	ARRAY(struct unwind_tables) modules;
	uint64_t module_bytes;
	struct number_map nowhere;
	struct {
		dill_virt first, end;
	} text[2]; /* of the kernel, and of its start */
	struct unwind_stack stack;
};

/* --- code --- */

static bool is_text(const struct unwinder *unwinder, dill_virt ip)
{
	for (size_t i = 0; i < 2; i++)
		if (ip >= unwinder->text[i].first && ip < unwinder->text[i].end)
			return true;
	return false;
}

static bool is_code(struct unwind_code *code, dill_virt ip)
{
	struct unwinder *unwinder = (struct unwinder *)code;

	return is_text(unwinder, ip) || kernel_region(unwinder->kernel, ip) == REGION_MODULES;
}

static const struct unwind_tables *known_module(const struct unwinder *unwinder, dill_virt ip)
{
	for (size_t i = 0; i < unwinder->modules.count; i++) {
		const struct unwind_tables *module = &unwinder->modules.items[i];

		if (ip - module->base < module->size)
			return module;
	}
	return NULL;
}

static void forget_modules(struct unwinder *unwinder)
{
	for (size_t i = 0; i < unwinder->modules.count; i++)
		unwind_tables_deinit(&unwinder->modules.items[i]);
	unwinder->modules.count = 0;
	unwinder->module_bytes = 0;
}

static struct dill_error *learn_nowhere(struct unwinder *unwinder, dill_virt ip)
{
	if (unwinder->nowhere.count >= NOWHERE_MAX)
		number_map_deinit(&unwinder->nowhere);
	return number_map_put(&unwinder->nowhere, ip, 1);
}

/* The module that @ip is in; NULL in *ret when it is in none. */
static struct dill_error *find_module(struct unwinder *unwinder, dill_virt ip,
				      const struct unwind_tables **ret)
{
	struct unwind_tables module;
	struct dill_error *error;

	*ret = known_module(unwinder, ip);
	if (*ret || number_map_get(&unwinder->nowhere, ip, NULL))
		return NULL;
	TRY(unwind_tables_of_module(unwinder->kernel, &unwinder->layout, ip, &module));
	if (!module.size)
		return learn_nowhere(unwinder, ip);
	if (unwinder->modules.count >= MODULES_MAX || unwinder->module_bytes > MODULES_BYTES)
		forget_modules(unwinder);
	unwinder->module_bytes += module.table.distances.size + module.table.entries.size;
	error = array_push(&unwinder->modules, module);
	if (error)
		unwind_tables_deinit(&module);
	else
		*ret = &unwinder->modules.items[unwinder->modules.count - 1];
	return error;
}

static struct dill_error *find(struct unwind_code *code, dill_virt ip, struct orc_entry *ret,
			       bool *ret_found)
{
	struct unwinder *unwinder = (struct unwinder *)code;
	const struct unwind_tables *tables = &unwinder->image;

	*ret_found = false;
	if (!is_text(unwinder, ip))
		TRY(find_module(unwinder, ip, &tables));
	*ret_found = tables && orc_find(&unwinder->layout, &tables->table, ip, ret);
	return NULL;
}

/* --- what the kernel has --- */

static void find_text(struct unwinder *unwinder)
{
	static const char *const symbols[][2] = {{"_stext", "_etext"},
						 {"_sinittext", "_einittext"}};
	const struct kernel_facts *facts = kernel_facts(unwinder->kernel);

	for (size_t i = 0; i < 2; i++)
		if (!kernel_has_symbol(unwinder->kernel, symbols[i][0], &unwinder->text[i].first) ||
		    !kernel_has_symbol(unwinder->kernel, symbols[i][1], &unwinder->text[i].end))
			unwinder->text[i].first = unwinder->text[i].end = 0;
	if (!unwinder->text[0].end) {
		unwinder->text[0].first = facts->base;
		unwinder->text[0].end = facts->base + facts->image_size;
	}
}

/* push %rbp, and then mov %rsp,%rbp: few functions that keep no frame pointer do this. */
static bool makes_frame(const uint8_t *code)
{
	static const uint8_t move[] = {0x48, 0x89, 0xe5};
	bool pushed = false;

	for (size_t i = 0; i + sizeof(move) <= PROLOGUE; i++) {
		if (pushed && !memcmp(code + i, move, sizeof(move)))
			return true;
		pushed |= code[i] == 0x55;
	}
	return false;
}

/* Whether the kernel was built with frame pointers: by what most of its functions do. */
static struct dill_error *keeps_frames(struct kernel *kernel, const struct probe_list *probes,
				       bool *ret)
{
	size_t frames = 0;

	for (size_t i = 0; i < probes->count; i++) {
		uint8_t code[PROLOGUE];

		TRY(kernel_read(kernel, probes->items[i].address, code, sizeof(code)));
		frames += makes_frame(code);
	}
	*ret = frames > probes->count / 2;
	return NULL;
}

static struct dill_error *find_method(struct unwinder *unwinder, struct types *types,
				      const struct probe_list *probes)
{
	bool frames;

	unwinder->is_orc = unwind_tables_there(unwinder->kernel);
	if (unwinder->is_orc) {
		TRY(orc_layout_find(types, &unwinder->layout));
		TRY(unwind_tables_read(unwinder->kernel, &unwinder->layout, &unwinder->image));
		return orc_layout_number(&unwinder->layout, &unwinder->image.table);
	}
	TRY(keeps_frames(unwinder->kernel, probes, &frames));
	if (!frames)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "this kernel has neither ORC tables nor frame pointers, so "
				      "that there are no backtraces: leave out --stack");
	return NULL;
}

/* --- life --- */

struct dill_error *unwinder_new(struct kernel *kernel, struct peek *peek,
				const struct probe_list *probes, struct unwinder **ret)
{
	_cleanup_(unwinder_freep)
	struct unwinder *unwinder = calloc(1, sizeof(*unwinder));
	struct types *types;

	if (!unwinder)
		return error_no_memory();
	unwinder->code = (struct unwind_code){is_code, find};
	unwinder->kernel = kernel;
	unwinder->stack.peek = peek;
	TRY(kernel_types(kernel, &types));
	TRY(unwind_registers_find(types, &unwinder->stack.layout));
	TRY(find_method(unwinder, types, probes));
	find_text(unwinder);
	*ret = steal(unwinder);
	return NULL;
}

void unwinder_free(struct unwinder *unwinder)
{
	if (!unwinder)
		return;
	forget_modules(unwinder);
	array_free(&unwinder->modules);
	number_map_deinit(&unwinder->nowhere);
	unwind_tables_deinit(&unwinder->image);
	free(unwinder);
}

const char *unwinder_method(const struct unwinder *unwinder)
{
	return unwinder->is_orc ? "ORC" : "frame pointers";
}

struct dill_error *unwinder_walk(struct unwinder *unwinder, const uint64_t *registers,
				 struct backtrace *ret)
{
	return unwinder->is_orc ? unwind_orc(&unwinder->stack, &unwinder->code, registers, ret)
				: unwind_frames(&unwinder->stack, &unwinder->code, registers, ret);
}
