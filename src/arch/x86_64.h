/* SPDX-License-Identifier: MIT */
#ifndef ARCH_X86_64_H
#define ARCH_X86_64_H

#include "arch/arch.h"

/**
 * Where x86-64 maps the kernel image: the window of 1 GiB that KASLR moves it in.
 * Source: Documentation/arch/x86/x86_64/mm.rst "kernel text mapping"; KERNEL_IMAGE_SIZE in
 * arch/x86/include/asm/page_64_types.h; the first byte of the image is 2 MiB aligned
 * (CONFIG_PHYSICAL_ALIGN's lower bound on x86-64)
 */
#define KERNEL_WINDOW_FIRST UINT64_C(0xffffffff80000000)
#define KERNEL_WINDOW_LAST  UINT64_C(0xffffffffbfffffff)
#define KERNEL_ALIGN	    (UINT64_C(2) << 20)

/** Bits of cr3 and of an entry that hold a physical address; the rest are flags and the PCID. */
#define X86_64_ADDRESS_MASK UINT64_C(0x000ffffffffff000)
/** With page-table isolation the user's top table is the odd one of a pair of pages, the kernel's
 * the even one. Source: PTI_USER_PGTABLE_BIT in arch/x86/include/asm/pgtable.h */
#define X86_64_PTI_USER_PAGE UINT64_C(0x1000)

/** Tables of 4 or 5 levels. */
struct paging x86_64_paging(unsigned levels);

#endif
