/* SPDX-License-Identifier: MIT */
#ifndef TYPES_TYPE_H
#define TYPES_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "base/strbuf.h"

/** Kinds of C types, the same for BTF and DWARF. */
enum type_kind {
	TYPE_VOID,
	TYPE_INT, /**< integers, characters, _Bool */
	TYPE_FLOAT,
	TYPE_POINTER,
	TYPE_ARRAY,
	TYPE_STRUCT,
	TYPE_UNION,
	TYPE_ENUM,
	TYPE_FORWARD, /**< declared, never defined */
	TYPE_TYPEDEF,
	TYPE_CONST,
	TYPE_VOLATILE,
	TYPE_RESTRICT,
	TYPE_TAG,      /**< attribute without a meaning for layout, e.g. __user; `target` is what it
			  decorates */
	TYPE_FUNCTION, /**< prototype: `target` returns, `count` parameters */
	TYPE_OTHER,    /**< what is no type but has an id: a function, variable, section, tag of a
			  declaration; met when walking ids */
};

enum int_encoding {
	INT_UNSIGNED,
	INT_SIGNED,
	INT_CHAR, /**< plain char: text; types_get() makes it of the name, sources need not */
	INT_BOOL,
};

/**
 * Identifies a type within one `struct types`; 0 is void. The sources' ids lie below TYPE_ID_LIMIT;
 * the bits above it count pointers that types_find() put on top ("struct file **"), so that every
 * pointer type can be named whether or not the kernel happens to contain it.
 */
typedef uint32_t type_id;

#define TYPE_ID_POINTER_SHIFT 30
#define TYPE_ID_LIMIT	      (1u << TYPE_ID_POINTER_SHIFT)

/** Bytes of a pointer: x86-64 is what dill knows. */
#define TYPE_POINTER_SIZE 8

struct type {
	type_id id;
	enum type_kind kind;
	const char *name; /**< "" when anonymous; borrowed from the types */
	uint64_t size;	/**< bytes; 0 for void, functions and forwards; for typedefs and qualifiers
			   what they name */
	type_id target; /**< pointee, element, aliased, returned type; 0 = void */
	uint32_t count; /**< members, parameters, enumerators, or array elements */
	enum int_encoding encoding; /**< TYPE_INT, and TYPE_ENUM (signedness) */
	enum type_kind
		forward; /**< TYPE_FORWARD: what was declared, TYPE_STRUCT, _UNION or _ENUM */
};

struct type_member {
	const char *name; /**< "" when anonymous */
	type_id type;
	uint64_t bit_offset; /**< from the start of the struct that holds it */
	uint32_t bit_size;   /**< 0 = no bit-field */
};

struct type_enumerator {
	const char *name;
	int64_t value;
};

struct type_parameter {
	const char *name; /**< "" when unknown */
	type_id type;	  /**< 0 = "...", the end of a variable argument list */
};

/** A place inside a type, found by a path. */
struct type_place {
	uint64_t bit_offset; /**< from the start of the outermost type; after a pointer, of the
				pointed-to type */
	uint32_t bit_size;   /**< 0 = no bit-field */
	type_id type;	     /**< of the place; not stripped of typedefs */
	uint64_t size;	     /**< bytes of that type */
	unsigned through;    /**< pointers the path went through */
};

/**
 * All types of one kernel. Strings that are handed out live as long as the types. They come from
 * the target: escape them before display (types_declare() does).
 */
struct types;

/**
 * Ops of a source of types. Every string and id they return has been checked against the source's
 * bounds; names have at most TYPE_NAME_MAX bytes. Ids passed in lie below TYPE_ID_LIMIT.
 *
 * To add a source: a file that embeds struct types, fills in all of these, and reads each type by
 * itself, so that a broken one spoils no other; cases in tests/unit/ that compare it with BTF.
 */
struct types_ops {
	const char *name; /**< "BTF" or "DWARF" */
	/** BAD_DATA when @p id is out of range or its description is impossible. */
	struct dill_error *(*get)(struct types *types, type_id id, struct type *ret);
	struct dill_error *(*member)(struct types *types, type_id id, uint32_t index,
				     struct type_member *ret);
	struct dill_error *(*enumerator)(struct types *types, type_id id, uint32_t index,
					 struct type_enumerator *ret);
	struct dill_error *(*parameter)(struct types *types, type_id id, uint32_t index,
					struct type_parameter *ret);
	/** First type of @p name with a kind in @p kinds (bits 1 << enum type_kind); NOT_FOUND. */
	struct dill_error *(*find)(struct types *types, const char *name, unsigned kinds,
				   type_id *ret);
	/** Prototype (a TYPE_FUNCTION) of the kernel function @p name; NOT_FOUND. */
	struct dill_error *(*function)(struct types *types, const char *name, type_id *ret);
	/** Value of the enumerator @p name of any enum; NOT_FOUND. */
	struct dill_error *(*enum_value)(struct types *types, const char *name, int64_t *ret);
	/** One past the largest id. */
	uint32_t (*id_limit)(struct types *types);
	void (*free)(struct types *types);
};

/** Backends embed this as their first member. */
struct types {
	const struct types_ops *ops;
};

/**
 * Read a BTF blob (format: kernel Documentation/bpf/btf.rst; 7.2's wider btf_type.info too).
 * @param blob  taken over: must come from malloc; freed with the types, and on error
 * @return NULL; BAD_DATA; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *btf_types_new(uint8_t *blob, size_t size, struct types **ret);

/** Read the DWARF of the ELF file at @p path through libdw. NOT_FOUND when it has none. */
DILL_MUST_CHECK struct dill_error *dwarf_types_new(const char *path, struct types **ret);

void types_free(struct types *types);
DEFINE_CLEANUP(struct types *, types_free)

/** Longest name of a type or member in bytes: KSYM_NAME_LEN of include/linux/kallsyms.h without
 * its NUL, the bound that the kernel's own BTF verifier sets. */
#define TYPE_NAME_MAX 511

/** Longest chain of typedefs, qualifiers, arrays and anonymous members that is followed; the
 * kernel's BTF verifier allows 32 (kernel/bpf/btf.c MAX_RESOLVE_DEPTH). */
#define TYPE_DEPTH_MAX 32

/* Short forms of the ops. */
DILL_MUST_CHECK struct dill_error *types_get(struct types *types, type_id id, struct type *ret);
DILL_MUST_CHECK struct dill_error *types_member(struct types *types, type_id id, uint32_t index,
						struct type_member *ret);
DILL_MUST_CHECK struct dill_error *types_enumerator(struct types *types, type_id id, uint32_t index,
						    struct type_enumerator *ret);
DILL_MUST_CHECK struct dill_error *types_parameter(struct types *types, type_id id, uint32_t index,
						   struct type_parameter *ret);
/** Prototype of the kernel function @p name, a TYPE_FUNCTION; NOT_FOUND. */
DILL_MUST_CHECK struct dill_error *types_function(struct types *types, const char *name,
						  type_id *ret);

/** Strip typedefs, qualifiers and tags; bounded, BAD_DATA on a cycle. */
DILL_MUST_CHECK struct dill_error *types_strip(struct types *types, type_id id, struct type *ret);

/**
 * Find a type as people write it: "task_struct", "struct task_struct", "union handle_parts", "enum
 * pageflags", "gfp_t", "unsigned long", "struct list_head *". Without a keyword struct wins over
 * union, typedef, enum, base types.
 * @return NULL; NOT_FOUND with near matches in the text; INVALID_ARGUMENT
 */
DILL_MUST_CHECK struct dill_error *types_find(struct types *types, const char *name, type_id *ret);

/** True when a struct or union @p name exists and is defined; @p ret may be NULL. */
bool types_has_struct(struct types *types, const char *name, type_id *ret);

/**
 * Find a member by path: "cred.uid", "a[3].b", "parent->pid" ("." and "->" mean the same), of an
 * array or pointer "[3].b"; members of anonymous structs and unions by their plain name, at every
 * level. A path through a pointer
 * ("cred.uid" of task_struct) goes on in the pointed-to type: the offset is then counted from the
 * start of that type, and `through` tells how many pointers were followed.
 * @return NULL; NOT_FOUND with near matches; INVALID_ARGUMENT for a malformed path or an index out
 * of range
 */
DILL_MUST_CHECK struct dill_error *types_place(struct types *types, type_id id, const char *path,
					       struct type_place *ret);

/**
 * types_place() that also shows its way: @p visit is called with the place of every pointer that is
 * followed, outermost first, and with the part of @p path that leads there.
 */
DILL_MUST_CHECK struct dill_error *types_place_steps(
	struct types *types, type_id id, const char *path,
	struct dill_error *(*visit)(void *context, const struct type_place *pointer,
				    const char *path, size_t path_length),
	void *context, struct type_place *ret);

/** types_place() for layout probes: true and *ret when the member is there, in this type itself and
 * not behind a pointer. */
bool types_has_member(struct types *types, type_id id, const char *path, struct type_place *ret);

/**
 * Append the path of the member that holds the byte at @p offset, down to what is no struct:
 * "files[3].owner+2"; of a union's members the first one that reaches there. Nothing where there is
 * none. Printable: names are escaped.
 */
DILL_MUST_CHECK struct dill_error *types_path_at(struct types *types, type_id id, uint64_t offset,
						 struct strbuf *text);

/** Value of the enumerator @p name in any enum (anonymous ones too); NOT_FOUND. */
DILL_MUST_CHECK struct dill_error *types_enum_value(struct types *types, const char *name,
						    int64_t *ret);

/**
 * Call @p visit for every enumerator of the enum type @p id.
 */
DILL_MUST_CHECK struct dill_error *types_enum_each(
	struct types *types, type_id id,
	struct dill_error *(*visit)(void *context, const struct type_enumerator *item),
	void *context);

/**
 * Append the C declaration of @p name with type @p id: "int (*open)(struct inode *, struct file
 * *)", "u8 pad[3]". Printable: names are escaped.
 * @p name may be "" for the bare type name. Anonymous structs are written "struct {...}", and what
 * would be longer than any real declaration ends in "...".
 */
DILL_MUST_CHECK struct dill_error *types_declare(struct types *types, type_id id, const char *name,
						 struct strbuf *text);

/** Call @p visit for the name of every named type that starts with @p prefix, for completion; some
 * names come more than once. */
DILL_MUST_CHECK struct dill_error *types_each_name(struct types *types, const char *prefix,
						   struct dill_error *(*visit)(void *context,
									       const char *name),
						   void *context);

#endif
