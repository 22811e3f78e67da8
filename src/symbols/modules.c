/* SPDX-License-Identifier: MIT */
#include "symbols/modules.h"

#include <ctype.h>

#include "base/strbuf.h"
#include "kernel/kernel_types.h"
#include "kernel/module.h"
#include "kernel/module_symbol.h"
#include "symbols/unwind_tables.h"

/* The module that is being added. */
struct current_module {
	struct modules *modules;
	dill_virt module;
	const char *name;
	size_t first_section;
};

/* --- names of parts --- */

/* What enum mod_mem_type calls a part: MOD_RO_AFTER_INIT. */
struct part_name {
	int64_t index;
	struct strbuf *text;
};

static struct dill_error *take_name(void *context, const struct type_enumerator *item)
{
	static const char prefix[] = "MOD_";
	struct part_name *part = context;

	if (item->value != part->index || part->text->length ||
	    strncmp(item->name, prefix, strlen(prefix)) != 0)
		return NULL;
	for (const char *c = item->name + strlen(prefix); *c; c++)
		strbuf_append_char(part->text, (char)tolower((unsigned char)*c));
	return NULL;
}

/* Since 6.4 by the types; before that there were two. */
static void append_part(struct kernel *kernel, unsigned index, struct strbuf *text)
{
	struct strbuf name = {0};
	struct part_name part = {index, &name};
	struct types *types;
	type_id id;
	struct dill_error *error = kernel_types(kernel, &types);

	if (!error)
		error = types_find(types, "enum mod_mem_type", &id);
	if (!error)
		error = types_enum_each(types, id, take_name, &part);
	if (error)
		strbuf_append(&name, index ? "init" : "core");
	dill_error_free(error);
	strbuf_append_escaped(text, strbuf_get(&name), name.length);
	strbuf_deinit(&name);
}

/* --- one module --- */

static struct dill_error *keep_text(struct modules *modules, const char *raw, const char **ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	strbuf_append_escaped(&text, raw, strlen(raw));
	TRY(strbuf_error(&text));
	*ret = arena_copy_text(modules->arena, strbuf_get(&text), text.length);
	return *ret ? NULL : error_no_memory();
}

static struct dill_error *add_part(void *context, const struct module_part *part)
{
	struct current_module *current = context;
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct section section = {.first = part->base, .end = part->base + part->size};

	if (section.end < section.first)
		return NULL;
	strbuf_append_format(&text, "%s.", current->name);
	append_part(current->modules->kernel, part->index, &text);
	TRY(strbuf_error(&text));
	section.name = arena_copy_text(current->modules->arena, strbuf_get(&text), text.length);
	if (!section.name)
		return error_no_memory();
	section.is_code = strstr(section.name + strlen(current->name), "text") ||
			  strstr(section.name + strlen(current->name), ".core");
	section.is_writable = !section.is_code;
	return array_push(&current->modules->sections->all, section);
}

static const struct section *find_part(const struct current_module *current, dill_virt address)
{
	const struct sections *sections = current->modules->sections;

	for (size_t i = current->first_section; i < sections->all.count; i++)
		if (address >= sections->all.items[i].first && address < sections->all.items[i].end)
			return &sections->all.items[i];
	return NULL;
}

static struct dill_error *add_symbol(void *context, const struct module_symbol *symbol)
{
	struct current_module *current = context;
	const struct section *part = find_part(current, symbol->address);
	struct file_symbol added = {.address = symbol->address};

	/* Of a part that is gone. */
	if (!part)
		return NULL;
	if (current->modules->symbols->all.count >= MODULE_SYMBOLS_MAX)
		return dill_error_new(DILL_ERROR_LIMIT, "too many symbols of modules");
	added.kind = part->is_code ? 't' : 'd';
	TRY(keep_text(current->modules, symbol->name, &added.name));
	return array_push(&current->modules->symbols->all, added);
}

static struct dill_error *add_frames(struct current_module *current)
{
	struct modules *modules = current->modules;
	struct unwind_tables tables = {0};
	struct dill_error *error;

	if (!modules->frames)
		return NULL;
	error = unwind_tables_read_module(modules->kernel, modules->layout, current->module,
					  &tables);
	for (size_t i = current->first_section; !error && i < modules->sections->all.count; i++) {
		const struct section *part = &modules->sections->all.items[i];

		if (part->is_code)
			frames_add_orc(modules->frames, modules->layout, modules->registers,
				       &tables.table, part->first, part->end);
	}
	unwind_tables_deinit(&tables);
	return error;
}

static struct dill_error *add_all(struct current_module *current)
{
	struct modules *modules = current->modules;

	TRY(module_parts_each(modules->kernel, current->module, add_part, current));
	TRY(module_symbols_each(modules->kernel, current->module, add_symbol, current));
	return add_frames(current);
}

static struct dill_error *add_module(void *context, dill_virt module, const char *name,
				     bool *ret_done)
{
	struct modules *modules = context;
	struct current_module current = {modules, module, NULL, modules->sections->all.count};
	struct dill_error *error;

	TRY(keep_text(modules, name, &current.name));
	error = add_all(&current);
	if (error && error_is_fatal(error))
		return error;
	modules->bad += error != NULL;
	dill_error_free(error);
	*ret_done = ++modules->count == MODULES_FILE_MAX;
	return NULL;
}

struct dill_error *modules_add(struct modules *modules)
{
	return modules_each(modules->kernel, add_module, modules);
}
