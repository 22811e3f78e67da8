/* SPDX-License-Identifier: MIT */
/*
 * forge FILE [--runs N] [--seconds S] [--seed K] [--only RUN]: forged targets.
 * forge --lines: print commands for dill, from whose recording FILE is best made.
 *
 * Opens a recording of a real kernel, and in every run puts a few false values into its memory and
 * calls one command, seldom from the search for the kernel on, or completes a line. Whatever the
 * values are, it ends soon, stays in bounds and keeps its memory and its answer small. Run it built
 * with -Db_sanitize=address,undefined.
 *
 * Each run is a process of its own, forked when the kernel is known: so one run does not depend on
 * another, and "--seed K --only RUN" repeats it, in the foreground for a debugger.
 *
 * Prints the number of runs and, for each failure, how to repeat it. Exit status 0, or 1 when a run
 * failed, or 2 when there is nothing to run on.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command/number.h"
#include "forger.h"
#include "lines.h"

/* Processor time of one run: some hundred times what a healthy target takes. */
#define CPU_SECONDS_MAX 30u
/* Memory of one run on top of what the healthy target took. */
#define MEMORY_MAX_KIB (512l << 10)
/* One answer; the largest of a healthy target has some MiB. */
#define OUTPUT_MAX ((size_t)64 << 20)
/* Failures after which there is nothing new to learn. */
#define FAILURES_MAX 5u
/* Exit statuses of a run that is as it must be; so 0 is not among them. */
enum { RUN_ANSWERED = 10, RUN_FINDINGS, RUN_ERROR };
/* Looking for leaks takes longer than a run. */
#define LEAK_CHECK_EVERY 16u

/* NOLINTBEGIN(bugprone-reserved-identifier): the sanitizers' names */
/* An allocation above is a failure in itself: no answer about a small guest needs one. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=512:quarantine_size_mb=8:detect_leaks=1:exitcode=99";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "halt_on_error=1:print_stacktrace=1:exitcode=99";
}

#if defined(__SANITIZE_ADDRESS__)
void __lsan_do_leak_check(void);
#else
static void __lsan_do_leak_check(void)
{
}
#endif
/* NOLINTEND(bugprone-reserved-identifier) */

struct settings {
	const char *path;
	uint64_t runs, seconds, seed, only;
	bool has_only, lines;
};

/* --- one run --- */

struct answer {
	size_t length;
	bool has_control;
};

/* Nothing of the target reaches a terminal as a command. */
static struct dill_error *check_bytes(void *context, const char *bytes, size_t length)
{
	struct answer *answer = context;

	answer->length += length;
	for (size_t i = 0; i < length; i++)
		answer->has_control |=
			((unsigned char)bytes[i] < ' ' && bytes[i] != '\n') || bytes[i] == 0x7f;
	return NULL;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static int complain(const char *what)
{
	fprintf(stderr, "forge: %s\n", what);
	return 1;
}

static int judge(const struct answer *answer, const struct dill_error *error,
		 enum command_status status)
{
	if (answer->length > OUTPUT_MAX)
		return complain("the answer is too long");
	if (answer->has_control)
		return complain("a control character in the answer");
	if ((status == COMMAND_FAILED) != !!error)
		return complain("status and error do not fit together");
	if (error && (!*dill_error_text(error) || has_control(dill_error_text(error))))
		return complain("an error without a printable text");
	if (error && dill_error_code(error) == DILL_ERROR_NO_MEMORY)
		return complain("an allocation failed");
	return status == COMMAND_OK ? RUN_ANSWERED : error ? RUN_ERROR : RUN_FINDINGS;
}

static void print_run(const struct forger *forger, const char *line)
{
	fprintf(stderr, "forge: %s\n", line);
	for (size_t i = 0; i < forger->target.patch_count; i++) {
		const struct patch *patch = &forger->target.patches[i];

		fprintf(stderr, "forge: %s %#" PRIx64 ", %u bytes: %#" PRIx64 "\n",
			patch->space == DILL_SPACE_PHYSICAL ? "physical" : "virtual",
			patch->address, patch->size,
			patch->value & UINT64_MAX >> (64 - 8 * patch->size));
	}
}

static int call(struct session *session, const struct line *line, struct dice *dice, bool loud)
{
	struct answer answer = {0};
	struct output output = {.write = check_bytes, .context = &answer};
	enum command_status status;
	struct dill_error *error;
	int result;

	output.width = dice_pick(dice, 2) ? 0 : (unsigned)dice_pick(dice, 200);
	error = command_execute(session, line->argc, line->argv, &output, &status);
	result = judge(&answer, error, status);
	if (loud && error)
		fprintf(stderr, "forge: error: %s\n", dill_error_text(error));
	dill_error_free(error);
	return result;
}

/* Forge, then call with what is known of the healthy kernel; or look for the kernel again. */
static int run_call(struct forger *forger, enum forge_aim aim, struct dice *dice, bool loud)
{
	struct session_options options = {0};
	struct strbuf text = {0};
	struct session *session;
	struct dill_error *error;
	struct line line;
	int result;

	line_choose(&forger->fields, dice, &line);
	error = forger_forge(forger, aim, dice);
	if (error)
		return complain(dill_error_text(error));
	line_append(&line, &text);
	if (loud)
		print_run(forger, strbuf_get(&text));
	strbuf_deinit(&text);
	if (aim == FORGE_HEAP)
		return call(forger->session, &line, dice, loud);
	error = session_new(&forged_target_ops_borrowed, &forger->target, &options, &session);
	if (error)
		return complain(dill_error_text(error));
	result = call(session, &line, dice, loud);
	session_free(session);
	return result;
}

static int run_completion(struct forger *forger, struct dice *dice, bool loud)
{
	struct completions found = {0};
	struct strbuf line = {0};
	struct dill_error *error;
	int result = RUN_ANSWERED;

	line_choose_incomplete(dice, &line);
	error = forger_forge(forger, FORGE_HEAP, dice);
	if (loud)
		print_run(forger, strbuf_get(&line));
	if (!error)
		error = command_complete(forger->session, strbuf_get(&line), &found);
	if (error)
		result = complain(dill_error_text(error));
	for (size_t i = 0; i < found.words.count; i++)
		if (has_control(found.words.items[i]))
			result = complain("a control character in a completion");
	dill_error_free(error);
	completions_deinit(&found);
	strbuf_deinit(&line);
	return result;
}

/* The whole of one run; exit status. */
static int run(struct forger *forger, const struct settings *settings, uint64_t number)
{
	struct dice dice = dice_of_run(settings->seed, number);

	switch (dice_pick(&dice, 20)) {
	case 0:
		return run_completion(forger, &dice, settings->has_only);
	case 1:
		return run_call(forger, FORGE_KERNEL, &dice, settings->has_only);
	default:
		return run_call(forger, FORGE_HEAP, &dice, settings->has_only);
	}
}

/* --- all runs --- */

struct totals {
	uint64_t runs, failures, findings, errors, slowest, largest;
	long start_kib, most_kib;
	double most_seconds;
};

static void run_child(struct forger *forger, const struct settings *settings, uint64_t number)
{
	struct rlimit limit = {CPU_SECONDS_MAX, CPU_SECONDS_MAX + 1};
	int result;

	setrlimit(RLIMIT_CPU, &limit);
	result = run(forger, settings, number);
	if (result >= RUN_ANSWERED && number % LEAK_CHECK_EVERY == 0)
		__lsan_do_leak_check(); /* ends the process when there are some */
	_exit(result);
}

static const char *why_failed(int status, const struct rusage *usage, const struct totals *totals)
{
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
		return "does not end";
	if (WIFSIGNALED(status))
		return strsignal(WTERMSIG(status));
	if (WEXITSTATUS(status) < RUN_ANSWERED || WEXITSTATUS(status) > RUN_ERROR)
		return "failed";
	if (usage->ru_maxrss > totals->start_kib + MEMORY_MAX_KIB)
		return "takes too much memory";
	return NULL;
}

static bool run_forked(struct forger *forger, const struct settings *settings, uint64_t number,
		       struct totals *totals)
{
	struct rusage usage;
	const char *why;
	int status;
	pid_t pid = fork();

	if (!pid)
		run_child(forger, settings, number);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
		fprintf(stderr, "forge: %s\n", strerror(errno));
		return false;
	}
	totals->runs++;

	double seconds = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
			 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;

	if (seconds > totals->most_seconds) {
		totals->most_seconds = seconds;
		totals->slowest = number;
	}
	if (usage.ru_maxrss > totals->most_kib) {
		totals->most_kib = usage.ru_maxrss;
		totals->largest = number;
	}
	totals->findings += WIFEXITED(status) && WEXITSTATUS(status) == RUN_FINDINGS;
	totals->errors += WIFEXITED(status) && WEXITSTATUS(status) == RUN_ERROR;
	why = why_failed(status, &usage, totals);
	if (why) {
		totals->failures++;
		printf("FAILED: %s; repeat it with: forge %s --seed %" PRIu64 " --only %" PRIu64
		       "\n",
		       why, settings->path, settings->seed, number);
		fflush(stdout); /* or every later child has it in its buffer too */
	}
	return totals->failures < FAILURES_MAX;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int run_all(struct forger *forger, const struct settings *settings)
{
	struct totals totals = {0};
	struct rusage usage;
	double end = now() + (double)settings->seconds;

	getrusage(RUSAGE_SELF, &usage);
	totals.start_kib = usage.ru_maxrss;
	fflush(NULL);
	for (uint64_t number = 0; number < settings->runs && now() < end; number++)
		if (!run_forked(forger, settings, number, &totals))
			break;
	printf("%" PRIu64 " runs, %" PRIu64 " failed; %" PRIu64 " with findings, %" PRIu64
	       " with an error; at most %.2f s (run %" PRIu64
	       ") and %ld MiB of memory (run %" PRIu64 ", %ld before)\n",
	       totals.runs, totals.failures, totals.findings, totals.errors, totals.most_seconds,
	       totals.slowest, totals.most_kib >> 10, totals.largest, totals.start_kib >> 10);
	return totals.failures || !totals.runs;
}

/* --- options --- */

enum { KEY_RUNS = 0x100, KEY_SECONDS, KEY_SEED, KEY_ONLY, KEY_LINES };

static const struct argp_option options[] = {
	{"runs", KEY_RUNS, "N", 0, "at most so many runs", 0},
	{"seconds", KEY_SECONDS, "S", 0, "begin no run after so many seconds", 0},
	{"seed", KEY_SEED, "K", 0, "what is forged", 0},
	{"only", KEY_ONLY, "RUN", 0, "this run, in this process", 0},
	{"lines", KEY_LINES, NULL, 0, "print the commands that a recording is made of", 0},
	{0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct settings *settings = state->input;
	uint64_t *number = key == KEY_RUNS	? &settings->runs
			   : key == KEY_SECONDS ? &settings->seconds
			   : key == KEY_SEED	? &settings->seed
			   : key == KEY_ONLY	? &settings->only
						: NULL;

	if (key == ARGP_KEY_ARG && !settings->path) {
		settings->path = value;
		return 0;
	}
	if (key == KEY_LINES) {
		settings->lines = true;
		return 0;
	}
	if (key == ARGP_KEY_END && !settings->path && !settings->lines)
		argp_usage(state);
	if (!number)
		return ARGP_ERR_UNKNOWN;
	if (!number_parse(value, number))
		argp_error(state, "\"%s\" is no number", value);
	settings->has_only |= key == KEY_ONLY;
	return 0;
}

static const struct argp argp = {options, parse, "FILE", "Call commands on a forged target.",
				 NULL,	  NULL,	 NULL};

static int print_lines(void)
{
	struct line line;

	for (size_t i = 0; line_plain(i, &line); i++) {
		struct strbuf text = {0};

		line_append(&line, &text);
		puts(strbuf_get(&text));
		strbuf_deinit(&text);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct settings settings = {.runs = UINT64_MAX, .seconds = UINT32_MAX, .seed = 1};
	struct forger forger;
	struct dill_error *error;
	int result;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &settings);
	if (settings.lines)
		return print_lines();
	lines_open_folder(); /* or no command that writes is called */
	error = forger_open(settings.path, &forger);
	if (error) {
		fprintf(stderr, "forge: %s\n", dill_error_text(error));
		dill_error_free(error);
		result = 2;
	} else if (settings.has_only) {
		result = run(&forger, &settings, settings.only) < RUN_ANSWERED;
	} else {
		result = run_all(&forger, &settings);
	}
	lines_close_folder();
	forger_close(&forger);
	return result;
}
