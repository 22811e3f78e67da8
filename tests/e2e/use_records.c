/* SPDX-License-Identifier: MIT */
/*
 * A whole program on libdill that takes typed records: what a cache's objects are, by state.
 *
 * use_records HOST:PORT ADDRESS: the slab that the address lies in, a line for each state of its
 * objects, "live 12 0xffff..." with the address of the first one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <dill/dill.h>

#define STATES 8

struct counter {
	struct dill_sink sink; /* first: take() gets a pointer to it */
	uint64_t objects[STATES], first[STATES];
	const char *words[STATES];
	unsigned findings;
};

/* The objects of a slab, each a record inside of the slab's. */
static struct dill_error *count(struct counter *counter, const struct dill_record *slab)
{
	const struct dill_record *object;
	struct dill_error *error;
	size_t states, state, address;

	error = dill_record_column(slab, "states", &states);
	object = error ? NULL : dill_record_first(slab, states);
	if (!object)
		return error;
	error = dill_record_column(object, "state", &state);
	if (!error)
		error = dill_record_column(object, "address", &address);
	for (; !error && object; object = dill_record_next(object)) {
		uint64_t number = dill_record_number(object, state);

		if (number >= STATES)
			return dill_error_new(DILL_ERROR_LIMIT, "a state too many: %s",
					      dill_record_text(object, state));
		counter->words[number] = dill_record_word(object, state, number);
		if (!counter->objects[number]++)
			counter->first[number] = dill_record_number(object, address);
	}
	return error;
}

static struct dill_error *take(struct dill_sink *sink, const struct dill_record *record)
{
	struct counter *counter = (struct counter *)sink;

	if (!strcmp(dill_record_kind(record), "slab_detail"))
		return count(counter, record);
	counter->findings += !strcmp(dill_record_kind(record), "finding");
	return NULL;
}

static struct dill_error *run(const char *address, const char *object, struct counter *counter,
			      enum dill_status *ret)
{
	const char *const words[] = {"kslab", object};
	struct dill_session *session;
	struct dill_error *error = dill_session_open_remote(address, NULL, &session);

	if (error)
		return error;
	error = dill_command_run_records(session, 2, words, &counter->sink, ret);
	dill_session_close(session);
	return error;
}

int main(int argc, char **argv)
{
	struct counter counter = {.sink = {.emit = take}};
	enum dill_status status = DILL_STATUS_FAILED;
	struct dill_error *error;

	if (argc != 3)
		return DILL_STATUS_FAILED;
	error = run(argv[1], argv[2], &counter, &status);
	if (error)
		fprintf(stderr, "%s\n", dill_error_text(error));
	dill_error_free(error);
	for (unsigned i = 0; i < STATES; i++)
		if (counter.objects[i])
			printf("%s %" PRIu64 " 0x%016" PRIx64 "\n", counter.words[i],
			       counter.objects[i], counter.first[i]);
	return (int)status;
}
