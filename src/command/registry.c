/* SPDX-License-Identifier: MIT */
#include "command/registry.h"

#include <string.h>

#include "base/suggest.h"

const struct command *const commands[] = {
	&kcache_command, &kcensus_command, &kfind_command,  &kmap_command,    &kslab_command,
	&kobj_command,	 &knext_command,   &kcheck_command, &kwhy_command,    &kleak_command,
	&ktask_command,	 &kstruct_command, &kbase_command,  &symbols_command, &export_command,
	&diff_command,	 &trace_command,   &break_command,  &report_command,  &history_command,
	&sql_command,	 &rescue_command,  &info_command,   &help_command,    NULL,
};

struct dill_error *command_find(const char *name, const struct command **ret)
{
	struct suggest suggest;

	suggest_init(&suggest, name);
	for (size_t i = 0; commands[i]; i++) {
		if (!strcmp(commands[i]->name, name)) {
			*ret = commands[i];
			return NULL;
		}
		suggest_offer(&suggest, commands[i]->name);
	}
	return dill_error_new(DILL_ERROR_NOT_FOUND, "no command \"%s\"%s; \"help\" lists them",
			      name, suggest_text(&suggest));
}
