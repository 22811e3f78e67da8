/* SPDX-License-Identifier: MIT */
#ifndef SOLVE_KERNEL_H
#define SOLVE_KERNEL_H

/** Where an image has its code, of 1 MiB (solve_kernel.c). */
#define SOLVE_IMAGE_CODE UINT64_C(0xffffffff81000000)

#endif
