/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_FILL_FINDING_H
#define COMMAND_FILL_FINDING_H

#include "answer/finding_record.h"
#include "command/command.h"
#include "slub/survey.h"

/**
 * What a command collects its findings in. Of a target that runs while it is read all of them are
 * remarks: they may be nothing but motion.
 */
struct findings findings_new(const struct command_call *call);

/** Findings whose neighbours are looked at; each may cost a look at all of a cache. */
#define FINDINGS_EXPLAINED 100u

/**
 * Emit every finding as a record, and one more that counts those past the limit. Marks the call as
 * one with findings when there are any. Of a running target's remarks the host is told the count.
 * @param survey  to tell what the wrong word is, what lies before it and who used that; NULL = not
 */
DILL_MUST_CHECK struct dill_error *findings_emit(struct command_call *call, struct survey *survey,
						 const struct findings *findings);

/**
 * Say why objects that are on no list are unknown, if they are.
 * @param file  which one it is about; NULL = the target
 * @param why   what could not be read; NULL = everything was
 */
DILL_MUST_CHECK struct dill_error *gap_emit(struct command_call *call, const char *file,
					    const char *why);
/** The same for the doubt about allocation tags of alloc_tag_doubt(). */
DILL_MUST_CHECK struct dill_error *doubt_emit(struct command_call *call, const char *file,
					      const char *doubt);
/** The same of a survey, then findings_emit(). */
DILL_MUST_CHECK struct dill_error *survey_emit(struct command_call *call, struct survey *survey,
					       const struct findings *findings);

#endif
