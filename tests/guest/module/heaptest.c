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
 *
 * It has bugs, too, for docs/cookbook.md: connections, each with a session, of kmalloc(). What is
 * written to /sys/module/heaptest/parameters/act is done there and then:
 *
 *   open      a new connection with a new session
 *   ask       the last connection's session is used: "AAAAAAAA" is written over its token
 *   close     that session is freed, and the connection still points to it: the next "ask" is a use
 * after free rename    a name that does not fit is copied to the end of that session, and beyond
 *   poll N    N replies are made and forgotten: a leak
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
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

struct session {
	char magic[8];
	u64 number;
	char peer[48];
	char token[16];
	char user[24];
};

struct connection {
	char magic[8];
	u64 number;
	struct session *session;
	char peer[24];
};

struct reply {
	char text[180];
};

static struct connection *last;

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

static noinline int open_connection(void)
{
	static u64 number;
	struct connection *connection = kzalloc(sizeof(*connection), GFP_KERNEL);
	struct session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!connection || !session) {
		kfree(connection);
		kfree(session);
		return -ENOMEM;
	}
	number++;
	memcpy(connection->magic, "CONNECT!", 8);
	memcpy(session->magic, "SESSION!", 8);
	connection->number = session->number = number;
	connection->session = session;
	last = connection;
	return 0;
}

static noinline void ask_session(struct connection *connection)
{
	memcpy(connection->session->token, "AAAAAAAA", 8);
}

static noinline void close_session(struct session *session)
{
	kfree(session);
	barrier(); /* no jump to kfree(): this function shall be the one that called it */
}

/* Without the compiler's knowledge of how much room there is. */
static noinline void rename_user(char *user, const char *name)
{
	while ((*user++ = *name++))
		barrier();
}

static noinline int poll_reply(void)
{
	struct reply *reply = kzalloc(sizeof(*reply), GFP_KERNEL);

	if (!reply)
		return -ENOMEM;
	memcpy(reply->text, "REPLY 200 OK", 12);
	barrier_data(reply);
	return 0;
}

static int act(const char *text, const struct kernel_param *parameter)
{
	unsigned int count;

	if (sysfs_streq(text, "open"))
		return open_connection();
	if (sscanf(text, "poll %u", &count) == 1) {
		while (count--)
			if (poll_reply())
				return -ENOMEM;
		return 0;
	}
	if (!last)
		return -EINVAL;
	if (sysfs_streq(text, "ask"))
		ask_session(last);
	else if (sysfs_streq(text, "close"))
		close_session(last->session);
	else if (sysfs_streq(text, "rename"))
		rename_user(last->session->user, "administrator@example.net");
	else
		return -EINVAL;
	return 0;
}

static const struct kernel_param_ops act_ops = {.set = act};
module_param_cb(act, &act_ops, NULL, 0200);

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
