/* SPDX-License-Identifier: MIT */
#include "command/command.h"
