/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "command/command.h"
#include "command/kinds.h"

/* A target without any memory, that counts how it is treated. */
struct empty_target {
	int begun, ended, closed;
	bool begin_fails, end_fails;
};

static struct dill_error *begin(void *context)
{
	struct empty_target *target = context;

	if (target->begin_fails)
		return dill_error_new(DILL_ERROR_PROTOCOL, "cannot stop");
	target->begun++;
	return NULL;
}

static struct dill_error *end(void *context)
{
	struct empty_target *target = context;

	target->ended++;
	return target->end_fails ? dill_error_new(DILL_ERROR_PROTOCOL, "cannot go on") : NULL;
}

static unsigned spaces(void *context)
{
	(void)context;
	return DILL_SPACE_PHYSICAL | DILL_SPACE_VIRTUAL;
}

static struct dill_error *read_pages(void *context, enum dill_space space,
				     struct dill_page_request *requests, size_t count)
{
	(void)context;
	(void)space;
	for (size_t i = 0; i < count; i++)
		requests[i].done = false;
	return NULL;
}

static struct dill_error *registers(void *context, unsigned cpu, struct dill_registers *ret)
{
	(void)context;
	*ret = (struct dill_registers){.ip = 0xffffffff81000000, .privilege = 0x10};
	return cpu ? dill_error_new(DILL_ERROR_NOT_FOUND, "one CPU") : NULL;
}

static struct dill_error *cpu_count(void *context, unsigned *ret)
{
	(void)context;
	*ret = 1;
	return NULL;
}

static uint64_t generation(void *context)
{
	(void)context;
	return 1;
}

static const char *describe(void *context)
{
	(void)context;
	return "nothing";
}

static void close_target(void *context)
{
	((struct empty_target *)context)->closed++;
}

static const struct dill_target_ops ops = {
	.name = "empty",
	.begin = begin,
	.end = end,
	.spaces = spaces,
	.read_pages = read_pages,
	.registers = registers,
	.cpu_count = cpu_count,
	.generation = generation,
	.describe = describe,
	.close = close_target,
};

static struct dill_error *write_text(void *context, const char *bytes, size_t length)
{
	strbuf_append_bytes(context, bytes, length);
	return NULL;
}

/* Run a line of words without quotes; returns the error's text, or NULL. Free nothing. */
static const char *run(struct session *session, const char *line, struct strbuf *text,
		       enum command_status expected)
{
	static char words[256], message[512];
	struct output output = {.write = write_text, .context = text};
	enum command_status status;
	const char *argv[16];
	int argc = 0;

	strncpy(words, line, sizeof(words) - 1);
	for (char *left, *word = strtok_r(words, " ", &left); word;
	     word = strtok_r(NULL, " ", &left))
		argv[argc++] = word;

	struct dill_error *error = command_execute(session, argc, argv, &output, &status);

	assert_int_equal(status, expected);
	if (!error)
		return NULL;
	strncpy(message, dill_error_text(error), sizeof(message) - 1);
	dill_error_free(error);
	return message;
}

static void test_without_a_target(void **state)
{
	struct strbuf text = {0};

	(void)state;
	assert_null(run(NULL, "help", &text, COMMAND_OK));
	assert_non_null(strstr(strbuf_get(&text), "kcache"));
	strbuf_clear(&text);
	assert_null(run(NULL, "kcache --help", &text, COMMAND_OK));
	assert_non_null(strstr(strbuf_get(&text), "Usage: kcache"));
	strbuf_clear(&text);
	assert_null(run(NULL, "help --json kcache", &text, COMMAND_OK));
	assert_ptr_equal(strstr(strbuf_get(&text), "{\"record\":\"help\""), strbuf_get(&text));
	strbuf_clear(&text);
	assert_non_null(strstr(run(NULL, "kcache", &text, COMMAND_FAILED), "no target"));
	assert_non_null(strstr(run(NULL, "kcahce", &text, COMMAND_FAILED), "did you mean kcache"));
	assert_non_null(strstr(run(NULL, "", &text, COMMAND_FAILED), "no command"));
	assert_int_equal(text.length, 0);
	strbuf_deinit(&text);
}

static void test_every_way_out_gives_the_target_back(void **state)
{
	struct empty_target target = {0};
	struct session_options options = {0};
	struct session *session;
	struct strbuf text = {0};
	const char *error;

	(void)state;
	assert_null(session_new(&ops, &target, &options, &session));
	assert_int_equal(target.begun, 0); /* opening touches nothing */
	assert_null(run(session, "help", &text, COMMAND_OK));
	assert_non_null(run(session, "kcache --bogus", &text, COMMAND_FAILED));
	assert_int_equal(target.begun, 0);
	for (int i = 1; commands[i - 1]; i++) {
		struct completions found = {0};
		char line[64];

		if (!commands[i - 1]->needs_target)
			continue;
		snprintf(line, sizeof(line), "%s%s", commands[i - 1]->name,
			 commands[i - 1]->arguments[0].name ? " task_struct" : "");
		assert_non_null(run(session, line, &text, COMMAND_FAILED)); /* no kernel there */
		assert_null(command_complete(session, line, &found));
		completions_deinit(&found);
		assert_true(target.begun > 0);
		assert_int_equal(target.begun, target.ended);
	}
	target.end_fails = true;
	error = run(session, "kbase", &text, COMMAND_FAILED);
	assert_int_equal(target.begun, target.ended);
	assert_non_null(strstr(error, "; and then: "));
	assert_non_null(strstr(error, "cannot go on"));
	target.begin_fails = true;
	error = run(session, "kbase", &text, COMMAND_FAILED);
	assert_non_null(strstr(error, "cannot stop"));
	assert_int_equal(target.begun, target.ended);
	session_free(session);
	assert_int_equal(target.closed, 1);
	strbuf_deinit(&text);
}

static void test_wants_target(void **state)
{
	(void)state;
	assert_true(command_wants_target(1, (const char *const[]){"kcache"}));
	assert_false(command_wants_target(1, (const char *const[]){"help"}));
	assert_false(command_wants_target(2, (const char *const[]){"kcache", "--help"}));
	assert_false(command_wants_target(2, (const char *const[]){"kcache", "--bogus"}));
	assert_false(command_wants_target(1, (const char *const[]){"bogus"}));
	assert_false(command_wants_target(0, NULL));
}

/* Two kinds of one name are a short and a long form of the same thing: see kinds.h. */
static void expect_contained(const struct dill_record_kind *small,
			     const struct dill_record_kind *large)
{
	for (size_t i = 0; i < small->column_count; i++) {
		size_t found = 0;

		while (found < large->column_count &&
		       strcmp(small->columns[i].name, large->columns[found].name) != 0)
			found++;
		if (found == large->column_count)
			fail_msg("%s.%s is missing in the long form", small->name,
				 small->columns[i].name);
		assert_int_equal(small->columns[i].type, large->columns[found].type);
	}
}

static void test_tables_are_sound(void **state)
{
	struct kinds kinds = {0};

	(void)state;
	for (size_t i = 0; commands[i]; i++) {
		const struct command *command = commands[i];

		assert_non_null(command->summary);
		assert_non_null(command->run);
		for (size_t j = 0; j < COMMAND_OPTIONS_MAX && command->options[j].name; j++) {
			assert_non_null(command->options[j].doc);
			assert_int_equal(command->options[j].kind == ARGUMENT_NONE,
					 command->options[j].value == NULL);
		}
		assert_null(kinds_of_command(command, &kinds));
	}
	for (size_t i = 0; commands[i]; i++)
		for (size_t j = 0; commands[i]->kinds && commands[i]->kinds[j]; j++)
			for (size_t k = 0; k < kinds.list.count; k++)
				if (!strcmp(kinds.list.items[k]->name, commands[i]->kinds[j]->name))
					expect_contained(commands[i]->kinds[j],
							 kinds.list.items[k]);
	array_free(&kinds.list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_target),
		cmocka_unit_test(test_every_way_out_gives_the_target_back),
		cmocka_unit_test(test_wants_target),
		cmocka_unit_test(test_tables_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
