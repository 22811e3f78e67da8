/* SPDX-License-Identifier: MIT */
#include "target/rsp_features.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "base/machine.h"

/* target.xml includes one level; a few more cost nothing. */
#define DEPTH_LIMIT 4u
/* Parts of one description; QEMU has up to four. */
#define PARTS_LIMIT 64u
#define ANNEX_LIMIT 128u
/* Names of architectures are much shorter. */
#define NAME_LIMIT 64u

/* x86-64's general registers. */
static const char *const general[DILL_REGISTER_COUNT] = {
	[DILL_RAX] = "rax", [DILL_RBX] = "rbx", [DILL_RCX] = "rcx", [DILL_RDX] = "rdx",
	[DILL_RSI] = "rsi", [DILL_RDI] = "rdi", [DILL_RBP] = "rbp", [DILL_RSP] = "rsp",
	[DILL_R8] = "r8",   [DILL_R9] = "r9",	[DILL_R10] = "r10", [DILL_R11] = "r11",
	[DILL_R12] = "r12", [DILL_R13] = "r13", [DILL_R14] = "r14", [DILL_R15] = "r15",
	[DILL_RIP] = "rip",
};

struct description {
	rsp_annex_reader read;
	void *context;
	struct rsp_features features;
	size_t sizes[RSP_REGISTERS_LIMIT]; /* bytes by number, 0 = not described */
	size_t length;			   /* of all parts so far */
	char architecture[NAME_LIMIT];	   /* GDB's name of it; "" = not told yet */
	size_t architecture_length;
	bool in_architecture;
	unsigned next_number, parts, depth;
	struct dill_error *error; /* why parsing was stopped */
};

/* Of one XML file; expat's callbacks get it. */
struct part {
	struct description *description;
	XML_Parser parser;
};

static struct dill_error *bad(const char *what)
{
	return dill_error_new(DILL_ERROR_BAD_DATA, "the gdbstub's target description %s", what);
}

static void stop(struct part *part, struct dill_error *error)
{
	if (!error)
		return;
	part->description->error = error_join(part->description->error, error);
	XML_StopParser(part->parser, XML_FALSE);
}

static const char *attribute(const XML_Char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i]; i += 2)
		if (!strcmp(attributes[i], name))
			return attributes[i + 1];
	return NULL;
}

static struct dill_error *parse_number(const char *text, unsigned limit, unsigned *ret)
{
	char *end = NULL;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value >= limit)
		return bad("has an impossible register");
	*ret = (unsigned)value;
	return NULL;
}

/* Vector registers and their like are none of ours, whatever they are called. */
static void remember(struct rsp_register *known, unsigned number, size_t size)
{
	if (!known->known && size && size <= 8)
		*known = (struct rsp_register){.known = true, .number = number, .size = size};
}

static void remember_name(struct rsp_features *features, const char *name, unsigned number,
			  size_t size)
{
	const struct arch_register *row;

	for (unsigned i = 0; i < DILL_REGISTER_COUNT && features->arch == &arch_x86_64; i++)
		if (!strcmp(general[i], name))
			remember(&features->registers[i], number, size);
	for (row = features->arch->registers; row->name; row++)
		if (!strcmp(row->name, name))
			remember(&features->registers[RSP_REGISTER_ROLES + row->role], number,
				 size);
}

/* <reg name="rip" bitsize="64" regnum="16"/>; without a number it follows the one before. */
static struct dill_error *add_register(struct description *description, const XML_Char **attributes)
{
	const char *name = attribute(attributes, "name"), *number = attribute(attributes, "regnum"),
		   *bits = attribute(attributes, "bitsize");
	unsigned size = 0;

	if (!name || !bits)
		return bad("has a register without name or size");
	TRY(parse_number(bits, RSP_BITS_LIMIT, &size));
	if (number)
		TRY(parse_number(number, RSP_REGISTERS_LIMIT, &description->next_number));
	if (description->next_number >= RSP_REGISTERS_LIMIT)
		return bad("has too many registers");
	description->sizes[description->next_number] = size / 8;
	remember_name(&description->features, name, description->next_number, size / 8);
	description->next_number++;
	return NULL;
}

/* The name goes into a request: nothing that could end it there. */
static bool is_annex(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	size_t length = strspn(name, allowed);

	return length && length < ANNEX_LIMIT && !name[length];
}

static struct dill_error *read_part(struct description *description, const char *annex);

static void XMLCALL on_element(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct part *part = context;

	if (!strcmp(name, "architecture")) {
		part->description->in_architecture = true;
	} else if (!strcmp(name, "reg")) {
		stop(part, add_register(part->description, attributes));
	} else if (!strcmp(name, "xi:include")) {
		const char *href = attribute(attributes, "href");

		if (!href || !is_annex(href))
			stop(part, bad("includes a part without a proper name"));
		else
			stop(part, read_part(part->description, href));
	}
}

static void XMLCALL on_text(void *context, const XML_Char *text, int length)
{
	struct description *description = ((struct part *)context)->description;
	size_t left = NAME_LIMIT - 1 - description->architecture_length;
	size_t more = (size_t)length < left ? (size_t)length : left;

	if (!description->in_architecture)
		return;
	memcpy(description->architecture + description->architecture_length, text, more);
	description->architecture_length += more;
}

static struct dill_error *other_machine(const char *architecture)
{
	const char *name = machine_of_gdb(architecture);

	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "the target's machine is %s: dill knows " ARCH_KNOWN " only",
			      name ? name : architecture);
}

/* Another machine's registers are not looked at. */
static void XMLCALL on_end(void *context, const XML_Char *name)
{
	struct part *part = context;
	struct description *description = part->description;

	if (strcmp(name, "architecture") != 0)
		return;
	const struct arch *arch = arch_of_gdb(description->architecture);

	description->in_architecture = false;
	if (arch)
		description->features.arch = arch;
	else if (description->architecture[0])
		stop(part, other_machine(description->architecture));
}

/* No description has entities of its own; those that have are after our memory. */
static void XMLCALL on_entity(void *context, const XML_Char *name, int is_parameter,
			      const XML_Char *value, int length, const XML_Char *base,
			      const XML_Char *system, const XML_Char *public,
			      const XML_Char *notation)
{
	(void)name, (void)is_parameter, (void)value, (void)length;
	(void)base, (void)system, (void)public, (void)notation;
	stop(context, bad("declares XML entities"));
}

static struct dill_error *parse_part(struct description *description, const struct strbuf *text)
{
	struct part part = {description, XML_ParserCreate(NULL)};

	if (!part.parser)
		return error_no_memory();
	XML_SetUserData(part.parser, &part);
	XML_SetElementHandler(part.parser, on_element, on_end);
	XML_SetCharacterDataHandler(part.parser, on_text);
	XML_SetEntityDeclHandler(part.parser, on_entity);

	enum XML_Status status =
		XML_Parse(part.parser, strbuf_get(text), (int)text->length, XML_TRUE);

	XML_ParserFree(part.parser);
	if (description->error)
		return steal(description->error);
	return status == XML_STATUS_OK ? NULL : bad("is no well-formed XML");
}

static struct dill_error *read_part(struct description *description, const char *annex)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	if (description->parts++ == PARTS_LIMIT || description->depth == DEPTH_LIMIT)
		return bad("includes too many parts");
	TRY(description->read(description->context, annex, &text));
	TRY(strbuf_error(&text));
	if (text.length > RSP_FEATURES_LIMIT - description->length)
		return bad("is too long");
	description->length += text.length;
	description->depth++;
	struct dill_error *error = parse_part(description, &text);

	description->depth--;
	return error;
}

/* 'g' holds the registers one after the other, in order of their numbers. */
static void find_offsets(struct rsp_features *features, const size_t *sizes)
{
	for (unsigned id = 0; id < RSP_REGISTER_COUNT; id++) {
		struct rsp_register *known = &features->registers[id];

		for (unsigned number = 0; known->known && number < known->number; number++)
			known->offset += sizes[number];
	}
}

struct dill_error *rsp_features_read(rsp_annex_reader read, void *context, struct rsp_features *ret)
{
	struct description description = {.read = read, .context = context};

	description.features.arch = &arch_x86_64; /* unless the description tells another one */

	TRY(read_part(&description, "target.xml"));
	if (!description.features.registers[RSP_REGISTER_ROLES + ARCH_IP].known)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "the target is no %s machine: it has no register %s",
				      description.features.arch->name,
				      description.features.arch->registers->name);
	find_offsets(&description.features, description.sizes);
	*ret = description.features;
	return NULL;
}

static struct rsp_register general_register(unsigned number)
{
	return (struct rsp_register){true, number, number * (size_t)8, 8};
}

void rsp_features_default(struct rsp_features *ret)
{
	*ret = (struct rsp_features){.arch = &arch_x86_64};
	for (unsigned i = 0; i < DILL_REGISTER_COUNT; i++)
		ret->registers[i] = general_register(i);
	ret->registers[RSP_REGISTER_ROLES + ARCH_IP] = ret->registers[RSP_REGISTER_IP];
	ret->registers[RSP_REGISTER_ROLES + ARCH_SP] = ret->registers[RSP_REGISTER_SP];
	ret->registers[RSP_REGISTER_ROLES + ARCH_FLAGS] =
		(struct rsp_register){true, 17, 17 * (size_t)8, 4};
	ret->registers[RSP_REGISTER_ROLES + ARCH_PRIVILEGE] =
		(struct rsp_register){true, 18, 17 * (size_t)8 + 4, 4};
}
