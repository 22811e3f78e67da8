/* SPDX-License-Identifier: MIT */
#ifndef RENDER_OBJECT_PICTURE_H
#define RENDER_OBJECT_PICTURE_H

#include "render/view.h"

/** Draws a record of object_kind: one line what it is, then what is known of it. */
extern const struct record_view object_picture;

#endif
