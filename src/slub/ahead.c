/* SPDX-License-Identifier: MIT */
#include "slub/ahead.h"

#include <string.h>

/* More than the positions of any list: all of it is wanted. */
#define ALL (SIZE_MAX / 2)

static const struct cpu_contents *find_cpu(const struct contents *contents, unsigned cpu)
{
	for (size_t i = 0; i < contents->cpu_count; i++)
		if (contents->cpus[i].cpu == cpu)
			return &contents->cpus[i];
	return NULL;
}

/* Whether the object's slab serves only emergencies, so that nobody else's turn comes to it. */
static bool is_reserved(const struct contents *contents, const struct place *place)
{
	const struct cpu_contents *cpu =
		place->cpu < 0 ? NULL : find_cpu(contents, (unsigned)place->cpu);

	if (cpu && place->kind == PLACE_CPU_SLAB)
		return cpu->slab.reserved;
	if (cpu && place->kind == PLACE_CPU_PARTIAL && place->list < cpu->partial.count)
		return cpu->partial.items[place->list].slab.reserved;
	if (place->kind != PLACE_NODE_PARTIAL)
		return false;
	for (size_t n = 0; n < contents->node_count; n++) {
		const struct slab_list *partial = &contents->nodes[n].partial;

		if ((int)contents->nodes[n].node == place->node && place->list < partial->count)
			return partial->items[place->list].slab.reserved;
	}
	return false;
}

/* --- its position in a CPU's order --- */

static bool makes_uncertain(enum order_note_kind kind)
{
	return kind == NOTE_OTHER_NODES || kind == NOTE_NEW_SHEAF || kind == NOTE_IN_MOTION ||
	       kind == NOTE_OFFLINE || kind == NOTE_KFENCE_DUE;
}

/* What an item depends on: of what makes it uncertain the last, else what holds all the same. */
static const char *condition(const struct order *order, const struct order_item *item)
{
	const char *text = NULL;

	for (size_t i = 0; i < order->note_count; i++) {
		const struct order_note *note = &order->notes[i];

		if (note->position > item->position)
			break;
		if (item->certain ? note->kind == NOTE_MAY_SLEEP : makes_uncertain(note->kind))
			text = note->text;
	}
	return text;
}

/* Where the order ends before it comes to the object. */
static const char *end_of(const struct order *order)
{
	return order->note_count ? order->notes[order->note_count - 1].text : NULL;
}

static const char *keep_text(const char *text, struct arena *arena)
{
	return text ? arena_copy_text(arena, text, strlen(text)) : NULL;
}

/* The answer of one CPU's order. */
static struct dill_error *ask_cpu(struct heap *heap, const struct contents *contents,
				  dill_virt object, unsigned cpu, struct arena *arena,
				  struct ahead *ret, struct order *ret_order)
{
	_cleanup_(arena_freep)
	struct arena *scratch = NULL;
	struct dill_error *error;
	const char *text;
	size_t i = 0;

	TRY(arena_new(&scratch));
	*ret = (struct ahead){.cpu = (int)cpu};
	error = order_predict(heap, contents, cpu, ALL, scratch, ret_order);
	if (error && dill_error_code(error) == DILL_ERROR_UNSUPPORTED) {
		ret->how = keep_text(dill_error_text(error), arena);
		dill_error_free(error);
		return ret->how ? NULL : error_no_memory();
	}
	if (error)
		return error;
	while (i < ret_order->count && ret_order->items[i].object != object)
		i++;
	if (i < ret_order->count) {
		ret->known = true;
		ret->exact = ret_order->items[i].certain;
		ret->count = ret_order->items[i].position;
	}
	text = ret->known ? condition(ret_order, &ret_order->items[i]) : end_of(ret_order);
	ret->how = keep_text(text, arena);
	return text && !ret->how ? error_no_memory() : NULL;
}

/* --- what the CPUs of a node share --- */

static uint64_t in_list(const struct slab_list *list)
{
	uint64_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->items[i].freelist.count;
	return count;
}

/* What a CPU uses before it comes for what others share with it; a broken list leads nowhere. */
static uint64_t own_objects(const struct contents *contents, unsigned number)
{
	const struct cpu_contents *cpu = find_cpu(contents, number);

	if (!cpu)
		return 0;
	if (cpu->broken || cpu->sheaves.broken || cpu->sheaves.main.broken ||
	    cpu->sheaves.spare.broken || cpu->partial.broken || cpu->lockless.broken)
		return UINT64_MAX;
	return (uint64_t)cpu->sheaves.main.size + cpu->sheaves.spare.size + cpu->lockless.count +
	       cpu->remote.count + in_list(&cpu->partial);
}

/* Sure before unsure, then the nearest one. */
static bool is_better(const struct ahead *one, const struct ahead *than)
{
	if (one->known != than->known)
		return one->known;
	if (one->exact != than->exact)
		return one->exact;
	return one->known && one->count < than->count;
}

/* The online CPU of each node that has the fewest objects of its own comes first: -1 for none. */
static struct dill_error *first_comers(struct heap *heap, const struct contents *contents,
				       int *comers, unsigned node_limit, unsigned *ret_online)
{
	for (unsigned node = 0; node < node_limit; node++)
		comers[node] = -1;
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(heap->kernel); cpu++) {
		unsigned node;

		if (!kernel_cpu_online(heap->kernel, cpu))
			continue;
		++*ret_online;
		TRY(order_cpu_node(heap, cpu, &node));
		if (comers[node] < 0 ||
		    own_objects(contents, cpu) < own_objects(contents, (unsigned)comers[node]))
			comers[node] = (int)cpu;
	}
	return NULL;
}

static const char *who_decides(enum order_engine engine, const struct place *place)
{
	if (place->kind == PLACE_BARN)
		return "which CPU takes a sheaf from the barn next is not determined";
	if (place->kind == PLACE_NODE_PARTIAL)
		return "which CPU takes the slab from the node's list, and when, is not determined";
	return engine == ORDER_SHEAVES_ON_CPUS ? "sheaves of the barn are used before slabs" : NULL;
}

/*
 * Certain is the turn that holds whichever CPU comes first: with objects that are taken one at a
 * time, none is kept from the next CPU.
 */
static struct dill_error *note_others(const struct order *order, const struct place *place,
				      unsigned online, struct arena *arena, struct ahead *ret)
{
	if (online < 2 || !ret->known || !ret->exact)
		return NULL;
	if (order->engine != ORDER_SLABS) {
		ret->exact = false;
		ret->how = who_decides(order->engine, place);
		return NULL;
	}
	ret->how = arena_format(arena, "those on other CPUs of node %u count, too", order->node);
	return ret->how ? NULL : error_no_memory();
}

static struct dill_error *find_shared(struct heap *heap, const struct contents *contents,
				      dill_virt object, const struct place *place,
				      struct arena *arena, struct ahead *ret)
{
	unsigned node_limit = kernel_node_limit(heap->kernel), online = 0;
	int *comers = arena_alloc_array(arena, (size_t)node_limit + 1, sizeof(*comers));
	struct order order = {0};

	if (!comers)
		return error_no_memory();
	TRY(first_comers(heap, contents, comers, node_limit, &online));
	*ret = (struct ahead){.cpu = -1, .how = "no CPU is online"};
	for (unsigned node = 0; node < node_limit; node++) {
		struct ahead answer;
		struct order of_cpu;

		if (comers[node] < 0)
			continue;
		TRY(ask_cpu(heap, contents, object, (unsigned)comers[node], arena, &answer,
			    &of_cpu));
		/* Where its own node's CPU does not get to it, that one tells why. */
		if (ret->cpu >= 0 && !is_better(&answer, ret) &&
		    (ret->known || answer.known || (int)node != place->node))
			continue;
		*ret = answer;
		order = of_cpu;
	}
	return note_others(&order, place, online, arena, ret);
}

static struct dill_error *find_own(struct heap *heap, const struct contents *contents,
				   dill_virt object, const struct place *place, struct arena *arena,
				   struct ahead *ret)
{
	bool sheaf = place->kind == PLACE_MAIN_SHEAF || place->kind == PLACE_SPARE_SHEAF;
	unsigned cpu = (unsigned)place->cpu, online = 0;
	struct order order;

	if (!kernel_cpu_online(heap->kernel, cpu)) {
		*ret = (struct ahead){.cpu = place->cpu, .how = "its CPU is offline"};
		return NULL;
	}
	TRY(ask_cpu(heap, contents, object, cpu, arena, ret, &order));
	/* A cache with both engines uses the barn before its slabs. */
	for (unsigned i = 0; i < kernel_cpu_limit(heap->kernel); i++)
		online += kernel_cpu_online(heap->kernel, i);
	return sheaf || order.engine != ORDER_SHEAVES_ON_CPUS
		       ? NULL
		       : note_others(&order, place, online, arena, ret);
}

/* What has to happen before an object is to be had again; NULL where allocations get to it. */
static const char *obstacle(const struct contents *contents, const struct place *place)
{
	if (is_reserved(contents, place))
		return "its slab is of the emergency reserves and serves only allocations that may "
		       "use these";
	switch (place->kind) {
	case PLACE_RCU_SHEAF:
	case PLACE_CALL_RCU:
	case PLACE_KFREE_RCU:
	case PLACE_KFREE_CALLBACK:
	case PLACE_RCU_DELAYED:
	case PLACE_DYING_SLAB:
		return "a grace period of RCU has to end first";
	case PLACE_DEFERRED:
		return "its CPU has to finish freeing it first";
	case PLACE_QUARANTINE:
		return "it has to leave KASAN's quarantine first";
	case PLACE_LOOSE_SHEAF:
		return "the sheaf is kept for one user";
	case PLACE_NODE_FULL:
	case PLACE_UNLISTED_SLAB:
		return "its slab is on no list of free objects";
	default:
		return NULL;
	}
}

static struct dill_error *find(struct heap *heap, const struct contents *contents, dill_virt object,
			       const struct place *place, struct arena *arena, struct ahead *ret)
{
	if (place->kind == PLACE_BARN || place->kind == PLACE_NODE_PARTIAL || place->cpu < 0)
		return find_shared(heap, contents, object, place, arena, ret);
	return find_own(heap, contents, object, place, arena, ret);
}

struct dill_error *ahead_find(struct heap *heap, const struct contents *contents, dill_virt object,
			      const struct place *place, struct arena *arena, struct ahead *ret)
{
	struct dill_error *error;

	*ret = (struct ahead){.cpu = -1, .how = obstacle(contents, place)};
	if (ret->how)
		return NULL;
	error = find(heap, contents, object, place, arena, ret);
	if (!error || error_is_fatal(error))
		return error;
	/* The rest of what is known of the object does not depend on it. */
	*ret = (struct ahead){.cpu = -1, .how = keep_text(dill_error_text(error), arena)};
	dill_error_free(error);
	return ret->how ? NULL : error_no_memory();
}
