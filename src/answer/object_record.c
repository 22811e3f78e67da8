/* SPDX-License-Identifier: MIT */
#include "answer/object_record.h"

#include "answer/heap_words.h"
#include "answer/track_record.h"
#include "slub/page_use.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *kind_word(enum object_kind_word kind)
{
	static const char *const words[] = {
		[OBJECT_IS_SLAB_OBJECT] = "slab_object",
		[OBJECT_IS_SLAB] = "slab",
		[OBJECT_IS_KFENCE] = "kfence",
		[OBJECT_IS_LARGE_KMALLOC] = "large_kmalloc",
		[OBJECT_IS_PAGE] = "page",
		[OBJECT_IS_PERCPU] = "percpu",
		[OBJECT_IS_VMALLOC] = "vmalloc",
		[OBJECT_IS_IMAGE] = "image",
		[OBJECT_IS_MODULE] = "module",
		[OBJECT_IS_USER] = "user",
		[OBJECT_IS_OTHER] = "other",
		[OBJECT_IS_UNMAPPED] = "unmapped",
		[OBJECT_IS_NON_CANONICAL] = "non_canonical",
	};

	return words[kind];
}

ENUMERATION_OF_FILE(object_kinds, kind_word, OBJECT_IS_NON_CANONICAL + 1);

static const char *part_word(enum object_part_word part)
{
	if (part == OBJECT_IN_GUARD_PAGE)
		return "guard_page";
	return part == OBJECT_IN_UNUSED ? "unused" : object_part_name((enum object_part)part);
}

_Static_assert((int)OBJECT_IN_METADATA == (int)PART_METADATA, "the parts of slots are the same");
ENUMERATION_OF_FILE(object_parts, part_word, OBJECT_IN_UNUSED + 1);
ENUMERATION_OF_FILE(page_uses, page_use_name, PAGE_FILE + 1);

static const struct column columns[] = {
	[OBJECT_COLUMN_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "what was asked about"},
	[OBJECT_COLUMN_KIND] = {"kind", DILL_COLUMN_ENUM, NULL,
				"what it is; slab means behind its last object, or a struct slab",
				.words = &object_kinds},
	[OBJECT_COLUMN_REGION] = {"region", DILL_COLUMN_TEXT, NULL,
				  "part of the address space, such as direct_map"},
	[OBJECT_COLUMN_MEANING] = {"meaning", DILL_COLUMN_TEXT, NULL,
				   "what a value means that is no address: ERR_PTR, poison"},
	[OBJECT_COLUMN_DESCRIBES] =
		{"describes", DILL_COLUMN_ADDRESS, NULL,
		 "for the address of a struct page or struct slab: the memory it describes, which "
		 "the answer is about"},
	[OBJECT_COLUMN_SYMBOL] = {"symbol", DILL_COLUMN_TEXT, NULL, "symbol+offset"},
	[OBJECT_COLUMN_SECTION] = {"section", DILL_COLUMN_TEXT, NULL,
				   "section of the kernel image: .text, .rodata, .data, .bss ..."},
	[OBJECT_COLUMN_MODULE] = {"module", DILL_COLUMN_TEXT, NULL,
				  "module that holds the address"},
	[OBJECT_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "CPU whose per-CPU area it is"},
	[OBJECT_COLUMN_AREA] = {"area", DILL_COLUMN_ADDRESS, NULL,
				"start of the vmalloc area, or of the module's part"},
	[OBJECT_COLUMN_AREA_SIZE] = {"area_size", DILL_COLUMN_COUNT, NULL, "its bytes"},
	[OBJECT_COLUMN_AREA_CALLER] = {"area_caller", DILL_COLUMN_TEXT, NULL,
				       "who asked for the vmalloc area"},
	[OBJECT_COLUMN_PID] = {"pid", DILL_COLUMN_COUNT, NULL, "thread whose kernel stack it is"},
	[OBJECT_COLUMN_COMM] = {"comm", DILL_COLUMN_TEXT, NULL, "its name"},
	[OBJECT_COLUMN_TASK] = {"task", DILL_COLUMN_ADDRESS, NULL, "its struct task_struct"},
	[OBJECT_COLUMN_PAGE] = {"page", DILL_COLUMN_ADDRESS, NULL, "struct page, of the head page"},
	[OBJECT_COLUMN_PAGE_USE] =
		{"page_use", DILL_COLUMN_ENUM, NULL,
		 "of a page that is no slab; compound is perhaps a large kmalloc",
		 .words = &page_uses},
	[OBJECT_COLUMN_PAGE_TYPE] = {"page_type", DILL_COLUMN_TEXT, NULL,
				     "the kernel's type of the page"},
	[OBJECT_COLUMN_PAGE_BASE] = {"page_base", DILL_COLUMN_ADDRESS, NULL,
				     "start of the memory of the (compound) page"},
	[OBJECT_COLUMN_PAGE_ORDER] = {"page_order", DILL_COLUMN_COUNT, NULL,
				      "the compound page has 2^order pages"},
	[OBJECT_COLUMN_PAGE_REFCOUNT] = {"page_refcount", DILL_COLUMN_SIGNED, NULL,
					 "references to the page"},
	[OBJECT_COLUMN_PAGE_FLAGS] = {"page_flags", DILL_COLUMN_ADDRESS, NULL, "its flags word"},
	[OBJECT_COLUMN_ROLE] = {"role", DILL_COLUMN_TEXT, NULL,
				"struct of the allocator that the address lies in: kmem_cache, "
				"kmem_cache_cpu, kmem_cache_node, slub_percpu_sheaves, slab_sheaf, "
				"node_barn"},
	[OBJECT_COLUMN_ROLE_MEMBER] = {"role_member", DILL_COLUMN_TEXT, NULL,
				       "member of it that the address lies in"},
	[OBJECT_COLUMN_ROLE_CACHE] = {"role_cache", DILL_COLUMN_TEXT, NULL,
				      "cache that this struct serves"},
	[OBJECT_COLUMN_ROLE_CPU] = {"role_cpu", DILL_COLUMN_COUNT, NULL, "CPU that it serves"},
	[OBJECT_COLUMN_ROLE_NODE] = {"role_node", DILL_COLUMN_COUNT, NULL,
				     "NUMA node that it serves"},
	[OBJECT_COLUMN_ROLE_TEXT] = {"role_text", DILL_COLUMN_TEXT, NULL, "the same in words"},
	[OBJECT_COLUMN_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL, "name of the object's cache"},
	[OBJECT_COLUMN_CACHE_ADDRESS] = {"cache_address", DILL_COLUMN_ADDRESS, NULL,
					 "its struct kmem_cache"},
	[OBJECT_COLUMN_SLAB] = {"slab", DILL_COLUMN_ADDRESS, NULL, "descriptor of the slab"},
	[OBJECT_COLUMN_SLAB_BASE] = {"slab_base", DILL_COLUMN_ADDRESS, NULL, "start of its memory"},
	[OBJECT_COLUMN_SLAB_OBJECTS] = {"slab_objects", DILL_COLUMN_COUNT, NULL, "objects in it"},
	[OBJECT_COLUMN_SLAB_INUSE] = {"slab_inuse", DILL_COLUMN_COUNT, NULL,
				      "those that are not on its own freelist"},
	[OBJECT_COLUMN_SLAB_WHERE] = {"slab_where", DILL_COLUMN_ENUM, NULL, "list the slab is on",
				      .words = &slab_wheres},
	[OBJECT_COLUMN_SLAB_CPU] = {"slab_cpu", DILL_COLUMN_COUNT, NULL, "CPU whose slab it is"},
	[OBJECT_COLUMN_SLAB_NODE] = {"slab_node", DILL_COLUMN_COUNT, NULL,
				     "NUMA node of its memory"},
	[OBJECT_COLUMN_KFENCE_INDEX] = {"kfence_index", DILL_COLUMN_COUNT, NULL,
					"number of the object in KFENCE's pool"},
	[OBJECT_COLUMN_INDEX] = {"index", DILL_COLUMN_COUNT, NULL,
				 "number of the object in its slab"},
	[OBJECT_COLUMN_OBJECT] = {"object", DILL_COLUMN_ADDRESS, NULL, "start of the object"},
	[OBJECT_COLUMN_OFFSET] = {"offset", DILL_COLUMN_SIGNED, NULL,
				  "of the address in the object; negative in front of it"},
	[OBJECT_COLUMN_PART] =
		{"part", DILL_COLUMN_ENUM, NULL,
		 "part of its slot, or of its page in KFENCE's pool, that the address is in",
		 .words = &object_parts},
	[OBJECT_COLUMN_OBJECT_SIZE] = {"object_size", DILL_COLUMN_COUNT, NULL,
				       "bytes that a caller may use"},
	[OBJECT_COLUMN_SIZE] = {"size", DILL_COLUMN_COUNT, NULL,
				"bytes from one object to the next, metadata included"},
	[OBJECT_COLUMN_REQUESTED_SIZE] = {"requested_size", DILL_COLUMN_COUNT, NULL,
					  "bytes that were asked for, where the kernel records it"},
	[OBJECT_COLUMN_TYPE] = {"type", DILL_COLUMN_TEXT, NULL,
				"what the object is, such as \"struct file\" or \"text\"; absent "
				"where that is not known"},
	[OBJECT_COLUMN_TYPE_SOURCE] =
		{"type_source", DILL_COLUMN_ENUM, NULL,
		 "how that is known: its cache serves one struct; a symbol or another object's "
		 "pointer, of a known type, leads to it; a list that it is on; the one type that "
		 "can "
		 "hold a part that is pointed to; the habit of pointers of a kind; the site that "
		 "has "
		 "allocated it; its text",
		 .words = &type_sources},
	[OBJECT_COLUMN_TYPE_TRUST] = {"type_trust", DILL_COLUMN_ENUM, NULL,
				      "how sure that is: begins means that it is larger than this, "
				      "and what it is as a whole is not known",
				      .words = &type_trusts},
	[OBJECT_COLUMN_TYPE_TEXT] = {"type_text", DILL_COLUMN_TEXT, NULL,
				     "who says so: \"from workqueue_struct.unbound_attrs of "
				     "0x...\""},
	[OBJECT_COLUMN_TYPE_MEMBER] = {"type_member", DILL_COLUMN_TEXT, NULL,
				       "its member that the address lies in; absent at its start"},
	[OBJECT_COLUMN_TYPE_AGAINST] = {"type_against", DILL_COLUMN_TEXT, NULL,
					"a pointer of another type that leads there, too, as in "
					"type_text; else absent"},
	[OBJECT_COLUMN_STATE] = {"state", DILL_COLUMN_ENUM, NULL, "whether it is in use",
				 .words = &object_states},
	[OBJECT_COLUMN_WHY] = {"why", DILL_COLUMN_TEXT, NULL, "why the state is unknown"},
	[OBJECT_COLUMN_PLACE] = {"place", DILL_COLUMN_ENUM, NULL, "list the freed object is on",
				 .words = &place_kinds},
	[OBJECT_COLUMN_PLACE_CPU] = {"place_cpu", DILL_COLUMN_COUNT, NULL, "CPU of the list"},
	[OBJECT_COLUMN_PLACE_NODE] = {"place_node", DILL_COLUMN_COUNT, NULL,
				      "NUMA node of the list"},
	[OBJECT_COLUMN_PLACE_LIST] = {"place_list", DILL_COLUMN_COUNT, NULL,
				      "number of the sheaf in its barn, of the slab on its list"},
	[OBJECT_COLUMN_PLACE_POSITION] =
		{"place_position", DILL_COLUMN_COUNT, NULL,
		 "slot of a sheaf; place on a freelist, where 0 is handed out first"},
	[OBJECT_COLUMN_PLACE_CONTAINER] = {"place_container", DILL_COLUMN_ADDRESS, NULL,
					   "sheaf, slab descriptor or page of pointers"},
	[OBJECT_COLUMN_PLACE_TEXT] = {"place_text", DILL_COLUMN_TEXT, NULL, "the same in words"},
	[OBJECT_COLUMN_SECOND_PLACE_TEXT] = {"second_place_text", DILL_COLUMN_TEXT, NULL,
					     "where it is too: freed twice, or lists that cross"},
	[OBJECT_COLUMN_AHEAD] = {"ahead", DILL_COLUMN_COUNT, NULL,
				 "allocations from the cache on ahead_cpu that come before it, if "
				 "nothing is freed meanwhile: its position in what knext lists "
				 "for that CPU"},
	[OBJECT_COLUMN_AHEAD_CPU] = {"ahead_cpu", DILL_COLUMN_COUNT, NULL,
				     "the CPU that will use it; of several that may, the "
				     "one that it is nearest to"},
	[OBJECT_COLUMN_AHEAD_EXACT] = {"ahead_exact", DILL_COLUMN_BOOL, NULL,
				       "false: whether it comes to that, something else "
				       "decides, such as which CPU allocates first"},
	[OBJECT_COLUMN_AHEAD_WHY] = {"ahead_why", DILL_COLUMN_TEXT, NULL,
				     "what that depends on, or why it is not known"},
	[OBJECT_COLUMN_IN_MOTION] = {"in_motion", DILL_COLUMN_BOOL, NULL,
				     "true when a CPU was stopped while it changed the cache's "
				     "lists: a live object may "
				     "be on its way between two of them"},
	[OBJECT_COLUMN_SHADOW] = {"shadow", DILL_COLUMN_TEXT, NULL,
				  "KASAN's shadow of the object and of what is behind it in its "
				  "slot, in hexadecimal digits: two for each 8 bytes"},
	[OBJECT_COLUMN_SHADOW_TEXT] = {"shadow_text", DILL_COLUMN_TEXT, NULL, "what that means"},
	[OBJECT_COLUMN_SHADOW_USABLE] = {"shadow_usable", DILL_COLUMN_COUNT, NULL,
					 "bytes from the object's start that may be used, says the "
					 "shadow"},
	[OBJECT_COLUMN_ALLOC_TAG] = {"alloc_tag", DILL_COLUMN_TEXT, NULL,
				     "source line that allocated it (MEM_ALLOC_PROFILING)"},
	[OBJECT_COLUMN_ALLOC_TAG_DOUBT] = {"alloc_tag_doubt", DILL_COLUMN_TEXT, NULL,
					   "why that may be a former owner's: allocation profiling "
					   "is switched off; else absent"},
	[OBJECT_COLUMN_TRACKS] = {"tracks", DILL_COLUMN_RECORDS, NULL,
				  "who allocated and who freed it, where the kernel records it",
				  &track_kind},
	[OBJECT_COLUMN_BYTES_ADDRESS] = {"bytes_address", DILL_COLUMN_ADDRESS, NULL,
					 "where the bytes below were read"},
	[OBJECT_COLUMN_BYTES] = {"bytes", DILL_COLUMN_TEXT, NULL, "memory in hexadecimal digits"},
	[OBJECT_COLUMN_BYTES_PROBLEM] = {"bytes_problem", DILL_COLUMN_TEXT, NULL,
					 "why there are no bytes"},
};

const struct dill_record_kind object_kind = {
	.name = "object",
	.doc = "What an address is.",
	.columns = columns,
	.column_count = COUNT(columns),
};
