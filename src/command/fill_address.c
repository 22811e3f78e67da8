/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "command/fill_object.h"
#include "command/symbol_text.h"
#include "kernel/module.h"
#include "kernel/region.h"
#include "kernel/tasks.h"
#include "kernel/vmap.h"
#include "slub/page_use.h"

/* Areas up to this size are looked up among the stacks of tasks: THREAD_SIZE is 16 KiB, 32 KiB with
 * KASAN, and the area has a guard page. */
#define STACK_AREA_MAX (68 * UINT64_C(1024))

static struct dill_error *set_symbol(struct inquiry *inquiry, dill_virt address,
				     struct dill_record *record)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	TRY(symbol_append(inquiry->kernel, address, SYMBOL_INSIDE, &text));
	TRY(strbuf_error(&text));
	if (text.length)
		record_set_text(record, OBJECT_COLUMN_SYMBOL,
				arena_copy_text(inquiry->arena, text.data, text.length));
	record_set_text(record, OBJECT_COLUMN_SECTION,
			kernel_image_section(inquiry->kernel, address));
	return NULL;
}

/* Whether the kernel has given away the memory of this part of its image, as that of .init after
 * boot: its pages are not reserved any more then. */
static struct dill_error *find_given_away(struct inquiry *inquiry, dill_virt address,
					  dill_virt *ret_memory, bool *ret)
{
	const struct kernel_facts *facts = kernel_facts(inquiry->kernel);
	struct page_facts page = {.use = PAGE_RESERVED};
	dill_virt descriptor;
	struct dill_error *error;

	*ret = false;
	if (!facts->has_phys_base || address - facts->base >= facts->image_size)
		return NULL;
	*ret_memory = kernel_memory_map(inquiry->kernel)->page_offset + facts->phys_base +
		      (address - facts->base);
	error = kernel_virt_to_page(inquiry->kernel, *ret_memory, &descriptor);
	if (!error)
		error = page_describe(inquiry->heap, descriptor, &page);
	*ret = !error && page.use != PAGE_RESERVED;
	return error_forgive(error);
}

struct dill_error *image_answer(struct inquiry *inquiry, dill_virt address,
				struct dill_record *record)
{
	dill_virt memory;
	bool given_away;

	record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_IMAGE);
	TRY(find_given_away(inquiry, address, &memory, &given_away));
	if (given_away)
		record_set_text(
			record, OBJECT_COLUMN_MEANING,
			arena_format(inquiry->arena,
				     "of use at boot only: the kernel has given its memory, "
				     "0x%" PRIx64 ", to others",
				     memory));
	return set_symbol(inquiry, address, record);
}

struct dill_error *percpu_answer(struct inquiry *inquiry, dill_virt address,
				 struct dill_record *record, bool *ret_known)
{
	struct percpu_place place;
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	TRY(kernel_percpu_find(inquiry->kernel, address, &place, ret_known));
	if (!*ret_known)
		return NULL;
	record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_PERCPU);
	record_set_number(record, OBJECT_COLUMN_CPU, place.cpu);
	if (place.symbol) {
		strbuf_append_escaped(&text, place.symbol, strlen(place.symbol));
		if (place.symbol_offset)
			strbuf_append_format(&text, "+%#" PRIx64, place.symbol_offset);
	} else {
		strbuf_append(&text, "from alloc_percpu()");
	}
	TRY(strbuf_error(&text));
	record_set_text(record, place.symbol ? OBJECT_COLUMN_SYMBOL : OBJECT_COLUMN_AREA_CALLER,
			arena_copy_text(inquiry->arena, text.data, text.length));
	return NULL;
}

/* --- vmalloc --- */

struct stack_search {
	struct inquiry *inquiry;
	dill_virt start, end;
	struct dill_record *record;
};

static struct dill_error *match_stack(void *context, const struct task *task)
{
	struct stack_search *search = context;
	_cleanup_(strbuf_deinitp)
	struct strbuf comm = {0};

	if (!(task->has & TASK_STACK) || task->stack < search->start || task->stack >= search->end)
		return NULL;
	strbuf_append_escaped(&comm, task->comm, task->comm_length);
	TRY(strbuf_error(&comm));
	record_set_number(search->record, OBJECT_COLUMN_PID, task->pid);
	record_set_number(search->record, OBJECT_COLUMN_TASK, task->address);
	record_set_text(search->record, OBJECT_COLUMN_COMM,
			arena_copy_text(search->inquiry->arena, strbuf_get(&comm), comm.length));
	return NULL;
}

/* `ktask` shows what is wrong with the lists of tasks. */
static struct dill_error *ignore(void *context, const struct task_finding *finding)
{
	(void)context;
	(void)finding;
	return NULL;
}

static struct dill_error *find_stack(struct inquiry *inquiry, const struct vmap *area,
				     struct dill_record *record)
{
	struct stack_search search = {inquiry, area->start, area->start + area->size, record};
	struct task_visitor visitor = {match_stack, ignore, &search};
	_cleanup_(tasks_freep)
	struct tasks *tasks = NULL;
	struct dill_error *error;

	if (area->size > STACK_AREA_MAX || !area->has_vm)
		return NULL;
	error = tasks_new(inquiry->kernel, &tasks);
	if (!error)
		error = tasks_each(tasks, TASK_SCOPE_THREADS, &visitor);
	return error_forgive(error); /* then it is an area like others */
}

static struct dill_error *unmapped(struct dill_record *record)
{
	record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_UNMAPPED);
	return NULL;
}

/* What alloc_percpu() hands out beyond the first areas comes from here too; unlike its bookkeeping,
 * which pcpu_create_chunk() asks for, that has pcpu_get_vm_areas() itself as its caller. */
static void set_chunk(struct inquiry *inquiry, const char *caller, uint64_t offset,
		      struct dill_record *record)
{
	unsigned cpu;

	if (strcmp(caller, "pcpu_get_vm_areas") != 0)
		return;
	record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_PERCPU);
	if (kernel_percpu_chunk_cpu(inquiry->kernel, offset, &cpu))
		record_set_number(record, OBJECT_COLUMN_CPU, cpu);
}

struct dill_error *vmalloc_answer(struct inquiry *inquiry, dill_virt address,
				  struct dill_record *record)
{
	const char *caller;
	struct vmap area;
	struct dill_error *error = vmap_find(inquiry->kernel, address, &area);

	TRY(error_forgive(error)); /* the page tables tell at least whether anything is there */
	if (error || !area.found) {
		struct mapping mapping;

		error = kernel_translate(inquiry->kernel, address, &mapping);
		if (error && error_is_fatal(error))
			return error;
		if (error && dill_error_code(error) == DILL_ERROR_FAULT)
			unmapped(record);
		else
			record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_VMALLOC);
		dill_error_free(error);
		return NULL;
	}
	record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_VMALLOC);
	record_set_number(record, OBJECT_COLUMN_AREA, area.start);
	record_set_number(record, OBJECT_COLUMN_AREA_SIZE, area.size);
	if (area.caller) {
		TRY(symbol_text(inquiry->kernel, area.caller, inquiry->arena, &caller));
		record_set_text(record, OBJECT_COLUMN_AREA_CALLER, caller);
		set_chunk(inquiry, caller, address - area.start, record);
	}
	return find_stack(inquiry, &area, record);
}

struct dill_error *module_answer(struct inquiry *inquiry, dill_virt address,
				 struct dill_record *record)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf name = {0};
	struct module_place place;
	struct dill_error *error = module_find(inquiry->kernel, address, &place);

	/* Then it is in the range of modules, of which one nobody knows. */
	TRY(error_forgive(error));
	if (error || !place.found)
		return vmalloc_answer(inquiry, address, record);
	strbuf_append_escaped(&name, place.name, strnlen(place.name, sizeof(place.name)));
	TRY(strbuf_error(&name));
	record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_MODULE);
	record_set_text(record, OBJECT_COLUMN_MODULE,
			arena_copy_text(inquiry->arena, strbuf_get(&name), name.length));
	record_set_number(record, OBJECT_COLUMN_AREA, place.base);
	record_set_number(record, OBJECT_COLUMN_AREA_SIZE, place.size);
	return set_symbol(inquiry, address, record);
}

/* --- pages --- */

/* The image's memory shows in the direct map too, but for the parts that the kernel has given away
 * since (.init, after boot): their pages are not reserved any more, and are anybody's. */
static struct dill_error *name_alias(struct inquiry *inquiry, dill_virt address, enum page_use use,
				     struct dill_record *record)
{
	const struct kernel_facts *facts = kernel_facts(inquiry->kernel);
	dill_phys phys = address - kernel_memory_map(inquiry->kernel)->page_offset;

	if (use != PAGE_RESERVED || !facts->has_phys_base || phys < facts->phys_base ||
	    phys - facts->phys_base >= facts->image_size)
		return NULL;
	return set_symbol(inquiry, facts->base + (phys - facts->phys_base), record);
}

struct dill_error *page_answer(struct inquiry *inquiry, dill_virt address,
			       struct dill_record *record)
{
	struct page_facts facts;
	dill_virt page;

	TRY(kernel_virt_to_page(inquiry->kernel, address, &page));
	TRY(page_describe(inquiry->heap, page, &facts));
	record_set_enum(record, OBJECT_COLUMN_KIND,
			facts.use == PAGE_LARGE_KMALLOC || facts.use == PAGE_COMPOUND
				? OBJECT_IS_LARGE_KMALLOC
				: OBJECT_IS_PAGE);
	record_set_number(record, OBJECT_COLUMN_PAGE, facts.head);
	record_set_enum(record, OBJECT_COLUMN_PAGE_USE, facts.use);
	record_set_text(record, OBJECT_COLUMN_PAGE_TYPE, facts.type_name);
	record_set_number(record, OBJECT_COLUMN_PAGE_BASE, facts.base);
	if (facts.has_order)
		record_set_number(record, OBJECT_COLUMN_PAGE_ORDER, facts.order);
	record_set_signed(record, OBJECT_COLUMN_PAGE_REFCOUNT, facts.refcount);
	record_set_number(record, OBJECT_COLUMN_PAGE_FLAGS, facts.flags);
	if (facts.use == PAGE_LARGE_KMALLOC || facts.use == PAGE_COMPOUND) {
		record_set_number(record, OBJECT_COLUMN_OBJECT, facts.base);
		record_set_signed(record, OBJECT_COLUMN_OFFSET, (int64_t)(address - facts.base));
		record_set_number(record, OBJECT_COLUMN_OBJECT_SIZE,
				  (uint64_t)kernel_page_size(inquiry->kernel) << facts.order);
		if (facts.use == PAGE_LARGE_KMALLOC)
			record_set_enum(record, OBJECT_COLUMN_STATE, OBJECT_LIVE);
	}
	return name_alias(inquiry, address, facts.use, record);
}
