/* SPDX-License-Identifier: MIT */
#include "render/views.h"

#include "answer/cache_record.h"
#include "answer/census_record.h"
#include "answer/check_record.h"
#include "answer/event_record.h"
#include "answer/finding_record.h"
#include "answer/gap_record.h"
#include "answer/help_record.h"
#include "answer/history_record.h"
#include "answer/info_record.h"
#include "answer/kbase_record.h"
#include "answer/layout_record.h"
#include "answer/note_record.h"
#include "answer/object_record.h"
#include "answer/order_record.h"
#include "answer/report_record.h"
#include "answer/slab_map_record.h"
#include "answer/task_record.h"
#include "answer/trace_record.h"

/* A kind that is not here is shown as rows of a table. */
static const struct {
	const struct dill_record_kind *kind;
	const struct record_view *view;
} views[] = {
	{&cache_detail_kind, &cache_view},
	{&cache_map_kind, &cache_map_view},
	{&census_stack_kind, &census_stack_view},
	{&check_kind, &check_view},
	{&event_kind, &event_view},
	{&finding_record_kind, &finding_view},
	{&gap_kind, &gap_view},
	{&help_kind, &help_view},
	{&history_kind, &history_view},
	{&history_stack_kind, &history_event_view},
	{&info_feature_kind, &info_feature_view},
	{&info_kernel_kind, &info_kernel_view},
	{&info_kind, &info_view},
	{&info_member_kind, &info_member_view},
	{&kbase_kind, &kbase_view},
	{&layout_end_kind, &layout_end_view},
	{&layout_kind, &layout_view},
	{&layout_place_kind, &layout_place_view},
	{&note_kind, &note_view},
	{&object_kind, &object_view},
	{&order_head_kind, &order_head_view},
	{&order_next_kind, &order_next_view},
	{&order_note_kind, &order_note_view},
	{&report_folded_kind, &report_folded_view},
	{&report_folded_text_kind, &report_text_view},
	{&report_page_kind, &report_page_view},
	{&report_page_text_kind, &report_text_view},
	{&self_check_kind, &self_check_view},
	{&slab_detail_kind, &slab_detail_view},
	{&slab_line_kind, &slab_line_view},
	{&slab_map_kind, &slab_flow_view},
	{&task_detail_kind, &task_view},
	{&trace_double_kind, &trace_double_view},
	{&trace_list_kind, &trace_list_view},
	{&trace_record_kind, &trace_view},
	{&trace_stack_kind, &trace_stack_view},
};

const struct record_view *view_of(const struct dill_record_kind *kind)
{
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		if (views[i].kind == kind)
			return views[i].view;
	return NULL; /* a row of a table */
}
