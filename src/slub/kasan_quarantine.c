/* SPDX-License-Identifier: MIT */
#include "slub/kasan_quarantine.h"

/* Queues that are believed of the global array: 1024, or four for each CPU that the kernel was
 * built for (QUARANTINE_BATCHES). */
#define BATCHES_MAX 65536u
/* More than a struct qlist_head has. */
#define QUEUE_MAX 64u

/* --- one queue --- */

/* What a struct qlist_head says. */
struct queue {
	dill_virt head, tail; /* links in objects */
	uint64_t bytes;	      /* sizes of all of them, metadata included */
};

static uint32_t queue_size(const struct layout *l)
{
	return l->qlist_struct_size <= QUEUE_MAX ? (uint32_t)l->qlist_struct_size : 0;
}

static bool known(const struct layout *l)
{
	return l->qlist_head.present && l->qlist_tail.present && l->qlist_bytes.present &&
	       queue_size(l);
}

static struct queue queue_parse(const struct layout *l, struct span bytes)
{
	return (struct queue){
		.head = member_get(l->qlist_head, bytes),
		.tail = member_get(l->qlist_tail, bytes),
		.bytes = member_get(l->qlist_bytes, bytes),
	};
}

/* The queue's counter against what was found on it since item number @p from of the reader's. */
static void check_bytes(struct waiting_reader *reader, const struct waiting_spot *spot,
			const struct queue *queue, size_t from)
{
	const struct cache *cache = NULL;
	uint64_t bytes = 0;
	struct finding_place place = {.cpu = spot->cpu, .node = -1, .moving = spot->moving};

	for (size_t i = from; i < reader->items.count; i++) {
		if (!cache || cache->address != reader->items.items[i].cache)
			cache = cache_at(reader->caches, reader->items.items[i].cache);
		if (!cache)
			return; /* of a cache that is gone */
		bytes += cache->size;
	}
	if (bytes != queue->bytes)
		findings_add_values(reader->findings, FINDING_LIST_COUNT, &place,
				    spot->container + reader->heap->layout.qlist_bytes.offset,
				    bytes, queue->bytes,
				    "%s holds objects of %lu bytes, its counter says %lu",
				    spot->what, (unsigned long)bytes, (unsigned long)queue->bytes);
}

/*
 * The last link's next pointer is written after the queue's tail is: what counts as the end is the
 * tail.
 */
static struct dill_error *follow(struct waiting_reader *reader, struct waiting_spot *spot,
				 const struct queue *queue)
{
	struct kernel *kernel = reader->heap->kernel;
	struct circle circle = {0};
	size_t from = reader->items.count, others = reader->ret->others;
	dill_virt at = queue->head;
	bool more;

	while (at) {
		struct dill_error *error;

		TRY(waiting_may_follow(reader, spot, &circle, at, &more));
		if (!more)
			return NULL;
		TRY(waiting_add(reader, spot, at));
		spot->position++;
		if (at == queue->tail) {
			if (others == reader->ret->others)
				check_bytes(reader, spot, queue, from);
			return NULL;
		}
		error = kernel_read_u64(kernel, at, &at);
		if (error)
			return waiting_give_up(reader, spot, error);
	}
	if (queue->head || queue->tail || queue->bytes)
		waiting_broken(reader, spot, queue->tail, "ends before its last object");
	return NULL;
}

static struct dill_error *read_queue(struct waiting_reader *reader, struct waiting_spot *spot,
				     dill_virt address)
{
	uint8_t buffer[QUEUE_MAX];
	struct span bytes = {buffer, queue_size(&reader->heap->layout)};
	struct dill_error *error = kernel_read(reader->heap->kernel, address, buffer, bytes.size);
	struct queue queue;

	if (error)
		return waiting_give_up(reader, spot, error);
	queue = queue_parse(&reader->heap->layout, bytes);
	spot->container = address;
	return follow(reader, spot, &queue);
}

/* --- a CPU's queues --- */

/* A CPU changes its own queue with interrupts off, and moves it as a whole to the global ones. */
static struct dill_error *read_cpu_queue(struct waiting_reader *reader, unsigned cpu,
					 dill_virt address)
{
	static const char *const functions[] = {"kasan_quarantine_put", "per_cpu_remove_cache",
						"kasan_cpu_offline", NULL};
	struct waiting_spot spot = {PLACE_QUARANTINE, (int)cpu, "queue of KASAN's quarantine"};
	struct findings_mark mark = findings_mark(reader->findings);
	bool moves = false;

	TRY(read_queue(reader, &spot, address));
	if (!findings_since(reader->findings, mark))
		return NULL;
	TRY(kernel_cpu_inside(reader->heap->kernel, cpu, functions, &moves));
	if (!moves)
		return NULL;
	reader->ret->moving = "the CPU was stopped inside of KASAN's quarantine";
	findings_excuse(reader->findings, mark, reader->ret->moving);
	return NULL;
}

/* What a cache that is being destroyed had in the CPU's queue (since 6.4). */
static struct dill_error *read_shrink_queue(struct waiting_reader *reader, unsigned cpu,
					    dill_virt address)
{
	struct waiting_spot spot = {PLACE_QUARANTINE, (int)cpu,
				    "queue of KASAN's quarantine for a cache that goes"};

	return read_queue(reader, &spot, address + reader->heap->layout.shrink_queue.offset);
}

/* --- the global queues --- */

/* A ring of queues: all but those between its head and its tail are empty. */
static struct dill_error *read_global(struct waiting_reader *reader, dill_virt address)
{
	uint32_t size = queue_size(&reader->heap->layout), first = 0;
	struct kernel *kernel = reader->heap->kernel;
	struct waiting_spot spot = {PLACE_QUARANTINE, -1, "KASAN's quarantine"};
	uint64_t count = size ? kernel_symbol_room(kernel, address) / size : 0;
	struct dill_error *error = NULL;
	dill_virt symbol;

	if (count > BATCHES_MAX)
		count = BATCHES_MAX;
	if (kernel_has_symbol(kernel, "quarantine_head", &symbol))
		error = kernel_read_u32(kernel, symbol, &first);
	if (error)
		return waiting_give_up(reader, &spot, error);
	if (kernel_has_symbol(kernel, "quarantine_lock", &symbol))
		TRY(waiting_lock(reader, &spot, &reader->heap->layout.quarantine_lock, symbol,
				 "KASAN's quarantine is locked"));
	for (uint64_t i = 0; i < count && !reader->is_full; i++)
		TRY(read_queue(reader, &spot, address + (first + i) % count * size));
	return NULL;
}

/* --- all --- */

static struct dill_error *read_cpus(struct waiting_reader *reader, const char *symbol,
				    struct dill_error *(*read)(struct waiting_reader *reader,
							       unsigned cpu, dill_virt address))
{
	struct kernel *kernel = reader->heap->kernel;
	dill_virt pointer;

	if (!kernel_has_symbol(kernel, symbol, &pointer))
		return NULL;
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(kernel); cpu++)
		if (kernel_cpu_possible(kernel, cpu))
			TRY(read(reader, cpu, kernel_percpu_address(kernel, pointer, cpu)));
	return NULL;
}

struct dill_error *quarantine_read(struct waiting_reader *reader)
{
	const struct layout *l = &reader->heap->layout;
	struct kernel *kernel = reader->heap->kernel;
	dill_virt global;

	/* The function is there with the shortest of symbol tables, too. */
	if (!kernel_has_symbol(kernel, "kasan_quarantine_put", NULL))
		return NULL;
	if (!known(l) || !kernel_has_symbol(kernel, "global_quarantine", &global) ||
	    !kernel_has_symbol(kernel, "cpu_quarantine", NULL)) {
		reader->ret->incomplete = true;
		reader->ret->why = known(l) ? "KASAN's quarantine, whose symbols are not known"
					    : "KASAN's quarantine, whose types are not known";
		return NULL;
	}
	TRY(read_cpus(reader, "cpu_quarantine", read_cpu_queue));
	if (l->shrink_queue.present)
		TRY(read_cpus(reader, "shrink_qlist", read_shrink_queue));
	return read_global(reader, global);
}
