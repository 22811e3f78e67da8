/* SPDX-License-Identifier: MIT */
#include "kernel/kernel.h"
