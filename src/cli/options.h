/* SPDX-License-Identifier: MIT */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "base/array.h"

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/** The program's own options; those behind COMMAND belong to the command. */
struct options {
	const char *remote;		/**< NULL = no target */
	const char *file;		/**< instead of remote */
	ARRAY(const char *) more_files; /**< that belong to it */
	const char *memory_map;		/**< of a raw file; NULL = found in it */
	bool running_system;		/**< this system, instead of both */
	const char *record_path;	/**< where to keep what is read; NULL = nowhere */
	bool no_direct;
	bool leave_stopped;
	unsigned timeout_s; /**< 0 = default */
	const char *image_path;
	const char *types_path;
	const char *kernel; /**< of several in a dump; NULL = as they are found */
	bool no_cache;
	bool json;
	enum color_when color;
	bool no_pager;
	bool stats;
	int argc;	   /**< words of the command; 0 = none was given */
	char *const *argv; /**< the command's name first; borrowed from main()'s */
	unsigned hide;	   /**< --hide: as kernel_options.hide */
};

/** Parse main()'s arguments; --help, --version and usage errors end the program. */
void options_parse(int argc, char **argv, struct options *ret);

/** The table behind it, for the docs. */
extern const struct argp options_argp;

/** Short form of an option of the table; 0 = none. */
char option_letter(const struct argp_option *option);

#endif
