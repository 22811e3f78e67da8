/* SPDX-License-Identifier: MIT */
#include "gdb/opened_core.h"

#include <string.h>

#include "gdb/plugin.h"

/*
 * GDB tells the name of a core to people only:
 *
 *       Local core dump file:
 *               `/var/crash/vmcore', file type elf64-x86-64.
 */
static char *core_path(const char *text)
{
	static const char title[] = "Local core dump file:", end[] = "', file type ";
	const char *from = strstr(text, title), *to;

	if (!from)
		return NULL;
	from += strlen(title);
	from += strspn(from, " \t\n");
	to = strstr(from, end);
	if (!to || (*from != '`' && *from != '\''))
		return NULL;
	return strndup(from + 1, (size_t)(to - from - 1));
}

struct dill_error *file_of_core(struct plugin *plugin, char **ret)
{
	_cleanup_(py_decrefp)
	PyObject *printed =
		py_call(plugin->gdb, "execute", "(sOO)", "info files", Py_False, Py_True);
	_cleanup_(freep)
	char *text = printed ? py_text(printed) : NULL;

	*ret = NULL;
	if (text) {
		*ret = core_path(text);
		return NULL;
	}
	if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
		return py_error();
	PyErr_Clear();
	return NULL;
}
