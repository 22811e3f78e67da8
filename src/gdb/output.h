/* SPDX-License-Identifier: MIT */
#ifndef GDB_OUTPUT_H
#define GDB_OUTPUT_H

#include "base/strbuf.h"
#include "gdb/plugin.h"
#include "render/render.h"

/** Text on its way to gdb.write(), and so to GDB's pager, log files and to_string=True. */
struct gdb_output {
	struct plugin *plugin;
	struct strbuf held; /* not yet written */
};

/**
 * The output for GDB's terminal and settings: its width, and colours when GDB has styles on and
 * writes to a terminal.
 * @param output  zeroed; must outlive the result, freed with gdb_output_deinit()
 */
struct output gdb_output_open(struct gdb_output *output, struct plugin *plugin);
/** Write what is held; INTERRUPTED with an exception set when the user quits the pager. */
DILL_MUST_CHECK struct dill_error *gdb_output_flush(struct gdb_output *output);
void gdb_output_deinit(struct gdb_output *output);

static inline void gdb_output_deinitp(struct gdb_output *output)
{
	gdb_output_deinit(output);
}

#endif
