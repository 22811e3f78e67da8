/* SPDX-License-Identifier: MIT */
#ifndef RENDER_CACHE_PICTURE_H
#define RENDER_CACHE_PICTURE_H

#include "render/view.h"

/** Draws a cache_detail_kind: what the cache is, every CPU, every node. */
extern const struct record_view cache_picture;

#endif
