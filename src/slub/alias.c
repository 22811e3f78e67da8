/* SPDX-License-Identifier: MIT */
#include "slub/alias.h"

#include <string.h>

#include "base/array.h"
#include "base/strbuf.h"

/* include/linux/kernfs.h enum kernfs_node_type, unchanged since 3.14. */
#define KERNFS_TYPE_MASK 0xfu
#define KERNFS_LINK	 4u
/* include/linux/rbtree.h: the colour is in the lower bits of the pointer to the parent. */
#define RB_COLOR UINT64_C(3)
/* Longest name that is shown; file names have 255 bytes at most. */
#define NAME_MAX_BYTES 256
/* Bytes that are read of a kernfs_node and of an rb_node. */
#define NODE_MAX_BYTES 512u

/* A name of a cache: of a link to its folder, or of the folder itself. */
struct link {
	size_t cache; /* index into the list of caches */
	dill_virt address;
	const char *name; /* NULL while not read, or not readable */
};

/* A folder of a cache, by the address of its kernfs_node. */
struct folder {
	dill_virt node;
	size_t cache;
};

struct reader {
	struct heap *heap;
	const struct cache_list *caches;
	struct arena *arena;
	struct findings *findings;
	struct folder *folders; /* sorted */
	size_t folder_count;
	ARRAY(struct link) links, own;
};

static const struct finding_place nowhere = {.cpu = -1, .node = -1};

static size_t node_bytes(const struct layout *l)
{
	size_t size = l->kernfs_rb.offset + l->kernfs_rb.size;
	const struct member others[] = {l->kernfs_name, l->kernfs_flags, l->kernfs_target};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].offset + others[i].size > size)
			size = others[i].offset + others[i].size;
	return size;
}

/* --- which folder is which cache's --- */

static int by_node(const void *a, const void *b)
{
	const struct folder *one = a, *two = b;

	return (one->node > two->node) - (one->node < two->node);
}

static struct dill_error *read_folders(struct reader *reader)
{
	struct member sd = reader->heap->layout.cache_kobj_sd;

	reader->folders = arena_alloc_array(reader->arena, reader->caches->count + 1,
					    sizeof(*reader->folders));
	if (!reader->folders)
		return error_no_memory();
	for (size_t i = 0; i < reader->caches->count; i++) {
		struct folder *folder = &reader->folders[reader->folder_count];
		dill_virt at = reader->caches->items[i].address + sd.offset;
		struct dill_error *error = kernel_read_u64(reader->heap->kernel, at, &folder->node);

		folder->cache = i;
		if (error)
			TRY(findings_absorb(reader->findings, &nowhere, error));
		else
			reader->folder_count += folder->node != 0;
	}
	qsort(reader->folders, reader->folder_count, sizeof(*reader->folders), by_node);
	return NULL;
}

static const struct folder *folder_at(const struct reader *reader, dill_virt node)
{
	const struct folder key = {.node = node};

	return bsearch(&key, reader->folders, reader->folder_count, sizeof(key), by_node);
}

/* Where the folders' own names are. */
static struct dill_error *find_folder_names(struct reader *reader)
{
	const struct member member = reader->heap->layout.kernfs_name;
	_cleanup_(freep)
	dill_virt *fields = calloc(reader->folder_count + 1, sizeof(*fields));

	if (!fields)
		return error_no_memory();
	for (size_t i = 0; i < reader->folder_count; i++)
		fields[i] = reader->folders[i].node + member.offset;
	TRY(kernel_prefetch(reader->heap->kernel, fields, reader->folder_count));
	for (size_t i = 0; i < reader->folder_count; i++) {
		struct link link = {.cache = reader->folders[i].cache};
		struct dill_error *error =
			kernel_read_u64(reader->heap->kernel, fields[i], &link.address);

		if (error)
			TRY(findings_absorb(reader->findings, &nowhere, error));
		else
			TRY(array_push(&reader->own, link));
	}
	return NULL;
}

/* --- the tree of entries --- */

/*
 * One level of the tree. A node is accepted only when it names the node above it as its parent, and
 * both sides differ: so each node has one way from the root, and a walk cannot go in a circle.
 */
struct level {
	ARRAY(dill_virt) nodes;
	ARRAY(dill_virt) parents;
};

static void level_deinit(struct level *level)
{
	array_free(&level->nodes);
	array_free(&level->parents);
}

static struct dill_error *push(struct level *level, dill_virt node, dill_virt parent)
{
	if (!node)
		return NULL;
	TRY(array_push(&level->nodes, node));
	return array_push(&level->parents, parent);
}

static struct dill_error *take_link(struct reader *reader, struct span bytes)
{
	const struct layout *l = &reader->heap->layout;
	const struct folder *folder = folder_at(reader, member_get(l->kernfs_target, bytes));

	if ((member_get(l->kernfs_flags, bytes) & KERNFS_TYPE_MASK) != KERNFS_LINK || !folder)
		return NULL; /* a folder, or a link to something that is no cache any more */
	return array_push(&reader->links,
			  ((struct link){.cache = folder->cache,
					 .address = member_get(l->kernfs_name, bytes)}));
}

static struct dill_error *take_node(struct reader *reader, dill_virt rb, dill_virt parent,
				    struct level *below)
{
	const struct layout *l = &reader->heap->layout;
	dill_virt node = rb - l->kernfs_rb.offset, left, right;
	uint8_t buffer[NODE_MAX_BYTES];
	struct span bytes = {buffer, node_bytes(l)}, link;
	struct dill_error *error = kernel_read(reader->heap->kernel, node, buffer, bytes.size);

	if (error)
		return findings_absorb(
			reader->findings, &nowhere,
			dill_error_add_context(error, "an entry of /sys/kernel/slab"));
	link = (struct span){buffer + l->kernfs_rb.offset, l->kernfs_rb.size};
	left = member_get(l->rb_left, link);
	right = member_get(l->rb_right, link);
	if ((member_get(l->rb_parent, link) & ~RB_COLOR) != parent || (left && left == right)) {
		findings_add_values(reader->findings, FINDING_SYSFS, &nowhere, rb, parent,
				    member_get(l->rb_parent, link) & ~RB_COLOR,
				    "the tree of /sys/kernel/slab is broken: an entry does not "
				    "fit the one above it");
		return NULL;
	}
	TRY(take_link(reader, bytes));
	TRY(push(below, left, rb));
	return push(below, right, rb);
}

static struct dill_error *walk_level(struct reader *reader, const struct level *level,
				     struct level *below)
{
	TRY(target_check_interrupt(kernel_target(reader->heap->kernel)));
	TRY(kernel_prefetch(reader->heap->kernel, level->nodes.items, level->nodes.count));
	for (size_t i = 0; i < level->nodes.count; i++)
		TRY(take_node(reader, level->nodes.items[i], level->parents.items[i], below));
	return NULL;
}

/* Level by level, so that a slow target is asked for a whole one at once. */
static struct dill_error *walk_tree(struct reader *reader, dill_virt root)
{
	struct level level = {0};
	struct dill_error *error = push(&level, root, 0);
	size_t seen = 0;

	while (!error && level.nodes.count) {
		struct level below = {0};

		seen += level.nodes.count;
		if (seen > ALIAS_ENTRIES_MAX) {
			findings_add(reader->findings, FINDING_SYSFS, &nowhere, root,
				     "/sys/kernel/slab has more than %zu entries",
				     ALIAS_ENTRIES_MAX);
			break;
		}
		error = walk_level(reader, &level, &below);
		level_deinit(&level);
		level = below;
	}
	level_deinit(&level);
	return error;
}

/* --- names --- */

/* Read a name; what cannot be read is a finding and gives NULL. */
static struct dill_error *read_name(struct reader *reader, dill_virt address, const char **ret)
{
	_cleanup_(freep)
	char *raw = NULL;
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct dill_error *error =
		kernel_read_string(reader->heap->kernel, address, NAME_MAX_BYTES, &raw);

	*ret = NULL;
	if (error)
		return findings_absorb(reader->findings, &nowhere,
				       dill_error_add_context(error, "a name in /sys/kernel/slab"));
	strbuf_append_escaped(&text, raw, strlen(raw));
	TRY(strbuf_error(&text));
	*ret = arena_copy_text(reader->arena, strbuf_get(&text), text.length);
	return *ret ? NULL : error_no_memory();
}

/* All names in one request: they are small strings scattered over the heap. */
static struct dill_error *read_names(struct reader *reader, struct link *links, size_t count)
{
	_cleanup_(freep)
	dill_virt *addresses = calloc(count + 1, sizeof(*addresses));

	if (!addresses)
		return error_no_memory();
	for (size_t i = 0; i < count; i++)
		addresses[i] = links[i].address;
	TRY(kernel_prefetch(reader->heap->kernel, addresses, count));
	for (size_t i = 0; i < count; i++)
		TRY(read_name(reader, links[i].address, &links[i].name));
	return NULL;
}

/* --- putting it together --- */

static int by_cache_and_name(const void *a, const void *b)
{
	const struct link *one = a, *two = b;

	if (one->cache != two->cache)
		return one->cache < two->cache ? -1 : 1;
	return strcmp(one->name ? one->name : "", two->name ? two->name : "");
}

static struct dill_error *sort_links(struct reader *reader, struct alias_list *list)
{
	size_t count = reader->links.count, used = 0;
	const char **names = arena_alloc_array(reader->arena, count + 1, sizeof(*names));

	if (!names)
		return error_no_memory();
	if (count)
		qsort(reader->links.items, count, sizeof(*reader->links.items), by_cache_and_name);
	for (size_t i = 0; i < count; i++) {
		struct cache_aliases *item = &list->items[reader->links.items[i].cache];

		const char *name = reader->links.items[i].name;

		if (!name || !strcmp(name, item->cache->name))
			continue;
		names[used] = name;
		if (!item->names)
			item->names = &names[used];
		item->count++;
		used++;
	}
	return NULL;
}

/* The node of /sys/kernel/slab: by the kernel's own pointer to the set of caches, or by that of the
 * first cache that has one where the symbol is not known. 0 when there is none. */
static struct dill_error *find_root(struct heap *heap, const struct cache_list *caches,
				    dill_virt *ret)
{
	const struct layout *l = &heap->layout;
	dill_virt symbol, set = 0;

	*ret = 0;
	if (kernel_has_symbol(heap->kernel, "slab_kset", &symbol))
		TRY(kernel_read_u64(heap->kernel, symbol, &set));
	for (size_t i = 0; i < caches->count && !set; i++)
		TRY(kernel_read_u64(heap->kernel,
				    caches->items[i].address + l->cache_kobj_kset.offset, &set));
	return set ? kernel_read_u64(heap->kernel, set + l->kset_sd.offset, ret) : NULL;
}

static bool is_known(const struct layout *l)
{
	return l->cache_kobj_sd.present && l->cache_kobj_kset.present && l->kset_sd.present &&
	       l->kernfs_name.present && l->kernfs_flags.present && l->kernfs_children.present &&
	       l->kernfs_rb.present && l->kernfs_target.present && l->rb_parent.present &&
	       l->rb_left.present && l->rb_right.present && node_bytes(l) <= NODE_MAX_BYTES;
}

static struct dill_error *read_all(struct reader *reader, dill_virt root, struct alias_list *list)
{
	dill_virt top;

	TRY(read_folders(reader));
	TRY(find_folder_names(reader));
	TRY(kernel_read_u64(reader->heap->kernel,
			    root + reader->heap->layout.kernfs_children.offset, &top));
	TRY(walk_tree(reader, top));
	TRY(read_names(reader, reader->own.items, reader->own.count));
	for (size_t i = 0; i < reader->own.count; i++)
		list->items[reader->own.items[i].cache].folder = reader->own.items[i].name;
	TRY(read_names(reader, reader->links.items, reader->links.count));
	return sort_links(reader, list);
}

struct dill_error *aliases_read(struct heap *heap, const struct cache_list *caches,
				struct arena *arena, struct findings *findings,
				struct alias_list *ret)
{
	struct reader reader = {
		.heap = heap, .caches = caches, .arena = arena, .findings = findings};
	struct dill_error *error;
	dill_virt root = 0;

	*ret = (struct alias_list){.count = caches->count};
	ret->items = arena_alloc_array(arena, caches->count + 1, sizeof(*ret->items));
	if (!ret->items)
		return error_no_memory();
	for (size_t i = 0; i < caches->count; i++)
		ret->items[i].cache = &caches->items[i];
	if (is_known(&heap->layout))
		TRY(dill_error_add_context(find_root(heap, caches, &root), "/sys/kernel/slab"));
	if (!root && heap->layout.is_solved)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "the names of merged caches are in /sys/kernel/slab only, "
				      "which is read by types: %s",
				      KERNEL_NO_TYPES);
	if (!root)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "this kernel has no /sys/kernel/slab: the names of merged "
				      "caches are not kept anywhere else");
	error = read_all(&reader, root, ret);
	array_free(&reader.links);
	array_free(&reader.own);
	return dill_error_add_context(error, "/sys/kernel/slab");
}

const struct cache_aliases *aliases_of(const struct alias_list *list, const struct cache *cache)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].cache->address == cache->address)
			return &list->items[i];
	return NULL;
}
