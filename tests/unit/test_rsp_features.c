/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "target/rsp_features.h"

#define QEMU_TARGET                                                                                \
	"<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"               \
	"<architecture>i386:x86-64</architecture><xi:include href=\"core.xml\"/></target>"

/* File name, content, ... NULL. */
static struct dill_error *read_annex(void *context, const char *annex, struct strbuf *ret)
{
	for (const char *const *file = context; *file; file += 2)
		if (!strcmp(file[0], annex)) {
			strbuf_append(ret, file[1]);
			return NULL;
		}
	return dill_error_new(DILL_ERROR_PROTOCOL, "no file %s", annex);
}

static void expect(const char *const *files, enum dill_error_code code)
{
	struct rsp_features features;
	struct dill_error *error = rsp_features_read(read_annex, (void *)files, &features);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), code);
	dill_error_free(error);
}

static void test_numbers_and_offsets(void **state)
{
	(void)state;
	static const char *const files[] = {
		"target.xml", QEMU_TARGET, "core.xml",
		"<feature name=\"core\"><flags id=\"f\" size=\"4\"><field name=\"cs\"/></flags>"
		"<reg name=\"rax\" bitsize=\"64\" regnum=\"0\"/>"
		"<reg name=\"rsp\" bitsize=\"64\" type=\"data_ptr\" regnum=\"7\"/>"
		"<reg name=\"rip\" bitsize=\"64\"/>"
		"<reg name=\"eflags\" bitsize=\"32\"/>"
		"<reg name=\"cs\" bitsize=\"32\"/>"
		"<reg name=\"st0\" bitsize=\"80\" group=\"float\"/>"
		"<reg name=\"k_gs_base\" bitsize=\"64\"/>"
		"<reg name=\"cr3\" bitsize=\"64\" regnum=\"5\"/>"
		"<reg name=\"cr0\" bitsize=\"512\" regnum=\"20\"/></feature>",
		NULL};
	struct rsp_features features;
	const struct rsp_register *registers = features.registers;

	assert_null(rsp_features_read(read_annex, (void *)files, &features));
	assert_int_equal(registers[RSP_REGISTER_SP].number, 7);
	assert_int_equal(registers[RSP_REGISTER_SP].offset, 16); /* rax, cr3 */
	assert_int_equal(registers[RSP_REGISTER_IP].number, 8);
	assert_int_equal(registers[RSP_REGISTER_IP].offset, 24);
	assert_int_equal(registers[RSP_REGISTER_ROLES + ARCH_PRIVILEGE].size, 4);
	assert_int_equal(registers[RSP_REGISTER_ROLES + ARCH_PRIVILEGE].offset, 36);
	assert_int_equal(registers[RSP_REGISTER_ROLES + ARCH_OTHER_BASE].offset, 50);
	assert_int_equal(registers[RSP_REGISTER_ROLES + ARCH_TABLES].offset, 8);
	assert_false(registers[RSP_REGISTER_ROLES + ARCH_CONTROL].known); /* no 64 byte wide cr0 */
	assert_false(registers[RSP_REGISTER_ROLES + ARCH_MODE].known);
}

static void test_forged(void **state)
{
	(void)state;
	static const char *const malformed[] = {
		"",
		"<target>",
		"<target><reg name='rip' bitsize='64'></target>",
		"<target><reg name='rip'/></target>",
		"<target><reg bitsize='64'/></target>",
		"<target><reg name='rip' bitsize='64' regnum='-1'/></target>",
		"<target><reg name='rip' bitsize='64' regnum='8192'/></target>",
		"<target><reg name='rip' bitsize='16777216'/></target>",
		"<target><reg name='rip' bitsize='64' regnum='99999999999999999999'/></target>",
		"<target><reg name='rip' bitsize='6x'/></target>",
		("<target><reg name='a' bitsize='8' regnum='8191'/>"
		 "<reg name='b' bitsize='8'/></target>"),
		"<target><xi:include/></target>",
		"<target><xi:include href=''/></target>",
		"<target><xi:include href='../x#00$D'/></target>",
		"<target><xi:include href='target.xml'/></target>",
		"<!DOCTYPE t [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><target>&b;</target>",
		"<!DOCTYPE t [<!ENTITY % p SYSTEM 'file:///etc/passwd'>%p;]><target/>",
	};

	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		const char *const files[] = {"target.xml", malformed[i], NULL};

		expect(files, DILL_ERROR_BAD_DATA);
	}
}

static void test_includes_are_bounded(void **state)
{
	(void)state;
	static const char *const fan[] = {
		"target.xml",
		"<t><xi:include href='a'/><xi:include href='a'/><xi:include href='a'/></t>",
		"a",
		("<t><xi:include href='b'/><xi:include href='b'/><xi:include href='b'/>"
		 "<xi:include href='b'/><xi:include href='b'/><xi:include href='b'/></t>"),
		"b",
		"<t><xi:include href='c'/><xi:include href='c'/><xi:include href='c'/></t>",
		"c",
		"<t/>",
		NULL};
	static const char *const missing[] = {"target.xml", "<t><xi:include href='none.xml'/></t>",
					      NULL};
	static const char *const other[] = {"target.xml", "<t><reg name='eip' bitsize='32'/></t>",
					    NULL};

	expect(fan, DILL_ERROR_BAD_DATA);
	expect(missing, DILL_ERROR_PROTOCOL);
	expect(other, DILL_ERROR_UNSUPPORTED);
}

/* As QEMU describes its CPUs: named by what it says first, whatever registers it has. */
static void test_other_machines(void **state)
{
	(void)state;
	static const struct {
		const char *description, *machine;
	} cases[] = {
		{"<architecture>riscv:rv64</architecture><reg name='pc' bitsize='64'/>"
		 "<reg name='mhartid' bitsize='64' regnum='4161'/>",
		 "riscv64"},
		{"<architecture>s390:64-bit</architecture>", "s390x"},
		{"<architecture>powerpc:common64</architecture>", "ppc64 or ppc64le"},
		{"<architecture>loongarch64</architecture>", "loongarch64"},
		{"<architecture>arm</architecture>", "arm"},
		{"<architecture>i386</architecture><reg name='eip' bitsize='32'/>", "i386"},
		{"<architecture>i386:x64-32</architecture>", "x32"},
		{"<architecture>of tomorrow</architecture>", "of tomorrow"},
		/* Without a name, in spite of wide registers with high numbers. */
		{"<reg name='za' bitsize='524288' regnum='4161'/>", "has no register rip"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];
		const char *files[] = {"target.xml", "<t><xi:include href='cpu.xml'/></t>",
				       "cpu.xml", text, NULL};
		struct rsp_features features;

		snprintf(text, sizeof(text), "<target>%s</target>", cases[i].description);

		struct dill_error *error = rsp_features_read(read_annex, files, &features);

		assert_non_null(error);
		assert_int_equal(dill_error_code(error), DILL_ERROR_UNSUPPORTED);
		if (!strstr(dill_error_text(error), cases[i].machine))
			fail_msg("%s: %s", cases[i].machine, dill_error_text(error));
		dill_error_free(error);
	}
}

/* A wide register and a high number beside those of x86-64 matter to nobody. */
static void test_wide_registers(void **state)
{
	(void)state;
	static const char *const files[] = {
		"target.xml",
		"<target><architecture>i386:x86-64</architecture><reg name='rip' bitsize='64'/>"
		"<reg name='tmm' bitsize='524288'/><reg name='cs' bitsize='32'/>"
		"<reg name='csr' bitsize='64' regnum='4161'/></target>",
		NULL};
	struct rsp_features features;

	assert_null(rsp_features_read(read_annex, (void *)files, &features));
	assert_int_equal(features.registers[RSP_REGISTER_ROLES + ARCH_PRIVILEGE].offset,
			 8 + 524288 / 8);
}

/* As QEMU 11 describes "-cpu max": registers of the kernel behind SME's matrix. */
static void test_arm64(void **state)
{
	(void)state;
	static const char *const files[] = {
		"target.xml",
		"<target><architecture>aarch64</architecture><reg name='x0' bitsize='64'/>"
		"<reg name='sp' bitsize='64' regnum='31'/><reg name='pc' bitsize='64'/>"
		"<reg name='cpsr' bitsize='32'/><reg name='za' bitsize='524288' type='zav'/>"
		"<reg name='TTBR1_EL1' bitsize='64' regnum='150'/>"
		"<reg name='TCR_EL1' bitsize='64'/></target>",
		NULL};
	struct rsp_features features;

	assert_null(rsp_features_read(read_annex, (void *)files, &features));
	assert_ptr_equal(features.arch, &arch_arm64);
	assert_int_equal(features.registers[RSP_REGISTER_ROLES + ARCH_IP].number, 32);
	assert_int_equal(features.registers[RSP_REGISTER_ROLES + ARCH_TABLES].number, 150);
	assert_int_equal(features.registers[RSP_REGISTER_ROLES + ARCH_PAGING].number, 151);
	/* One word has two meanings. */
	assert_int_equal(features.registers[RSP_REGISTER_ROLES + ARCH_FLAGS].number, 33);
	assert_int_equal(features.registers[RSP_REGISTER_ROLES + ARCH_PRIVILEGE].number, 33);
}

static void test_default_is_gdbs(void **state)
{
	(void)state;
	struct rsp_features features;

	rsp_features_default(&features);
	assert_int_equal(features.registers[RSP_REGISTER_IP].offset, 128);
	assert_int_equal(features.registers[RSP_REGISTER_ROLES + ARCH_PRIVILEGE].offset, 140);
	assert_false(features.registers[RSP_REGISTER_ROLES + ARCH_TABLES].known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_and_offsets),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_includes_are_bounded),
		cmocka_unit_test(test_other_machines),
		cmocka_unit_test(test_arm64),
		cmocka_unit_test(test_wide_registers),
		cmocka_unit_test(test_default_is_gdbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
