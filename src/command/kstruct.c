/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "answer/layout_record.h"
#include "command/command.h"
#include "command/kstruct_layout.h"
#include "command/symbol_text.h"

enum { OPTION_DEPTH };

/* The words of the command line by what they mean; NULL where not given. */
struct type_words {
	struct strbuf type;
	const char *member;
	struct strbuf address; /* without its "@" */
};

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

/* True when the word before cannot end a type's name, or this one goes on with it. */
static bool continues_type(const char *before, const char *word)
{
	static const char *const keywords[] = {"struct", "union",    "enum",
					       "const",	 "volatile", NULL};
	static const char *const base[] = {"unsigned", "signed", "long",     "short",
					   "int",      "char",	 "__int128", NULL};

	return is_one_of(before, keywords) || word[0] == '*' ||
	       (is_one_of(before, base) && is_one_of(word, base));
}

static void append_word(struct strbuf *text, const char *word)
{
	if (text->length)
		strbuf_append_char(text, ' ');
	strbuf_append(text, word);
}

/*
 * TYPE goes on as long as C says so: "struct", "union" and "enum" bind the next word, words of base
 * types stay together, and stars belong to it. An address begins with the first word that starts
 * with "@" and takes the rest, as an expression may have blanks. One word may stand between them.
 */
static struct dill_error *split_words(const struct command_call *call, struct type_words *ret)
{
	size_t at = 0;

	do
		append_word(&ret->type, call->arguments[at++]);
	while (at < call->argument_count && call->arguments[at][0] != '@' &&
	       continues_type(call->arguments[at - 1], call->arguments[at]));
	if (at < call->argument_count && call->arguments[at][0] != '@')
		ret->member = call->arguments[at++];
	if (at < call->argument_count && call->arguments[at][0] != '@')
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "kstruct: \"%s\" is one word too many: after the type \"%s\" "
				      "comes one MEMBER or @ADDRESS",
				      call->arguments[at], strbuf_get(&ret->type));
	for (; at < call->argument_count; at++)
		append_word(&ret->address,
			    call->arguments[at] + (ret->address.data == NULL ? 1 : 0));
	TRY(strbuf_error(&ret->type));
	return strbuf_error(&ret->address);
}

/* What follows one path: collects the pointers on it, and reads them when an address is known. */
struct path_walk {
	struct command_call *call;
	struct types *types;
	const char *holder; /* type that the next step is counted in */
	const char *path;   /* what is left of the path there */
	struct record_list steps;
	struct kernel *kernel; /* NULL = no memory is read */
	uint64_t address;      /* of the holder */
};

static struct dill_error *declared(struct path_walk *walk, type_id type, const char **ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	TRY(types_declare(walk->types, type, "", &text));
	*ret = arena_copy_text(walk->call->arena, strbuf_get(&text), text.length);
	return *ret ? NULL : error_no_memory();
}

static struct dill_error *follow(struct path_walk *walk, const struct type_place *pointer,
				 const char *path)
{
	uint64_t address = walk->address + pointer->bit_offset / 8;

	if (!walk->kernel)
		return NULL;
	TRY(dill_error_add_context(kernel_read_u64(walk->kernel, address, &walk->address),
				   "cannot read %s %s", walk->holder, path));
	if (walk->address == 0)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "%s %s is NULL", walk->holder, path);
	return NULL;
}

static struct dill_error *take_step(void *context, const struct type_place *pointer,
				    const char *path, size_t path_length)
{
	struct path_walk *walk = context;
	struct dill_record *record = record_new(walk->call->arena, &layout_step_kind);
	size_t start = (size_t)(walk->path - path);
	const char *step = arena_copy_text(walk->call->arena, walk->path, path_length - start);
	struct type type;
	const char *text;

	if (!record || !step)
		return error_no_memory();
	TRY(follow(walk, pointer, step));
	TRY(declared(walk, pointer->type, &text));
	record_set_text(record, LAYOUT_STEP_TYPE, walk->holder);
	record_set_text(record, LAYOUT_STEP_MEMBER, step);
	record_set_number(record, LAYOUT_STEP_OFFSET, pointer->bit_offset / 8);
	record_set_text(record, LAYOUT_STEP_DECLARED, text);
	record_list_append(&walk->steps, record);

	/* The rest of the path begins behind "." or "->", or with the "[" of an index. */
	walk->path = path + path_length;
	walk->path += strspn(walk->path, ".->");
	TRY(types_strip(walk->types, pointer->type, &type));
	return declared(walk, type.target, &walk->holder);
}

static struct dill_error *emit_place(struct path_walk *walk, const char *type, const char *path,
				     const struct type_place *place)
{
	struct dill_record *record = record_new(walk->call->arena, &layout_place_kind);
	uint64_t offset = place->bit_offset / 8;
	const char *text;
	uint32_t bit;

	if (!record)
		return error_no_memory();
	TRY(declared(walk, place->type, &text));
	if (place->bit_size) {
		layout_split_bits(place->bit_offset, place->bit_size, place->size, &offset, &bit);
		record_set_number(record, LAYOUT_PLACE_BIT_OFFSET, bit);
		record_set_number(record, LAYOUT_PLACE_BIT_SIZE, place->bit_size);
	}
	record_set_text(record, LAYOUT_PLACE_TYPE, type);
	record_set_text(record, LAYOUT_PLACE_MEMBER, path);
	record_set_number(record, LAYOUT_PLACE_OFFSET, offset);
	record_set_number(record, LAYOUT_PLACE_SIZE, place->size);
	record_set_text(record, LAYOUT_PLACE_DECLARED, text);
	record_set_text(record, LAYOUT_PLACE_HOLDER, walk->holder);
	if (walk->steps.count)
		record_set_records(record, LAYOUT_PLACE_STEPS, walk->steps);
	return walk->call->sink->emit(walk->call->sink, record);
}

/* What lies partly in memory is shown as far as it goes; what lies nowhere is no answer. */
static struct dill_error *check_readable(struct kernel *kernel,
					 const struct layout_request *request)
{
	uint64_t offset = request->place ? request->place->bit_offset / 8 : 0;
	uint8_t first;

	return kernel_read_u8(kernel, request->address + offset, &first);
}

static struct dill_error *show(struct command_call *call, struct kernel *kernel,
			       const struct type_words *words)
{
	struct value_reader reader = kernel_value_reader(kernel);
	struct layout_request request = {.depth = UINT32_MAX, .path = words->member};
	struct path_walk walk = {.call = call, .path = words->member};
	struct type_place place;
	const char *type;

	if (call->options[OPTION_DEPTH].given && call->options[OPTION_DEPTH].number < UINT32_MAX)
		request.depth = (unsigned)call->options[OPTION_DEPTH].number;
	TRY(session_types(call->session, &request.types));
	TRY(types_find(request.types, strbuf_get(&words->type), &request.type));
	walk.types = request.types;
	if (words->address.length) {
		TRY(session_address(call->session, strbuf_get(&words->address), &walk.address));
		walk.kernel = kernel;
		request.reader = &reader;
	}
	if (words->member) {
		TRY(declared(&walk, request.type, &walk.holder));
		type = walk.holder;
		TRY(types_place_steps(request.types, request.type, words->member, take_step, &walk,
				      &place));
		if (!request.reader)
			return emit_place(&walk, type, words->member, &place);
		request.place = &place;
	}
	request.address = walk.address;
	if (request.reader)
		TRY(check_readable(kernel, &request));
	return layout_emit(&request, call->sink);
}

static struct dill_error *run_kstruct(struct command_call *call)
{
	struct type_words words = {0};
	struct kernel *kernel;
	struct dill_error *error = split_words(call, &words);

	if (!error)
		error = session_kernel(call->session, &kernel);
	if (!error)
		error = show(call, kernel, &words);
	strbuf_deinit(&words.type);
	strbuf_deinit(&words.address);
	return error;
}

static const struct dill_record_kind *const kinds[] = {
	&layout_kind, &layout_end_kind, &layout_place_kind, &layout_step_kind, NULL,
};

const struct command kstruct_command = {
	.name = "kstruct",
	.summary = "Show the layout of a kernel type, or its values in memory",
	.help = "TYPE is written as in C: \"task_struct\", \"struct page\", \"gfp_t\", \"unsigned\n"
		"int\", \"struct file *\". Its layout is shown with offset and size of every "
		"member,\n"
		"nested structs and unions included, and with the holes between them. Of an array "
		"of\n"
		"structs one element is shown for all.\n"
		"\n"
		"MEMBER shows where one member is. It is a path: \"cred.uid\", \"a[3].b\"; members "
		"of\n"
		"anonymous structs and unions go by their plain name. After a pointer the path "
		"goes on\n"
		"in what it points to, and the offset is counted from there.\n"
		"\n"
		"@ADDRESS shows the values of the type that lies at that address: a number, a "
		"symbol,\n"
		"symbol+offset, or in GDB any expression. With MEMBER as well, only that member's, "
		"and\n"
		"pointers on its path are followed in memory.\n"
		"\n"
		"Examples:\n"
		"  kstruct kmem_cache\n"
		"  kstruct --depth 1 task_struct\n"
		"  kstruct task_struct cred.uid\n"
		"  kstruct list_head @slab_caches\n"
		"  kstruct task_struct comm @init_task\n",
	.arguments =
		{
			{"TYPE", ARGUMENT_TYPE},
			{"MEMBER|@ADDRESS", ARGUMENT_MEMBER, .optional = true, .rest = true},
		},
	.options =
		{
			[OPTION_DEPTH] = {"depth", 'd', ARGUMENT_NUMBER, "N",
					  "expand N levels of structs, 1 = only the type's own "
					  "members"},
		},
	.needs_target = true,
	.kinds = kinds,
	.run = run_kstruct,
};
