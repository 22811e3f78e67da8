/* SPDX-License-Identifier: MIT */
#include <capstone/capstone.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "trace/returns.h"

#define CODE  UINT64_C(0xffffffff81000000)
#define THUNK UINT64_C(0xffffffff81000100)

/* Two functions: the one under test, and another behind it, which returns, too. */
static const uint8_t code[64] = {
	0x55,				     /* push %rbp */
	0x74,	     0x02,		     /* je 5 */
	0x5d,	     0xc3,		     /* pop %rbp; ret */
	0xe9,	     0xf6, 0x00, 0x00, 0x00, /* jmp THUNK */
	0xe9,	     0x00, 0x00, 0x00, 0x00, /* jmp to the next, which is no return */
	0xc3,				     /* ret */
	[32] = 0xc3,
};

static cs_err fails_with; /* cs_open(), or CS_ERR_OK */

cs_err cs_open(cs_arch arch, cs_mode mode, csh *handle)
{
	cs_err (*real)(cs_arch, cs_mode, csh *);

	if (fails_with != CS_ERR_OK)
		return fails_with;
	*(void **)&real = dlsym(RTLD_NEXT, "cs_open");
	return real(arch, mode, handle);
}

/* --- a kernel --- */

bool kernel_has_symbol(struct kernel *kernel, const char *name, dill_virt *ret)
{
	(void)kernel;
	assert_string_equal(name, "__x86_return_thunk");
	*ret = THUNK;
	return true;
}

struct dill_error *kernel_symbol_at(struct kernel *kernel, dill_virt address, struct symbol *ret)
{
	(void)kernel;
	*ret = (struct symbol){.name = "f", .address = CODE + (address >= CODE + 32 ? 32 : 0)};
	return NULL;
}

struct dill_error *kernel_read(struct kernel *kernel, dill_virt address, void *buffer,
			       size_t length)
{
	(void)kernel;
	assert_in_range(address - CODE + length, 1, sizeof(code));
	memcpy(buffer, code + (address - CODE), length);
	return NULL;
}

/* --- */

static void test_places(void **state)
{
	struct code_places places = {0};

	(void)state;
	fails_with = CS_ERR_OK;
	assert_null(returns_find(NULL, CODE, &places));
	assert_int_equal(places.list.count, 3);
	assert_int_equal(places.list.items[0], CODE + 4);
	assert_int_equal(places.list.items[1], CODE + 5);
	assert_int_equal(places.list.items[2], CODE + 15);
	array_free(&places.list);
}

/* A library built without this processor, or of another version, has memory enough. */
static void test_no_disassembler(void **state)
{
	static const struct {
		cs_err failure;
		enum dill_error_code code;
	} cases[] = {
		{CS_ERR_ARCH, DILL_ERROR_UNSUPPORTED},
		{CS_ERR_VERSION, DILL_ERROR_UNSUPPORTED},
		{CS_ERR_MEM, DILL_ERROR_NO_MEMORY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct code_places places = {0};
		struct dill_error *error;

		fails_with = cases[i].failure;
		error = returns_find(NULL, CODE, &places);
		assert_int_equal(dill_error_code(error), cases[i].code);
		dill_error_free(error);
		assert_int_equal(places.list.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_no_disassembler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
