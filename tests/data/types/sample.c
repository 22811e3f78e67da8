/* SPDX-License-Identifier: MIT */
/* Types of every shape, compiled by tests that compare one reading of them with another. */
#include <stdarg.h>

typedef unsigned char u8;
typedef unsigned int u32;
typedef struct {
	int counter;
} atomic_t;

struct list_head {
	struct list_head *next, *prev;
};

struct opaque;
struct defined_elsewhere;

enum zone { ZONE_LOW = -1, ZONE_NORMAL, ZONE_HIGH = 70000 };
enum { ANONYMOUS_A = 10, ANONYMOUS_B = 0x80 };
enum big { BIG = 0x123456789abcdef0ull };

struct operations {
	int (*open)(struct opaque *, const char *, ...);
	void (*(*chained)(int (*callback)(void *), u8 bytes[4]))(void);
	long (*const table[3])(void);
	int (*rows)[4][5];
};

struct holder {
	u8 first;
	struct list_head list;
	u32 ready : 1;
	u32 state : 5;
	signed int level : 7;
	enum zone zone : 20;
	u8 tail_bits : 3;
	union {
		int number;
		struct {
			short low, high;
		};
		struct {
			char text[16];
			u8 matrix[2][3][4];
		} named;
	};
	const volatile atomic_t *const counter;
	struct defined_elsewhere *elsewhere;
	struct operations ops[2];
	double real;
	__int128 wide;
	_Bool yes;
	struct {
	} empty;
	struct list_head tail[];
};

struct __attribute__((packed)) packed {
	u8 a;
	unsigned long b;
	u32 c : 3;
	unsigned long d : 40;
	u8 none[0];
};

struct defined_elsewhere {
	int x;
};

struct holder *sample_function(struct holder *holder, unsigned long count, ...);
struct holder *sample_function(struct holder *holder, unsigned long count, ...)
{
	struct packed packed = {.b = count};
	enum big big = BIG;
	int anonymous = ANONYMOUS_A;

	holder->first = (u8)(packed.b + big + anonymous + sizeof(struct packed));
	return holder;
}
