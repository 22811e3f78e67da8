/* SPDX-License-Identifier: MIT */
#ifndef BASE_MACHINE_H
#define BASE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Names of the machines that dill does not know, for the errors that refuse them: mostly what
 * "uname -m" says there. All of them are literals.
 */

/**
 * The machine of an ELF file, by its header.
 * @param machine        e_machine
 * @param is_64          ELFCLASS64
 * @param is_big_endian  ELFDATA2MSB
 * @return "another machine" when it has no name here
 */
const char *machine_of_elf(uint16_t machine, bool is_64, bool is_big_endian);

/** The same for utsname.machine, NULL when it has no other name than that. */
const char *machine_of_uname(const char *machine);

/**
 * The machine by GDB's name for it, as stubs and GDB's architectures tell it: "riscv:rv64".
 * @return NULL for x86-64, and for what has no name here
 */
const char *machine_of_gdb(const char *architecture);

#endif
