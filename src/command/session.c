/* SPDX-License-Identifier: MIT */
#include "command/session.h"
