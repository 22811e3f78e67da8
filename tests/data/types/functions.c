/* SPDX-License-Identifier: MIT */
/*
 * Functions in every form that DWARF has for one. Compiled twice and linked: with CALLER there are
 * only declarations, whose parameters have no names; that unit comes first, as a kernel's does.
 */
typedef unsigned long size_t;
typedef unsigned int gfp_t;
struct kmem_cache;

void *plain(size_t, gfp_t);
void *both(struct kmem_cache *, size_t, gfp_t);
void *cloned(struct kmem_cache *, size_t, const void *);
void free_later(void *, size_t);
void only_declared(int);

#ifdef CALLER

void *call(struct kmem_cache *cache, gfp_t flags)
{
	void *object = plain(64, flags);

	free_later(both(cache, 8, flags), 8);
	free_later(cloned(cache, 8, object), 8);
	only_declared(0);
	return object;
}

#else

char *memory;

__attribute__((noinline)) void *plain(size_t size, gfp_t flags)
{
	return memory + size + flags;
}

/* Inlined below, and there for other units: an abstract instance and one in code. */
void *both(struct kmem_cache *cache, size_t size, gfp_t flags)
{
	return (char *)cache + size * flags;
}

/* The compiler makes copies of it for what is the same in all calls. */
__attribute__((noinline)) void *cloned(struct kmem_cache *cache, size_t size, const void *caller)
{
	for (size_t i = 0; i < size; i++)
		memory[i] = (char)(memory[i] * 3 + (caller != 0));
	return memory[size] ? (void *)cache : both(cache, size, 3);
}

void free_later(void *object, size_t size)
{
	extern void *declared_inside(size_t, gfp_t);

	memory = cloned(0, 4096, 0);
	memory = both(object, size, 7);
	memory = declared_inside(size, 1);
}

/* Declared inside of a function before. */
__attribute__((noinline)) void *declared_inside(size_t size, gfp_t flags)
{
	return plain(size + 1, flags + 1);
}

#endif
