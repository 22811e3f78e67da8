/* SPDX-License-Identifier: MIT */
#ifndef RENDER_VIEWS_H
#define RENDER_VIEWS_H

#include "render/view.h"

/** How records of a kind are drawn; NULL = as rows of a table. */
const struct record_view *view_of(const struct dill_record_kind *kind);

/* The views themselves: each stands in the file of its kind. */
extern const struct record_view cache_map_view;
extern const struct record_view cache_view;
extern const struct record_view census_stack_view;
extern const struct record_view check_view;
extern const struct record_view event_view;
extern const struct record_view finding_view;
extern const struct record_view gap_view;
extern const struct record_view help_view;
extern const struct record_view history_event_view;
extern const struct record_view history_view;
extern const struct record_view info_feature_view;
extern const struct record_view info_member_view;
extern const struct record_view info_kernel_view;
extern const struct record_view info_view;
extern const struct record_view kbase_view;
extern const struct record_view layout_end_view;
extern const struct record_view layout_place_view;
extern const struct record_view layout_view;
extern const struct record_view note_view;
extern const struct record_view object_view;
extern const struct record_view order_head_view;
extern const struct record_view order_next_view;
extern const struct record_view order_note_view;
extern const struct record_view report_folded_view;
extern const struct record_view report_page_view;
extern const struct record_view report_text_view;
extern const struct record_view self_check_view;
extern const struct record_view slab_detail_view;
extern const struct record_view slab_flow_view;
extern const struct record_view slab_line_view;
extern const struct record_view task_view;
extern const struct record_view trace_double_view;
extern const struct record_view trace_list_view;
extern const struct record_view trace_stack_view;
extern const struct record_view trace_view;

#endif
