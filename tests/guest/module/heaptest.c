// SPDX-License-Identifier: GPL-2.0
/*
 * heaptest: a module that holds memory of known content, and loses it.
 *
 *   leaked=N  objects of 112 bytes in a cache of its own, "heaptest", that are not freed: the cache
 *             is destroyed with them when the module goes
 *   freed=1   and then its struct kmem_cache is freed, too, which no kernel does
 *   large=N   blocks of 64 KiB from kmalloc(), freed when it goes
 *
 * Every one begins with "DILLLEAK", then its number as a u64 in host byte order.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#define OBJECT_SIZE 112
#define LARGE_SIZE  65536
#define LARGE_MAX   4096

static int leaked;
module_param(leaked, int, 0444);
static int freed;
module_param(freed, int, 0444);
static int large;
module_param(large, int, 0444);

static struct kmem_cache *cache;
static void *blocks[LARGE_MAX];

static void mark(void *memory, u64 number)
{
	memcpy(memory, "DILLLEAK", 8);
	memcpy(memory + 8, &number, sizeof(number));
}

static void free_blocks(void)
{
	for (int i = 0; i < LARGE_MAX; i++)
		kfree(blocks[i]);
}

static int __init heaptest_init(void)
{
	if (large > LARGE_MAX)
		return -EINVAL;
	for (int i = 0; i < large; i++) {
		blocks[i] = kmalloc(LARGE_SIZE, GFP_KERNEL);
		if (!blocks[i]) {
			free_blocks();
			return -ENOMEM;
		}
		mark(blocks[i], i);
	}
	if (!leaked)
		return 0;
	cache = kmem_cache_create("heaptest", OBJECT_SIZE, 0, SLAB_NO_MERGE, NULL);
	for (int i = 0; cache && i < leaked; i++) {
		void *object = kmem_cache_zalloc(cache, GFP_KERNEL);

		if (object)
			mark(object, i);
	}
	return 0;
}

static void __exit heaptest_exit(void)
{
	free_blocks();
	kmem_cache_destroy(cache);
	if (freed)
		kfree(cache);
}

module_init(heaptest_init);
module_exit(heaptest_exit);
MODULE_DESCRIPTION("Memory of known content for dill's tests");
MODULE_LICENSE("GPL");
