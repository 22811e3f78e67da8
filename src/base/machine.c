/* SPDX-License-Identifier: MIT */
#include "base/machine.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258 /* not in the elf.h of Debian 11 */
#endif

#define ARM64 "aarch64 (arm64)"

enum { ANY, LITTLE, BIG };

static const struct {
	uint16_t machine;
	uint8_t bits;  /* 0 = any */
	uint8_t order; /* of bytes */
	const char *name;
} by_elf[] = {
	{EM_AARCH64, 0, LITTLE, ARM64},
	{EM_AARCH64, 0, BIG, "aarch64_be (arm64)"},
	{EM_ARM, 0, ANY, "arm"},
	{EM_386, 0, ANY, "i386"},
	{EM_X86_64, 32, ANY, "x86-64 with pointers of 32 bits (x32)"},
	{EM_RISCV, 64, ANY, "riscv64"},
	{EM_RISCV, 32, ANY, "riscv32"},
	{EM_S390, 64, ANY, "s390x"},
	{EM_S390, 32, ANY, "s390"},
	{EM_PPC64, 0, LITTLE, "ppc64le"},
	{EM_PPC64, 0, BIG, "ppc64"},
	{EM_PPC, 0, ANY, "ppc"},
	{EM_LOONGARCH, 64, ANY, "loongarch64"},
	{EM_LOONGARCH, 32, ANY, "loongarch32"},
	{EM_MIPS, 64, ANY, "mips64"},
	{EM_MIPS, 32, ANY, "mips"},
	{EM_SPARCV9, 0, ANY, "sparc64"},
	{EM_SPARC, 0, ANY, "sparc"},
	{EM_PARISC, 0, ANY, "parisc"},
	{EM_ALPHA, 0, ANY, "alpha"},
	{EM_68K, 0, ANY, "m68k"},
	{EM_IA_64, 0, ANY, "ia64"},
	{EM_SH, 0, ANY, "sh4"},
};

const char *machine_of_elf(uint16_t machine, bool is_64, bool is_big_endian)
{
	for (size_t i = 0; i < sizeof(by_elf) / sizeof(*by_elf); i++)
		if (by_elf[i].machine == machine &&
		    (!by_elf[i].bits || by_elf[i].bits == (is_64 ? 64 : 32)) &&
		    (by_elf[i].order == ANY || by_elf[i].order == (is_big_endian ? BIG : LITTLE)))
			return by_elf[i].name;
	return "another machine";
}

const char *machine_of_uname(const char *machine)
{
	return strcmp(machine, "aarch64") != 0 ? NULL : ARM64;
}

/* What GDB's name begins with; longer ones first. Source: bfd/archures.c and cpu-*.c of binutils */
static const struct {
	const char *begin, *name;
} by_gdb[] = {
	{"aarch64", ARM64},
	{"arm", "arm"},
	{"i386:x64-32", "x86-64 with pointers of 32 bits (x32)"},
	{"i386", "i386"},
	{"i8086", "i386, in 16-bit mode"},
	{"riscv:rv32", "riscv32"},
	{"riscv", "riscv64"},
	{"s390:31-bit", "s390"},
	{"s390", "s390x"},
	{"powerpc:common64", "ppc64 or ppc64le"},
	{"powerpc", "ppc"},
	{"rs6000", "ppc"},
	{"loongarch32", "loongarch32"},
	{"loongarch", "loongarch64"},
	{"mips", "mips"},
	{"sparc:v9", "sparc64"},
	{"sparc", "sparc"},
	{"hppa", "parisc"},
	{"alpha", "alpha"},
	{"m68k", "m68k"},
	{"sh", "sh4"},
};

const char *machine_of_gdb(const char *architecture)
{
	if (!strncmp(architecture, "i386:x86-64", strlen("i386:x86-64")))
		return NULL;
	for (size_t i = 0; i < sizeof(by_gdb) / sizeof(*by_gdb); i++)
		if (!strncmp(architecture, by_gdb[i].begin, strlen(by_gdb[i].begin)))
			return by_gdb[i].name;
	return NULL;
}
