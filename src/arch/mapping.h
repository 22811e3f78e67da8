/* SPDX-License-Identifier: MIT */
#ifndef ARCH_MAPPING_H
#define ARCH_MAPPING_H

#include <stdbool.h>

#include <dill/target.h>

/** A translation: the page (or large page) that maps an address. */
struct mapping {
	dill_phys phys; /**< of the address itself */
	uint64_t size;	/**< bytes of the page, a large one too */
	bool writable, executable, user;
};
/** Neighbouring pages with one permission whose physical addresses follow each other. */
struct mapping_run {
	dill_virt first;
	uint64_t size;
	dill_phys phys; /**< of `first` */
	bool writable, executable, user;
};

#endif
