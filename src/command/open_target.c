/* SPDX-License-Identifier: MIT */
#include "command/open_target.h"

#include "store/db_kind.h"

struct dill_error *command_target_open(const struct target_options *options,
				       const struct dill_target_ops **ret_ops, void **ret_context)
{
	const struct db_kind *kind;

	if (!options->file || !db_is_sqlite(options->file))
		return target_open(options, ret_ops, ret_context);
	kind = db_kind_of(options->file);
	if (kind)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "%s: it is a %s, no dump: %s",
				      options->file, kind->name, kind->readers);
	return dill_error_new(DILL_ERROR_UNSUPPORTED, "%s: it is an SQLite file, no dump",
			      options->file);
}
