/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/kernel.h"
#include "kernel/kernel_members.h"
#include "kernel/task_read.h"
#include "kernel/tasks.h"

/*
 * task.c and xarray.c on a kernel of a few hundred words: the layers below are replaced by the
 * functions here, so that every pointer can be forged.
 */

#define BASE	   UINT64_C(0xffff888000000000)
#define SIZE	   0x8000
#define TASK(n)	   (BASE + 0x1000 + (n)*0x100)
#define SIGNAL(n)  (BASE + 0x4000 + (n)*0x40)
#define CRED	   (BASE + 0x5000)
#define PID(n)	   (BASE + 0x5100 + (n)*0x20)
#define XA_NODE(n) (BASE + 0x6000 + (n)*0x400)
#define PID_TABLE  (BASE + 0x7000)

/* struct task_struct of this kernel; others have one member each, at 0. */
enum {
	TASKS = 0x00,
	PID_AT = 0x10,
	TGID = 0x14,
	COMM = 0x18,
	PARENT = 0x28,
	STATE = 0x30,
	EXIT_STATE = 0x34,
	CPU = 0x38,
	REAL_CRED = 0x40,
	STACK = 0x48,
	MM = 0x50,
	SIGNAL_AT = 0x58,
	THREAD_NODE = 0x60,
	PID_LINKS = 0x70,
	SLOTS = 0x10,
};

static uint8_t image[SIZE];
static unsigned reads, prefetches;

static void put(uint64_t address, uint64_t value)
{
	memcpy(&image[address - BASE], &value, sizeof(value));
}

static void put_u32(uint64_t address, uint32_t value)
{
	memcpy(&image[address - BASE], &value, sizeof(value));
}

/* --- the layers below --- */

struct dill_error *kernel_read(struct kernel *kernel, dill_virt address, void *buffer,
			       size_t length)
{
	(void)kernel;
	reads++;
	if (address < BASE || length > SIZE || address - BASE > SIZE - length)
		return dill_error_new_fault(address, "not mapped");
	memcpy(buffer, &image[address - BASE], length);
	return NULL;
}

struct dill_error *kernel_prefetch(struct kernel *kernel, const dill_virt *addresses, size_t count)
{
	(void)kernel;
	(void)addresses;
	(void)count;
	prefetches++;
	return NULL;
}

struct dill_error *kernel_types(struct kernel *kernel, struct types **ret)
{
	(void)kernel;
	*ret = NULL;
	return NULL;
}

bool target_is_slow(const struct target *target)
{
	(void)target;
	return false;
}

const char *kernel_types_file(const struct kernel *kernel)
{
	(void)kernel;
	return NULL;
}

struct dill_error *kernel_members(struct kernel *kernel, enum kernel_need need,
				  const struct kernel_members **ret)
{
	static struct kernel_members members;
	struct types *types;

	TRY(kernel_types(kernel, &types));
	kernel_members_resolve(members_of_types(types), &members);
	*ret = &members;
	return kernel_members_need(&members, need);
}

struct dill_error *kernel_symbol(struct kernel *kernel, const char *name, dill_virt *ret)
{
	(void)kernel;
	assert_string_equal(name, "init_task");
	*ret = TASK(0);
	return NULL;
}

bool kernel_has_symbol(struct kernel *kernel, const char *name, dill_virt *ret)
{
	(void)kernel;
	assert_string_equal(name, "init_pid_ns");
	*ret = PID_TABLE;
	return true;
}

unsigned kernel_cpu_limit(struct kernel *kernel)
{
	(void)kernel;
	return 1;
}

void kernel_idle_names(const struct kernel *kernel, const dill_virt **ret, size_t *ret_count)
{
	(void)kernel;
	*ret = NULL;
	*ret_count = 0;
}

enum { TYPE_TASK = 1, TYPE_CRED, TYPE_SIGNAL, TYPE_PID, TYPE_NAMESPACE, TYPE_NODE, TYPE_SLOTS };

static const char *const structs[] = {
	[TYPE_TASK] = "task_struct",	    [TYPE_CRED] = "cred",
	[TYPE_SIGNAL] = "signal_struct",    [TYPE_PID] = "pid",
	[TYPE_NAMESPACE] = "pid_namespace", [TYPE_NODE] = "xa_node",
};

static const struct {
	type_id type;
	const char *path;
	uint64_t offset, size;
} members[] = {
	{TYPE_TASK, "tasks.next", TASKS, 8},
	{TYPE_TASK, "tasks.prev", TASKS + 8, 8},
	{TYPE_TASK, "pid", PID_AT, 4},
	{TYPE_TASK, "tgid", TGID, 4},
	{TYPE_TASK, "comm", COMM, 16},
	{TYPE_TASK, "real_parent", PARENT, 8},
	{TYPE_TASK, "state", STATE, 4},
	{TYPE_TASK, "exit_state", EXIT_STATE, 4},
	{TYPE_TASK, "thread_info.cpu", CPU, 4},
	{TYPE_TASK, "real_cred", REAL_CRED, 8},
	{TYPE_TASK, "stack", STACK, 8},
	{TYPE_TASK, "mm", MM, 8},
	{TYPE_TASK, "signal", SIGNAL_AT, 8},
	{TYPE_TASK, "thread_node.next", THREAD_NODE, 8},
	{TYPE_TASK, "thread_node.prev", THREAD_NODE + 8, 8},
	{TYPE_TASK, "pid_links", PID_LINKS, 16},
	{TYPE_CRED, "uid.val", 0, 4},
	{TYPE_SIGNAL, "thread_head.next", 0, 8},
	{TYPE_SIGNAL, "thread_head.prev", 8, 8},
	{TYPE_PID, "tasks", 0, 8},
	{TYPE_NAMESPACE, "idr.idr_rt.xa_head", 0, 8},
	{TYPE_NODE, "shift", 0, 1},
	{TYPE_NODE, "slots", SLOTS, 64 * 8},
};

bool types_has_struct(struct types *types, const char *name, type_id *ret)
{
	(void)types;
	for (type_id id = TYPE_TASK; id <= TYPE_NODE; id++) {
		if (strcmp(structs[id], name) == 0) {
			*ret = id;
			return true;
		}
	}
	return false;
}

bool types_has_member(struct types *types, type_id id, const char *path, struct type_place *ret)
{
	(void)types;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		if (members[i].type == id && strcmp(members[i].path, path) == 0) {
			*ret = (struct type_place){.bit_offset = members[i].offset * 8,
						   .type = TYPE_SLOTS,
						   .size = members[i].size};
			return true;
		}
	}
	return false;
}

struct dill_error *types_get(struct types *types, type_id id, struct type *ret)
{
	(void)types;
	(void)id;
	(void)ret;
	return dill_error_new(DILL_ERROR_NOT_FOUND, "nobody asks");
}

/* --- a healthy kernel --- */

static void link_ring(uint64_t head, const uint64_t *nodes, size_t count)
{
	uint64_t before = head;

	for (size_t i = 0; i < count; i++) {
		put(before, nodes[i]);
		put(nodes[i] + 8, before);
		before = nodes[i];
	}
	put(before, head);
	put(head + 8, before);
}

static void put_task(unsigned n, uint32_t pid, uint32_t tgid, const char *comm)
{
	put_u32(TASK(n) + PID_AT, pid);
	put_u32(TASK(n) + TGID, tgid);
	strncpy((char *)&image[TASK(n) + COMM - BASE], comm, 16);
	put(TASK(n) + PARENT, TASK(0));
	put_u32(TASK(n) + STATE, 1);
	put_u32(TASK(n) + CPU, n);
	put(TASK(n) + REAL_CRED, CRED);
	put(TASK(n) + STACK, BASE + 0x100 * n);
	put(TASK(n) + SIGNAL_AT, SIGNAL(n));
}

/* A one-level pid table for pids below 64. */
static void put_pid(uint32_t pid, unsigned n)
{
	put(XA_NODE(0) + SLOTS + 8 * pid, PID(n));
	put(PID(n), TASK(n) + PID_LINKS);
}

/* Task 0 is idle; 1 to 5 are processes; 6 and 7 are threads of 3. */
static int healthy(void **state)
{
	uint64_t processes[5],
		threads[3] = {TASK(3) + THREAD_NODE, TASK(6) + THREAD_NODE, TASK(7) + THREAD_NODE};

	(void)state;
	memset(image, 0, sizeof(image));
	put_u32(CRED, 1000);
	put_task(0, 0, 0, "swapper/0");
	put(PID_TABLE, XA_NODE(0) + 2);
	for (unsigned n = 1; n <= 5; n++) {
		uint64_t node = TASK(n) + THREAD_NODE;

		put_task(n, n, n, "process");
		put_pid(n, n);
		link_ring(SIGNAL(n), &node, 1);
		processes[n - 1] = TASK(n) + TASKS;
	}
	for (unsigned n = 6; n <= 7; n++) {
		put_task(n, n + 20, 3, "thread");
		put(TASK(n) + SIGNAL_AT, SIGNAL(3));
		put_pid(n + 20, n);
	}
	link_ring(TASK(0) + TASKS, processes, 5);
	link_ring(SIGNAL(3), threads, 3);
	return 0;
}

/* --- what was visited --- */

struct seen {
	uint32_t pids[32];
	size_t count;
	struct task_finding findings[32];
	size_t finding_count;
};

static struct dill_error *see_task(void *context, const struct task *task)
{
	struct seen *seen = context;

	assert_true(seen->count < 32);
	seen->pids[seen->count++] = task->pid;
	return NULL;
}

static struct dill_error *see_finding(void *context, const struct task_finding *finding)
{
	struct seen *seen = context;

	assert_true(seen->finding_count < 32);
	seen->findings[seen->finding_count++] = *finding;
	return NULL;
}

static struct tasks *open_tasks(void)
{
	struct tasks *tasks;

	assert_null(tasks_new(NULL, &tasks));
	return tasks;
}

static struct seen see_all(enum task_scope scope)
{
	struct seen seen = {0};
	struct task_visitor visitor = {see_task, see_finding, &seen};
	struct tasks *tasks = open_tasks();

	assert_null(tasks_each(tasks, scope, &visitor));
	tasks_free(tasks);
	return seen;
}

static void assert_processes(const struct seen *seen)
{
	static const uint32_t expected[] = {1, 2, 3, 4, 5};

	assert_int_equal(seen->count, 5);
	assert_memory_equal(seen->pids, expected, sizeof(expected));
}

/* --- walks --- */

static void test_processes_in_order(void **state)
{
	struct seen seen = see_all(TASK_SCOPE_PROCESSES);

	(void)state;
	assert_processes(&seen);
	assert_int_equal(seen.finding_count, 0);
	assert_true(prefetches > 0);
}

static void test_threads_follow_their_leader(void **state)
{
	static const uint32_t expected[] = {1, 2, 3, 26, 27, 4, 5};
	struct seen seen = see_all(TASK_SCOPE_THREADS);

	(void)state;
	assert_int_equal(seen.count, 7);
	assert_memory_equal(seen.pids, expected, sizeof(expected));
	assert_int_equal(seen.finding_count, 0);
}

static void test_one_wrong_link_hides_nothing(void **state)
{
	static const uint64_t wrong[] = {
		0,
		0x401000,		      /* user space */
		TASK(3) + TASKS + 1,	      /* between */
		UINT64_C(0xffffffffffffff00), /* unmapped */
		BASE + 0x7800,		      /* something else */
		TASK(1) + TASKS,	      /* a circle */
		TASK(3) + TASKS,	      /* itself */
		TASK(5) + TASKS,	      /* a shortcut */
	};

	for (unsigned side = 0; side < 2; side++) {
		for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
			struct seen seen;

			healthy(state);
			put(TASK(3) + TASKS + side * 8, wrong[i]);
			seen = see_all(TASK_SCOPE_PROCESSES);
			assert_processes(&seen);
			assert_in_range(seen.finding_count, 1, 2);
			assert_int_equal(seen.findings[0].kind, TASK_FINDING_LIST);
		}
	}
}

static void test_ring_of_its_own_ends(void **state)
{
	uint64_t nodes[2] = {TASK(2) + TASKS, TASK(3) + TASKS};
	struct seen seen;

	(void)state;
	/* A whole ring that the list leads into, but not out of. */
	link_ring(TASK(1) + TASKS, nodes, 2);
	seen = see_all(TASK_SCOPE_PROCESSES);
	assert_true(seen.finding_count > 0);
	assert_true(seen.count >= 2);
}

static void test_members_that_cannot_be_read(void **state)
{
	struct seen seen;

	(void)state;
	put(TASK(2) + REAL_CRED, 0x1000);
	put(TASK(4) + PARENT, UINT64_C(0xffffffffffff0000));
	seen = see_all(TASK_SCOPE_PROCESSES);
	assert_processes(&seen);
	assert_int_equal(seen.finding_count, 2);
	assert_int_equal(seen.findings[0].task, TASK(2));
	assert_int_equal(seen.findings[0].kind, TASK_FINDING_POINTER);
	assert_int_equal(seen.findings[1].task, TASK(4));
	assert_int_equal(seen.findings[1].kind, TASK_FINDING_UNREADABLE);
}

/* --- one task --- */

static struct dill_error *find(uint32_t pid, struct seen *seen, struct task *ret)
{
	struct task_visitor visitor = {see_task, see_finding, seen};
	struct tasks *tasks = open_tasks();
	struct dill_error *error = tasks_find(tasks, pid, &visitor, ret);

	tasks_free(tasks);
	return error;
}

static void test_members(void **state)
{
	struct seen seen = {0};
	struct task task;

	(void)state;
	memset(&image[TASK(4) + COMM - BASE], 'x', 16); /* no NUL */
	assert_null(find(4, &seen, &task));
	assert_int_equal(task.address, TASK(4));
	assert_int_equal(task.pid, 4);
	assert_int_equal(task.tgid, 4);
	assert_string_equal(task.comm, "xxxxxxxxxxxxxxxx");
	assert_int_equal(task.comm_length, 16);
	assert_string_equal(task.state, "S (sleeping)");
	assert_int_equal(task.parent, TASK(0));
	assert_int_equal(task.parent_pid, 0);
	assert_int_equal(task.cpu, 4);
	assert_int_equal(task.uid, 1000);
	assert_int_equal(task.stack, BASE + 0x400);
	assert_int_equal(task.mm, 0);
	assert_int_equal(seen.finding_count, 0);
}

static void test_find_reads_little(void **state)
{
	struct seen seen = {0};
	struct task task;

	(void)state;
	reads = 0;
	assert_null(find(27, &seen, &task));
	assert_int_equal(task.address, TASK(7));
	assert_true(reads < 25);
}

static void not_found(uint32_t pid)
{
	_cleanup_(dill_error_freep)
	struct dill_error *error = NULL;
	struct seen seen = {0};
	struct task task;

	error = find(pid, &seen, &task);
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_NOT_FOUND);
}

static void test_unknown_pids(void **state)
{
	(void)state;
	not_found(63);
	not_found(64);
	not_found(UINT32_MAX);
}

static void test_table_of_two_levels(void **state)
{
	struct seen seen = {0};
	struct task task;

	(void)state;
	image[XA_NODE(1) - BASE] = 6; /* shift */
	put(XA_NODE(1) + SLOTS + 8 * 2, XA_NODE(0) + 2);
	put(PID_TABLE, XA_NODE(1) + 2);
	put_u32(TASK(5) + PID_AT, 2 * 64 + 5);
	assert_null(find(2 * 64 + 5, &seen, &task));
	assert_int_equal(task.address, TASK(5));
	assert_int_equal(seen.finding_count, 0);
	not_found(5);
}

static void broken_table(void)
{
	struct seen seen = {0};
	struct task task;

	assert_null(find(26, &seen, &task));
	assert_int_equal(task.address, TASK(6));
	assert_true(seen.finding_count > 0);
	assert_int_equal(seen.findings[0].kind, TASK_FINDING_POINTER);
}

static void test_broken_table_is_passed_by(void **state)
{
	put(XA_NODE(0) + SLOTS + 8 * 26, PID(7)); /* another task's */
	broken_table();
	healthy(state);
	put(PID_TABLE, UINT64_C(0xffffffffffff0002)); /* an unmapped node */
	broken_table();
	healthy(state);
	image[XA_NODE(1) - BASE] = 6;
	put(PID_TABLE, XA_NODE(1) + 2);
	put(XA_NODE(1) + SLOTS, XA_NODE(1) + 2); /* a node within itself */
	broken_table();
	healthy(state);
	put(PID(6), UINT64_C(0xffffffffffff0000)); /* a task nowhere */
	broken_table();
}

/* --- states --- */

static void test_states_as_in_proc(void **state)
{
	static const struct {
		uint64_t state, exit_state;
		const char *text;
	} cases[] = {
		{0, 0, "R (running)"},
		{0x1, 0, "S (sleeping)"},
		{0x2, 0, "D (disk sleep)"},
		{0x102, 0, "D (disk sleep)"}, /* killable */
		{0x104, 0, "T (stopped)"},
		{0x108, 0, "t (tracing stop)"},
		{0x80, 0x10, "X (dead)"},
		{0x80, 0x20, "Z (zombie)"},
		{0x40, 0, "P (parked)"},
		{0x402, 0, "I (idle)"},
		{0x2402, 0, "I (idle)"}, /* and freezable */
		{0x2001, 0, "S (sleeping)"},
		{0x1000, 0, "D (disk sleep)"}, /* waits for an RT lock */
		{0x8000, 0, "D (disk sleep)"}, /* frozen */
		{0x200, 0, "R (running)"},     /* waking */
		{0x800, 0, "R (running)"},     /* new */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(task_state_text(cases[i].state, cases[i].exit_state),
				    cases[i].text);
	for (uint64_t bits = 0; bits < 0x20000; bits++)
		assert_non_null(task_state_text(bits, bits * 31));
	assert_non_null(task_state_text(UINT64_MAX, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_processes_in_order, healthy),
		cmocka_unit_test_setup(test_threads_follow_their_leader, healthy),
		cmocka_unit_test_setup(test_one_wrong_link_hides_nothing, healthy),
		cmocka_unit_test_setup(test_ring_of_its_own_ends, healthy),
		cmocka_unit_test_setup(test_members_that_cannot_be_read, healthy),
		cmocka_unit_test_setup(test_members, healthy),
		cmocka_unit_test_setup(test_find_reads_little, healthy),
		cmocka_unit_test_setup(test_unknown_pids, healthy),
		cmocka_unit_test_setup(test_table_of_two_levels, healthy),
		cmocka_unit_test_setup(test_broken_table_is_passed_by, healthy),
		cmocka_unit_test(test_states_as_in_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
