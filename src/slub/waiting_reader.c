/* SPDX-License-Identifier: MIT */
#include "slub/waiting_reader.h"

#include "slub/locate.h"
#include "slub/lock_moving.h"

struct finding_place waiting_place(const struct waiting_spot *spot)
{
	return (struct finding_place){.cpu = spot->cpu, .node = -1, .moving = spot->moving};
}

void waiting_incomplete(struct waiting_reader *reader, const struct waiting_spot *spot)
{
	reader->ret->incomplete = true;
	if (!reader->ret->why)
		reader->ret->why = spot->cpu < 0 ? spot->what
						 : arena_format(reader->arena, "CPU %d's %s",
								spot->cpu, spot->what);
}

/* A list cannot be read on: a finding, and what is behind it stays unknown. */
struct dill_error *waiting_give_up(struct waiting_reader *reader, const struct waiting_spot *spot,
				   struct dill_error *error)
{
	struct finding_place place = waiting_place(spot);

	if (!error)
		return NULL;
	waiting_incomplete(reader, spot);
	return findings_absorb(reader->findings, &place,
			       dill_error_add_context(error, "%s", spot->what));
}

void waiting_broken(struct waiting_reader *reader, const struct waiting_spot *spot,
		    dill_virt address, const char *why)
{
	struct finding_place place = waiting_place(spot);

	waiting_incomplete(reader, spot);
	findings_add(reader->findings, FINDING_WAITING, &place, address, "%s %s", spot->what, why);
}

struct dill_error *waiting_lock(struct waiting_reader *reader, struct waiting_spot *spot,
				const struct lock *lock, dill_virt address, const char *held)
{
	uint8_t word[8];
	struct lock alone = *lock; /* in a copy of its word */
	struct dill_error *error = NULL;

	alone.word.offset = 0;
	if (lock_tells(lock))
		error = kernel_read(reader->heap->kernel, address + lock->word.offset, word,
				    lock->word.size);
	if (error)
		return waiting_give_up(reader, spot, error);
	TRY(lock_moving(reader->heap, &alone, (struct span){word, lock->word.size}, held,
			&spot->moving));
	if (spot->moving)
		reader->ret->moving = spot->moving;
	return NULL;
}

/* Add the object that @p address lies in; what lies in no slab is counted only. */
struct dill_error *waiting_add(struct waiting_reader *reader, const struct waiting_spot *spot,
			       dill_virt address)
{
	struct findings untold = FINDINGS_MUTED;
	struct located located = {0};

	address = heap_untag(reader->heap, address);

	struct dill_error *error =
		heap_locate(reader->heap, reader->caches, address, &untold, &located);

	if (error)
		return waiting_give_up(reader, spot, error);
	if (!located.in_slab || !located.in_slot) {
		reader->ret->others++;
		if (!located.kfence)
			return NULL;
		located.object = address; /* its own list tells whose it is */
	}
	struct waiting_object item = {
		.object = located.object,
		.cache = located.cache_address,
		.kind = (int)spot->kind,
		.cpu = spot->cpu,
		.position = spot->position,
		.container = spot->container,
	};

	return array_push(&reader->items, item);
}

struct dill_error *waiting_may_follow(struct waiting_reader *reader,
				      const struct waiting_spot *spot, struct circle *circle,
				      dill_virt at, bool *ret)
{
	*ret = false;
	TRY(target_check_interrupt(kernel_target(reader->heap->kernel)));
	if (circle && circle_closes(circle, at)) {
		waiting_broken(reader, spot, at, "has no end");
		return NULL;
	}
	*ret = reader->links < reader->links_max;
	if (*ret) {
		reader->links++;
		return NULL;
	}
	waiting_incomplete(reader, spot);
	if (!reader->is_full)
		waiting_broken(reader, spot, at,
			       "goes on, where more objects wait than are followed");
	reader->is_full = true;
	return NULL;
}
