/* SPDX-License-Identifier: MIT */
#ifndef RENDER_PAGE_ASSETS_H
#define RENDER_PAGE_ASSETS_H

/** What stands before and behind the data of a page; made from src/render/page/ by
 * tools/embed_page.py. */
extern const char page_head[];
extern const char page_tail[];

#endif
