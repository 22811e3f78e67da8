/* SPDX-License-Identifier: MIT */
#include "trace/probe.h"

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "kernel/known_machine.h"

/* Every function that is looked for. */
static const struct entry {
	const char *name;
	enum probe_kind kind;
	unsigned flags;
} entries[] = {
#define POINT(name, kind, flags) {name, PROBE_##kind, flags},
#include "trace/points.def"
#undef POINT
};

/* Enough for every entry with both names. */
#define PROBES_MAX (2 * sizeof(entries) / sizeof(*entries))

/* Registers of the first six arguments (System V ABI for x86-64, 3.2.3). */
static const enum dill_register argument_registers[] = {
	DILL_RDI, DILL_RSI, DILL_RDX, DILL_RCX, DILL_R8, DILL_R9,
};

#define ARGUMENTS_MAX (sizeof(argument_registers) / sizeof(*argument_registers))

/* --- arguments --- */

static bool names(const struct type_parameter *parameter, const char *name)
{
	return !strcmp(parameter->name, name);
}

/* Whether the type is a typedef called @name. */
static struct dill_error *is_typedef(struct types *types, type_id id, const char *name, bool *ret)
{
	struct type type;

	TRY(types_get(types, id, &type));
	*ret = type.kind == TYPE_TYPEDEF && !strcmp(type.name, name);
	return NULL;
}

/* Strip @p id to what it points to; *ret_depth counts the pointers. */
static struct dill_error *pointee(struct types *types, type_id id, unsigned *ret_depth,
				  struct type *ret)
{
	*ret_depth = 0;
	TRY(types_strip(types, id, ret));
	while (ret->kind == TYPE_POINTER && *ret_depth < TYPE_DEPTH_MAX) {
		(*ret_depth)++;
		TRY(types_strip(types, ret->target, ret));
	}
	return NULL;
}

static struct dill_error *find_role(struct types *types, const struct type_parameter *parameter,
				    enum probe_kind kind, int *ret)
{
	unsigned depth;
	struct type type;
	bool is;

	*ret = -1;
	TRY(is_typedef(types, parameter->type, "gfp_t", &is));
	if (is) {
		*ret = ROLE_GFP;
		return NULL;
	}
	TRY(is_typedef(types, parameter->type, "size_t", &is));
	if (is && names(parameter, "size")) {
		*ret = ROLE_SIZE;
		return NULL;
	}
	if (names(parameter, "caller")) {
		*ret = ROLE_CALLER;
		return NULL;
	}
	TRY(pointee(types, parameter->type, &depth, &type));
	if (depth == 1 && type.kind == TYPE_STRUCT && !strcmp(type.name, "kmem_cache"))
		*ret = ROLE_CACHE;
	else if (depth == 2 && type.kind == TYPE_VOID)
		*ret = ROLE_ARRAY;
	else if (depth == 1 &&
		 (kind == PROBE_FREE_SHEAF || kind == PROBE_FREE_HEAD || /* the head */
		  (type.kind == TYPE_VOID && kind >= PROBE_FREE)))
		*ret = ROLE_OBJECT;
	return NULL;
}

/*
 * kfree_rcu()'s second argument says where the object is: its address, or, to 6.2, as a function
 * pointer the distance of the head in it. Without a head it is the address in both cases.
 * Source: kernel/rcu/tree.c kvfree_call_rcu()
 */
static void find_request(struct probe *probe, uint32_t count)
{
	memset(probe->arguments, -1, sizeof(probe->arguments));
	if (count < 2)
		return;
	probe->arguments[ROLE_ARRAY] = (int8_t)argument_registers[0]; /* the head */
	probe->arguments[ROLE_OBJECT] = (int8_t)argument_registers[1];
}

/* A bool leaves the upper bits of its register undefined. */
static struct dill_error *find_result(struct types *types, type_id id, struct probe *probe)
{
	struct type type;

	TRY(types_strip(types, id, &type));
	probe->result_mask = type.size == 1 ? UINT8_MAX : UINT32_MAX;
	return NULL;
}

static struct dill_error *find_arguments(struct types *types, struct probe *probe)
{
	struct type prototype;
	type_id id;

	memset(probe->arguments, -1, sizeof(probe->arguments));
	TRY(types_function(types, probe->function, &id));
	TRY(types_get(types, id, &prototype));
	for (uint32_t i = 0; i < prototype.count && i < ARGUMENTS_MAX; i++) {
		struct type_parameter parameter;
		int role;

		TRY(types_parameter(types, id, i, &parameter));
		TRY(find_role(types, &parameter, probe->kind, &role));
		/* The first of a kind is meant. */
		if (role >= 0 && probe->arguments[role] < 0)
			probe->arguments[role] = (int8_t)argument_registers[i];
	}
	if (probe->kind == PROBE_REQUEST)
		find_request(probe, prototype.count);
	return find_result(types, prototype.target, probe);
}

static bool has(const struct probe *probe, enum probe_role role)
{
	return probe->arguments[role] >= 0;
}

/* Whether enough is known to make an event of a call. */
static bool is_complete(const struct probe *probe)
{
	switch (probe->kind) {
	case PROBE_ALLOC:
		return has(probe, ROLE_SIZE) || has(probe, ROLE_CACHE);
	case PROBE_ALLOC_BULK:
	case PROBE_FREE_BULK:
		return has(probe, ROLE_SIZE) && has(probe, ROLE_ARRAY);
	case PROBE_FREE:
	case PROBE_FREE_SHEAF:
	case PROBE_FREE_HEAD:
	case PROBE_REQUEST:
		return has(probe, ROLE_OBJECT);
	}
	return false;
}

/* --- code --- */

/* Bytes of an instruction that does nothing, as the kernel pads function entries; 0 = another.
 * Source: arch/x86/include/asm/nops.h */
static size_t nop_length(struct span code)
{
	static const struct {
		uint8_t bytes[5];
		size_t length;
	} nops[] = {
		{{0x0f, 0x1f, 0x44, 0x00, 0x00}, 5},
		{{0x66, 0x66, 0x66, 0x66, 0x90}, 5}, /* chosen on some CPUs, to 5.12 */
		{{0x66, 0x66, 0x66, 0x90}, 4},
		{{0x66, 0x66, 0x90}, 3},
		{{0x0f, 0x1f, 0x40, 0x00}, 4},
		{{0x0f, 0x1f, 0x00}, 3},
		{{0x66, 0x90}, 2},
		{{0x90}, 1},
	};

	for (size_t i = 0; i < sizeof(nops) / sizeof(*nops); i++)
		if (code.size >= nops[i].length &&
		    !memcmp(code.data, nops[i].bytes, nops[i].length))
			return nops[i].length;
	return 0;
}

enum probe_first probe_decode(struct span code, dill_virt address, dill_virt *ret_next)
{
	size_t length = nop_length(code);
	int32_t distance;

	if (length) {
		*ret_next = address + length;
		return FIRST_SKIP;
	}
	if (code.size >= 5 && code.data[0] == 0xe9) { /* jmp: a live patch */
		memcpy(&distance, code.data + 1, sizeof(distance));
		*ret_next = address + 5 + (uint64_t)(int64_t)distance;
		return FIRST_SKIP;
	}
	return FIRST_STEP;
}

/* Where the breakpoint goes. The processor wants to see endbr64 executed after an indirect call. */
static struct dill_error *find_place(struct kernel *kernel, struct probe *probe)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	uint8_t code[16];
	struct span span = {code, sizeof(code)};

	TRY(kernel_read(kernel, probe->address, code, sizeof(code)));
	if (!memcmp(code, endbr64, sizeof(endbr64))) {
		probe->address += sizeof(endbr64);
		span = span_cut(span, sizeof(endbr64), sizeof(code));
	}
	probe->first = probe_decode(span, probe->address, &probe->next);
	return NULL;
}

/* --- the list --- */

/* Whether kfree_rcu() calls call_rcu() itself, with a distance for a function. Source:
 * include/linux/rcutiny.h kvfree_call_rcu(), to 6.13 */
static bool is_distance(struct kernel *kernel)
{
	return kernel_has_symbol(kernel, "rcu_ctrlblk", NULL) &&
	       !kernel_has_symbol(kernel, "kvfree_call_rcu", NULL) &&
	       !kernel_has_symbol(kernel, "kvfree_rcu_cb", NULL);
}

static struct dill_error *add(struct kernel *kernel, struct types *types, const char *symbol,
			      const struct entry *entry, struct arena *arena,
			      struct probe_list *list, struct strbuf *untraced)
{
	struct probe probe = {.kind = entry->kind, .flags = entry->flags};
	struct dill_error *error;

	if (!kernel_has_symbol(kernel, symbol, &probe.address) ||
	    (entry->flags & PROBE_DISTANCE && !is_distance(kernel)))
		return NULL;
	probe.function = arena_copy_text(arena, symbol, strlen(symbol));
	if (!probe.function)
		return error_no_memory();
	error = find_arguments(types, &probe);
	if (error && error_is_fatal(error))
		return error;
	if (error || !is_complete(&probe)) {
		target_log(kernel_target(kernel), "%s is not traced: %s", symbol,
			   error ? dill_error_text(error) : "its arguments are not understood");
		dill_error_free(error);
		strbuf_append_format(untraced, "%s%s", untraced->length ? ", " : "", symbol);
		return NULL;
	}
	TRY(find_place(kernel, &probe));
	if (!probe_at(list, probe.address)) /* an alias */
		list->items[list->count++] = probe;
	return NULL;
}

static struct dill_error *check(const struct probe_list *list)
{
	bool allocs = false, frees = false;

	for (size_t i = 0; i < list->count; i++) {
		allocs |= list->items[i].kind == PROBE_ALLOC;
		frees |= list->items[i].kind == PROBE_FREE;
	}
	if (allocs && frees)
		return NULL;
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "the allocator's functions are not found, so that nothing can be "
			      "traced");
}

struct dill_error *probes_find(struct kernel *kernel, struct arena *arena, struct probe_list *ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf untraced = {0};
	struct types *types;
	char noprof[64];

	TRY(kernel_require_x86_64(kernel, "allocations cannot be traced"));
	TRY(kernel_types(kernel, &types));
	*ret = (struct probe_list){0};
	ret->items = arena_alloc_array(arena, PROBES_MAX, sizeof(*ret->items));
	if (!ret->items)
		return error_no_memory();
	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
		snprintf(noprof, sizeof(noprof), "%s_noprof", entries[i].name);
		TRY(add(kernel, types, entries[i].name, &entries[i], arena, ret, &untraced));
		TRY(add(kernel, types, noprof, &entries[i], arena, ret, &untraced));
	}
	TRY(strbuf_error(&untraced));
	if (untraced.length) {
		ret->untraced = arena_copy_text(arena, strbuf_get(&untraced), untraced.length);
		if (!ret->untraced)
			return error_no_memory();
	}
	return check(ret);
}

static enum trace_kind kind_of_events(enum probe_kind kind)
{
	switch (kind) {
	case PROBE_ALLOC:
	case PROBE_ALLOC_BULK:
		return TRACE_ALLOC;
	case PROBE_REQUEST:
		return TRACE_REQUEST;
	case PROBE_FREE:
	case PROBE_FREE_BULK:
	case PROBE_FREE_SHEAF:
	case PROBE_FREE_HEAD:
		break;
	}
	return TRACE_FREE;
}

void probes_keep(struct probe_list *probes, unsigned kinds)
{
	size_t kept = 0;

	for (size_t i = 0; i < probes->count; i++)
		if (kinds >> kind_of_events(probes->items[i].kind) & 1)
			probes->items[kept++] = probes->items[i];
	probes->count = kept;
}

const struct probe *probe_at(const struct probe_list *list, dill_virt address)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].address == address)
			return &list->items[i];
	return NULL;
}
