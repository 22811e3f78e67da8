/* SPDX-License-Identifier: MIT */
/*
 * Machines that VMware has suspended (.vmss) or taken a snapshot of (.vmsn): groups of tags, among
 * them where memory lies, in a .vmem beside it or in the file itself, and the CPUs' registers.
 * Source: crash, vmware_vmss.[ch], written by VMware
 */
#include "target/core.h"

enum {
	HEADER_MAGIC = 0,
	HEADER_GROUPS = 8, /* how many follow */
	HEADER_SIZE = 12,
	GROUP_NAME_SIZE = 64,
	GROUP_POSITION = 64,
	GROUP_SIZE = 80,
};
#define GROUPS_MAX  4096u
#define REGIONS_MAX 64u
#define CPUS_MAX    1024u
/* Tags of one group; those of devices have some thousand. */
#define TAGS_MAX 1000000u

/* The sizes of a tag's value that say that a block follows. */
enum { VALUE_PACKED = 62, VALUE_BLOCK = 63 };
/* A block: its size, its size unpacked, two bytes that say how many come before it. */
enum { BLOCK_HEADER = 18 };

struct tag {
	struct span name;
	uint32_t index[3];
	unsigned indices;
	bool is_block, is_packed;
	struct span value; /* cut to what is there */
	uint64_t offset;   /* of the value in the file */
	uint64_t size;	   /* of the value, as the tag claims */
};

struct region {
	uint32_t page, file_page, pages;
};

struct vmss {
	struct region regions[REGIONS_MAX];
	uint32_t region_count;
	struct tag memory; /* of the group's block, when memory lies in the file itself */
};

static bool is_mine(const struct core_file *file)
{
	static const uint32_t magics[] = {0xbed0bed0, 0xbed2bed2, 0xbed3bed3, 0xbad1bad1,
					  0xbad2bad2};
	struct span head = core_file_span(file, 0, HEADER_SIZE);

	for (size_t i = 0; head.size == HEADER_SIZE && i < sizeof(magics) / sizeof(*magics); i++)
		if (span_u32(head, HEADER_MAGIC) == magics[i])
			return true;
	return false;
}

bool core_is_vmware(const struct core_file *file)
{
	return is_mine(file);
}

static bool is_named(const struct tag *tag, const char *name)
{
	return tag->name.size == strlen(name) && !memcmp(tag->name.data, name, tag->name.size);
}

static uint64_t value_of(const struct tag *tag)
{
	uint64_t value = 0;

	memcpy(&value, tag->value.data, tag->value.size < 8 ? tag->value.size : 8);
	return value;
}

/* Take a tag off @at; false at the end of the group, and when it is cut off. */
static bool take_tag(struct span file, uint64_t *at, struct tag *ret)
{
	unsigned head;

	*ret = (struct tag){0};
	if (!span_holds(file, *at, 2))
		return false;
	head = span_u16(file, *at);
	*at += 2;
	ret->name = span_cut(file, *at, head >> 8);
	*at += head >> 8;
	ret->indices = head >> 6 & 3;
	for (unsigned i = 0; i < ret->indices; i++, *at += 4) {
		if (!span_holds(file, *at, 4))
			return false;
		ret->index[i] = span_u32(file, *at);
	}
	ret->size = head & 0x3f;
	if (ret->size >= VALUE_PACKED) {
		ret->is_block = true;
		ret->is_packed = ret->size == VALUE_PACKED;
		if (!span_holds(file, *at, BLOCK_HEADER))
			return false;
		ret->size = span_u64(file, *at);
		*at += BLOCK_HEADER + span_u16(file, *at + 16);
	}
	ret->offset = *at;
	ret->value = span_cut(file, *at, ret->size);
	*at += ret->size;
	return head && *at >= ret->size;
}

static void add_region(struct vmss *vmss, const struct tag *tag)
{
	struct region *region = &vmss->regions[tag->index[0] % REGIONS_MAX];

	if (is_named(tag, "regionsCount"))
		vmss->region_count = (uint32_t)value_of(tag);
	else if (is_named(tag, "Memory") && tag->is_block)
		vmss->memory = *tag;
	if (tag->indices != 1 || tag->index[0] >= REGIONS_MAX)
		return;
	if (is_named(tag, "regionPPN"))
		region->page = (uint32_t)value_of(tag);
	else if (is_named(tag, "regionPageNum"))
		region->file_page = (uint32_t)value_of(tag);
	else if (is_named(tag, "regionSize"))
		region->pages = (uint32_t)value_of(tag);
}

static struct dill_error *cpu_of(struct core *core, const struct tag *tag,
				 struct dill_registers **ret)
{
	*ret = NULL;
	if (!tag->indices || tag->index[0] >= CPUS_MAX)
		return NULL;
	while (core->cpus.count <= tag->index[0])
		TRY(array_push(&core->cpus, (struct core_cpu){0}));
	*ret = &core->cpus.items[tag->index[0]].registers;
	return NULL;
}

static void set_control(struct dill_registers *registers, unsigned number, uint64_t value)
{
	if (number == 0)
		registers->control = value;
	else if (number == 3)
		registers->tables = value;
	else if (number == 4)
		registers->paging = value;
}

static struct dill_error *add_register(struct core *core, const struct tag *tag)
{
	struct dill_registers *registers;

	TRY(cpu_of(core, tag, &registers));
	if (!registers)
		return NULL;
	if (is_named(tag, "rip"))
		registers->ip = value_of(tag);
	else if (is_named(tag, "rsp"))
		registers->sp = value_of(tag);
	else if (is_named(tag, "eflags"))
		registers->flags = value_of(tag);
	else if (is_named(tag, "CR64") && tag->is_block)
		for (unsigned i = 0; i < tag->value.size / 8; i++)
			set_control(registers, i, span_u64(tag->value, (size_t)i * 8));
	else if (is_named(tag, "CR64") && tag->indices == 2)
		set_control(registers, tag->index[1], value_of(tag));
	return NULL;
}

static struct dill_error *parse_group(struct core *core, struct span file, uint64_t at, bool is_cpu,
				      struct vmss *vmss)
{
	struct tag tag;

	for (unsigned i = 0; i < TAGS_MAX && take_tag(file, &at, &tag); i++) {
		if (is_cpu)
			TRY(add_register(core, &tag));
		else
			add_region(vmss, &tag);
	}
	return NULL;
}

static struct dill_error *parse_groups(struct core *core, struct span file, struct vmss *vmss)
{
	uint32_t count = span_u32(file, HEADER_GROUPS);

	for (uint32_t i = 0; i < count && i < GROUPS_MAX; i++) {
		struct span group =
			span_cut(file, HEADER_SIZE + (uint64_t)i * GROUP_SIZE, GROUP_SIZE);
		bool is_cpu;

		if (group.size < GROUP_SIZE)
			break;
		is_cpu = !memcmp(group.data, "cpu", 4);
		if (is_cpu || !memcmp(group.data, "memory", 7))
			TRY(parse_group(core, file, span_u64(group, GROUP_POSITION), is_cpu, vmss));
	}
	return NULL;
}

/* The file tells no EFER and no selectors. What runs with paging and PAE may be in 64-bit mode;
 * whether it is shows when its tables are walked. */
static void complete_registers(struct core *core)
{
	for (size_t i = 0; i < core->cpus.count; i++) {
		struct core_cpu *cpu = &core->cpus.items[i];

		cpu->has_general = cpu->registers.ip && cpu->registers.sp;
		cpu->registers.has_control = cpu->registers.control && cpu->registers.tables;
		cpu->registers.mode = CORE_EFER_LONG_MODE;
		cpu->registers.privilege = cpu->registers.ip >> 63 ? 0x10 : 0x33;
	}
}

/* Memory lies in core->file, from @offset on. */
static struct dill_error *lay_out(struct core *core, const struct vmss *vmss, uint64_t offset,
				  uint64_t size)
{
	if (!vmss->region_count)
		TRY(extents_add(&core->ram, 0, size, offset));
	for (uint32_t i = 0; i < vmss->region_count && i < REGIONS_MAX; i++) {
		const struct region *region = &vmss->regions[i];

		TRY(extents_add(&core->ram, (uint64_t)region->page * DILL_PAGE_SIZE,
				(uint64_t)region->pages * DILL_PAGE_SIZE,
				(uint64_t)region->file_page * DILL_PAGE_SIZE + offset));
	}
	return extents_settle(&core->ram, EXTENTS_FIRST_COUNTS);
}

static struct dill_error *no_memory_inside(const struct vmss *vmss)
{
	if (vmss->memory.is_packed)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "a machine saved by VMware, whose memory is packed: make a "
				      "dump of it with VMware's vmss2core -N6");
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "a machine saved by VMware, whose memory is in a .vmem: give that, "
			      "too");
}

static struct dill_error *parse(struct core *core)
{
	const struct core_file *meta = core->meta.size ? &core->meta : &core->file;
	bool inside = meta == &core->file;
	struct vmss vmss = {0};
	uint64_t offset = 0, size = core->file.size;

	core->what = "memory of VMware";
	if (meta->is_flattened || meta->is_scattered || !span_holds(meta->dump, 0, HEADER_SIZE))
		return dill_error_new(DILL_ERROR_BAD_DATA, "VMware's file is cut off");
	if (span_u32(meta->dump, HEADER_MAGIC) == 0xbed0bed0)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "a machine saved by a VMware for 32-bit machines");
	TRY(parse_groups(core, meta->dump, &vmss));
	if (inside) {
		if (!vmss.memory.size || vmss.memory.is_packed)
			return no_memory_inside(&vmss);
		offset = vmss.memory.offset;
		size = vmss.memory.size;
	}
	complete_registers(core);
	TRY(lay_out(core, &vmss, offset, size));
	if (core->ram.list.count)
		return NULL;
	return dill_error_new(DILL_ERROR_BAD_DATA, "VMware's file tells of no memory");
}

const struct core_kind core_vmware = {
	.is_mine = is_mine,
	.parse = parse,
	.read = core_ram_read,
	.map = core_ram_map,
	.next_range = core_ram_next_range,
};
