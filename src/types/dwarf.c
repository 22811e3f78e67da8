/* SPDX-License-Identifier: MIT */
/*
 * Types out of the DWARF of a file, through libdw, for kernels without BTF. libdw reads compressed
 * sections, type units and the forms of DWARF 2 to 5; what it does not promise of broken files
 * (lists that end, chains that end) is bounded here.
 */
#include <dwarf.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/machine.h"
#include "types/dwarf_die.h"
#include "types/dwarf_index.h"

struct dwarf_types {
	struct types types;
	int fd;	    /* -1: of the session, or none */
	Dwfl *dwfl; /* that owns `dwarf`; NULL where it is our own */
	Dwarf *dwarf;
	struct dwarf_index index;
	/* The child that was asked for last: lists are asked for in order. */
	struct {
		type_id id;
		uint32_t index;
		Dwarf_Die die;
	} last_child;
};

static struct dwarf_types *dwarf_of(struct types *types)
{
	return (struct dwarf_types *)types;
}

static void dwarf_free(struct types *types)
{
	struct dwarf_types *self = dwarf_of(types);

	dwarf_index_deinit(&self->index);
	if (self->dwfl)
		dwfl_end(self->dwfl);
	else if (self->dwarf)
		dwarf_end(self->dwarf);
	if (self->fd >= 0)
		close(self->fd);
	free(self);
}

/* Ids are handed out as types are met; for walking them, all that have a name must be there. */
static uint32_t dwarf_id_limit(struct types *types)
{
	struct dwarf_types *self = dwarf_of(types);

	dill_error_free(dwarf_index_complete(&self->index));
	return (uint32_t)self->index.items.count;
}

/* Id of the type that a DIE has; void without one. */
static struct dill_error *read_type(struct dwarf_types *self, Dwarf_Die *die, type_id *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Die type;

	*ret = 0;
	if (!dwarf_attr_integrate(die, DW_AT_type, &attribute))
		return NULL;
	if (!dwarf_formref_die(&attribute, &type))
		return dwarf_bad(die, "refers to a type that is not there");
	return dwarf_index_intern(&self->index, &type, 0, ret);
}

/*
 * What is only declared here may be defined in a type unit or elsewhere. The id then stands for the
 * definition.
 */
static struct dill_error *find_definition(struct dwarf_types *self, type_id id)
{
	Dwarf_Die *die = &self->index.items.items[id].die;
	Dwarf_Die definition;
	struct dill_error *error;

	if (dwarf_kind(die) != TYPE_FORWARD)
		return NULL;
	if (dwarf_reference(die, DW_AT_signature, &definition) &&
	    dwarf_kind(&definition) != TYPE_FORWARD) {
		*die = definition;
		return NULL;
	}
	const char *name = dwarf_name(die);

	if (!name || !name[0])
		return NULL;

	const struct dwarf_name *found =
		dwarf_index_find(&self->index, name, 1u << dwarf_declared_kind(die), &error);

	if (error)
		return error;
	/* The index may have grown: take the address anew. */
	if (found)
		self->index.items.items[id].die = self->index.items.items[found->id].die;
	return NULL;
}

static struct dill_error *read_item(struct dwarf_types *self, type_id id, struct dwarf_item *ret)
{
	if (id == 0 || id >= self->index.items.count)
		return dill_error_new(DILL_ERROR_BAD_DATA, "DWARF type %u does not exist", id);
	TRY(find_definition(self, id));
	*ret = self->index.items.items[id];
	return NULL;
}

static uint32_t count_parts(struct dwarf_types *self, type_id id)
{
	struct dwarf_item *item = &self->index.items.items[id];
	enum type_kind kind = dwarf_kind(&item->die);
	Dwarf_Die child;

	if (item->counted)
		return item->count;
	for (bool first = true; dwarf_next_child(&item->die, first, &child); first = false)
		if (dwarf_is_part(&child, kind))
			item->count++;
	item->counted = true;
	return item->count;
}

/* Child number index of a type. */
static struct dill_error *read_part(struct dwarf_types *self, type_id id, uint32_t index,
				    Dwarf_Die *ret)
{
	struct dwarf_item item;
	uint32_t at = 0;
	bool first = true;
	Dwarf_Die child;

	TRY(read_item(self, id, &item));

	enum type_kind kind = dwarf_kind(&item.die);

	if (self->last_child.id == id && index >= self->last_child.index) {
		child = self->last_child.die;
		if (index == self->last_child.index) {
			*ret = child;
			return NULL;
		}
		at = self->last_child.index + 1;
		first = false;
	}
	for (; dwarf_next_child(&item.die, first, &child); first = false) {
		if (!dwarf_is_part(&child, kind))
			continue;
		if (at++ < index)
			continue;
		self->last_child.id = id;
		self->last_child.index = index;
		self->last_child.die = child;
		*ret = child;
		return NULL;
	}
	return dill_error_new(DILL_ERROR_BAD_DATA, "DWARF type %u has no item %u", id, index);
}

static struct dill_error *read_element_count(struct dwarf_types *self, type_id id,
					     uint32_t dimension, uint32_t *ret)
{
	uint64_t count = 0, last;
	Dwarf_Die range;

	TRY(read_part(self, id, dimension, &range));
	/* Without either it is a flexible array. The last index of an empty one is -1, in as many
	 * bytes as the writer liked. */
	if (!dwarf_unsigned(&range, DW_AT_count, &count) &&
	    dwarf_unsigned(&range, DW_AT_upper_bound, &last))
		count = last == UINT32_MAX || last == UINT64_MAX ? 0 : last + 1;
	if (count > UINT32_MAX)
		return dwarf_bad(&range, "array of impossible size");
	*ret = (uint32_t)count;
	return NULL;
}

static struct dill_error *read_array(struct dwarf_types *self, const struct dwarf_item *item,
				     struct type *type)
{
	uint32_t dimensions = count_parts(self, type->id);
	Dwarf_Die die = item->die;

	if (item->dimension < dimensions)
		TRY(read_element_count(self, type->id, item->dimension, &type->count));
	if (item->dimension + 1 < dimensions)
		return dwarf_index_intern(&self->index, &die, item->dimension + 1, &type->target);
	return read_type(self, &die, &type->target);
}

/* Everything of a type but the size of those that take it from others. */
static struct dill_error *read_shallow(struct dwarf_types *self, type_id id, struct type *ret)
{
	struct dwarf_item item;
	struct type type = {.id = id};

	TRY(read_item(self, id, &item));

	Dwarf_Die *die = &item.die;

	type.kind = dwarf_kind(die);
	type.name = dwarf_name(die);
	if (!type.name)
		return dwarf_bad(die, "its name is too long");
	if (type.kind != TYPE_ARRAY && type.kind != TYPE_FUNCTION)
		dwarf_unsigned(die, DW_AT_byte_size, &type.size);
	switch (type.kind) {
	case TYPE_INT:
		if (type.size == 0 || type.size > 16)
			return dwarf_bad(die, "integer of impossible size");
		type.encoding = dwarf_encoding(die);
		break;
	case TYPE_STRUCT:
	case TYPE_UNION:
		type.count = count_parts(self, id);
		break;
	case TYPE_ENUM:
		if (type.size == 0 || type.size > 8)
			return dwarf_bad(die, "enum of impossible size");
		type.count = count_parts(self, id);
		type.encoding = dwarf_enum_encoding(die);
		break;
	case TYPE_FORWARD:
		type.size = 0;
		type.forward = dwarf_declared_kind(die);
		break;
	case TYPE_ARRAY:
		TRY(read_array(self, &item, &type));
		break;
	case TYPE_FUNCTION:
		type.name = "";
		type.count = count_parts(self, id);
		TRY(read_type(self, die, &type.target));
		break;
	case TYPE_POINTER:
		type.name = "";
		if (type.size == 0)
			type.size = TYPE_POINTER_SIZE;
		TRY(read_type(self, die, &type.target));
		break;
	case TYPE_TAG:
		type.name = "atomic";
		TRY(read_type(self, die, &type.target));
		break;
	case TYPE_FLOAT:
	case TYPE_OTHER:
		break;
	default:
		TRY(read_type(self, die, &type.target));
		break;
	}
	*ret = type;
	return NULL;
}

/* Bytes of a type that is named otherwise or repeated. */
static struct dill_error *read_size(struct dwarf_types *self, struct type type, uint64_t *ret)
{
	uint64_t times = 1;

	for (int depth = 0; depth < TYPE_DEPTH_MAX; depth++) {
		switch (type.kind) {
		case TYPE_ARRAY:
			if (checked_mul(times, type.count, &times))
				return dill_error_new(DILL_ERROR_BAD_DATA,
						      "DWARF type %u: array of impossible size",
						      type.id);
			break;
		case TYPE_TYPEDEF:
		case TYPE_CONST:
		case TYPE_VOLATILE:
		case TYPE_RESTRICT:
		case TYPE_TAG:
			break;
		default:
			if (checked_mul(times, type.size, ret))
				return dill_error_new(DILL_ERROR_BAD_DATA,
						      "DWARF type %u: array of impossible size",
						      type.id);
			return NULL;
		}
		if (type.target == 0) {
			*ret = 0;
			return NULL;
		}
		TRY(read_shallow(self, type.target, &type));
	}
	return dill_error_new(DILL_ERROR_BAD_DATA, "DWARF type %u: endless chain of types",
			      type.id);
}

static struct dill_error *dwarf_get(struct types *types, type_id id, struct type *ret)
{
	struct dwarf_types *self = dwarf_of(types);
	struct type type;

	TRY(read_shallow(self, id, &type));
	TRY(read_size(self, type, &type.size));
	*ret = type;
	return NULL;
}

/*
 * DWARF 4 counts the bits of a bit-field from the start of the struct. Before, they were counted
 * down from the most significant bit of a unit of byte_size bytes at the member's location.
 */
static struct dill_error *read_bits(struct dwarf_types *self, Dwarf_Die *die, uint64_t location,
				    struct type_member *member)
{
	uint64_t bits, offset, unit;
	struct type type;

	if (!dwarf_unsigned(die, DW_AT_bit_size, &bits))
		return NULL;
	if (bits == 0 || bits > 64)
		return dwarf_bad(die, "bit-field of impossible size");
	member->bit_size = (uint32_t)bits;
	if (dwarf_unsigned(die, DW_AT_data_bit_offset, &member->bit_offset))
		return NULL;
	if (!dwarf_unsigned(die, DW_AT_bit_offset, &offset))
		return NULL;
	if (!dwarf_unsigned(die, DW_AT_byte_size, &unit)) {
		TRY(dwarf_get(&self->types, member->type, &type));
		unit = type.size;
	}
	if (unit > 16 || offset > unit * 8 || bits > unit * 8 - offset)
		return dwarf_bad(die, "bit-field outside of its unit");
	member->bit_offset = location * 8 + unit * 8 - offset - bits;
	return NULL;
}

static struct dill_error *dwarf_member(struct types *types, type_id id, uint32_t index,
				       struct type_member *ret)
{
	struct dwarf_types *self = dwarf_of(types);
	struct type_member member = {0};
	uint64_t location;
	Dwarf_Die die;

	TRY(read_part(self, id, index, &die));
	if (dwarf_tag(&die) != DW_TAG_member)
		return dwarf_bad(&die, "is no member");
	member.name = dwarf_name(&die);
	if (!member.name)
		return dwarf_bad(&die, "its name is too long");
	if (!dwarf_member_location(&die, &location) || location > UINT32_MAX)
		return dwarf_bad(&die, "member without a place");
	member.bit_offset = location * 8;
	TRY(read_type(self, &die, &member.type));
	TRY(read_bits(self, &die, location, &member));
	*ret = member;
	return NULL;
}

static struct dill_error *dwarf_enumerator(struct types *types, type_id id, uint32_t index,
					   struct type_enumerator *ret)
{
	struct type_enumerator item;
	Dwarf_Die die;

	TRY(read_part(dwarf_of(types), id, index, &die));
	item.name = dwarf_name(&die);
	if (dwarf_tag(&die) != DW_TAG_enumerator || !item.name ||
	    !dwarf_enumerator_value(&die, &item.value))
		return dwarf_bad(&die, "is no enumerator");
	*ret = item;
	return NULL;
}

static struct dill_error *dwarf_parameter(struct types *types, type_id id, uint32_t index,
					  struct type_parameter *ret)
{
	struct dwarf_types *self = dwarf_of(types);
	struct type_parameter parameter = {.name = ""};
	Dwarf_Die die;

	TRY(read_part(self, id, index, &die));
	if (dwarf_tag(&die) != DW_TAG_unspecified_parameters) {
		parameter.name = dwarf_name(&die);
		if (!parameter.name)
			return dwarf_bad(&die, "its name is too long");
		TRY(read_type(self, &die, &parameter.type));
	}
	*ret = parameter;
	return NULL;
}

static struct dill_error *find_name(struct types *types, const char *name, unsigned kinds,
				    const struct dwarf_name **ret)
{
	struct dill_error *error;

	*ret = dwarf_index_find(&dwarf_of(types)->index, name, kinds, &error);
	if (error || *ret)
		return error;
	return dill_error_new(DILL_ERROR_NOT_FOUND, "no %s in the DWARF", name);
}

static struct dill_error *dwarf_find(struct types *types, const char *name, unsigned kinds,
				     type_id *ret)
{
	const struct dwarf_name *found;

	/* These two mean functions and enumerators in the index. */
	kinds &= ~(1u << TYPE_FUNCTION | 1u << TYPE_OTHER);
	TRY(find_name(types, name, kinds, &found));
	*ret = found->id;
	return NULL;
}

static struct dill_error *dwarf_function(struct types *types, const char *name, type_id *ret)
{
	const struct dwarf_name *found;

	TRY(find_name(types, name, 1u << TYPE_FUNCTION, &found));
	*ret = found->id;
	return NULL;
}

static struct dill_error *dwarf_enum_value(struct types *types, const char *name, int64_t *ret)
{
	const struct dwarf_name *found;

	TRY(find_name(types, name, 1u << TYPE_OTHER, &found));
	*ret = found->value;
	return NULL;
}

static const struct types_ops dwarf_ops = {
	.name = "DWARF",
	.get = dwarf_get,
	.member = dwarf_member,
	.enumerator = dwarf_enumerator,
	.parameter = dwarf_parameter,
	.find = dwarf_find,
	.function = dwarf_function,
	.enum_value = dwarf_enum_value,
	.id_limit = dwarf_id_limit,
	.free = dwarf_free,
};

/* Refuse what libdw opens but dill would misread. */
static struct dill_error *check_file(struct dwarf_types *self, const char *path)
{
	const char *alternate;
	const void *build_id;
	GElf_Ehdr header;
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	if (!gelf_getehdr(dwarf_getelf(self->dwarf), &header))
		return dill_error_new(DILL_ERROR_BAD_DATA, "%s: %s", path, elf_errmsg(-1));
	if (header.e_machine != EM_X86_64)
		return dill_error_new(
			DILL_ERROR_UNSUPPORTED, "%s is for %s: dill knows x86-64 only", path,
			machine_of_elf(header.e_machine, header.e_ident[EI_CLASS] == ELFCLASS64,
				       header.e_ident[EI_DATA] == ELFDATA2MSB));
	if (dwarf_get_units(self->dwarf, NULL, &unit, NULL, NULL, &die, NULL) != 0)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "%s has no DWARF", path);
	if (dwelf_dwarf_gnu_debugaltlink(self->dwarf, &alternate, &build_id) > 0 &&
	    !dwarf_getalt(self->dwarf))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "%s: part of its DWARF was moved to %s (by dwz), which is "
				      "not there",
				      path, alternate);
	return NULL;
}

/* --- opening --- */

/* What debuggers do, who look for a file's debug information elsewhere, even in the network. */
static int find_no_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			     const char *file, const char *link, GElf_Word crc, char **ret)
{
	(void)module, (void)data, (void)name, (void)base, (void)file, (void)link, (void)crc,
		(void)ret;
	return -1;
}

/* An object file or a module: its DWARF has no values before its relocations are applied. */
static struct dill_error *open_unlinked(struct dwarf_types *self, const char *path)
{
	static const Dwfl_Callbacks callbacks = {
		.find_debuginfo = find_no_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	Dwfl_Module *module;
	Dwarf_Addr bias;

	self->dwfl = dwfl_begin(&callbacks);
	module = self->dwfl ? dwfl_report_offline(self->dwfl, path, path, self->fd) : NULL;
	if (module)
		self->fd = -1; /* the session's now */
	if (!module || dwfl_report_end(self->dwfl, NULL, NULL) != 0)
		return dill_error_new(DILL_ERROR_BAD_DATA, "%s: %s", path, dwfl_errmsg(-1));
	self->dwarf = dwfl_module_getdwarf(module, &bias);
	if (!self->dwarf)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "%s has no DWARF: %s", path,
				      dwfl_errmsg(-1));
	return NULL;
}

static bool is_unlinked(int fd)
{
	Elf64_Ehdr header;

	return pread(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
	       !memcmp(header.e_ident, ELFMAG, SELFMAG) && header.e_type == ET_REL;
}

static struct dill_error *open_dwarf(struct dwarf_types *self, const char *path)
{
	self->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (self->fd < 0)
		return dill_error_new_os(errno, "cannot open %s", path);
	if (is_unlinked(self->fd))
		return open_unlinked(self, path);
	self->dwarf = dwarf_begin(self->fd, DWARF_C_READ);
	if (!self->dwarf)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "%s has no DWARF: %s", path,
				      dwarf_errmsg(-1));
	return NULL;
}

struct dill_error *dwarf_types_new(const char *path, struct types **ret)
{
	_cleanup_(types_freep)
	struct types *types = NULL;
	struct dwarf_types *self = calloc(1, sizeof(*self));

	if (!self)
		return error_no_memory();
	types = &self->types;
	types->ops = &dwarf_ops;
	TRY(open_dwarf(self, path));
	TRY(check_file(self, path));
	TRY(dwarf_index_init(&self->index, self->dwarf));
	*ret = steal(types);
	return NULL;
}
