/* SPDX-License-Identifier: MIT */
/* Formats that people may well have and that dill does not read, with what makes a dump of them. */
#include "target/core.h"

struct foreign {
	uint32_t offset, size; /**< size 0 = that of the text */
	const char *magic;
	const char *what;
};

#define VBOX "use \"VBoxManage debugvm NAME dumpvmcore --filename FILE\" on the running machine"

static const struct foreign formats[] = {
	/* dumps of other tools */
	{0, 0, "DISKDUMP", "a diskdump, which kernels wrote before kdump: use crash"},
	{0, 8, "\xed\x23\x8f\x61\x73\x01\x19\xa8", "a dump of LKCD: use crash"},
	{0, 8, "sadump\0\0",
	 "a dump of Fujitsu's firmware (sadump): convert it with \"makedumpfile -c FILE DUMP\""},
	{0, 0, "PAGEDU64", "a crash dump of Windows, which is no Linux: use WinDbg or volatility"},
	{0, 0, "PAGEDUMP", "a crash dump of Windows, which is no Linux: use WinDbg or volatility"},
	{0, 0, "MDMP", "a minidump of a process of Windows"},
	{0, 0, "HPAK", "a capture of FDPro (HPAK): take its memory out with volatility"},
	{0, 0, "EVF\t\r\n\xff", "an image of EnCase: convert it with \"ewfexport -f raw\""},
	{0, 0, "EVF2\r\n\x81", "an image of EnCase: convert it with \"ewfexport -f raw\""},
	{0, 0, "AFF10\r\n", "an image in AFF: convert it with \"affconvert -r\""},
	/* saved machines */
	{0, 0, "QEVM",
	 "a saved machine of QEMU, no memory dump: use dump-guest-memory; or load it with "
	 "-incoming "
	 "first"},
	{0, 0, "LibvirtQemudSave",
	 "a saved machine of libvirt: \"virsh restore\" it, and \"virsh dump --memory-only\""},
	{0, 0, "LibvirtQemudPart", "a machine that libvirt has not saved to its end"},
	{0, 0, "\x7fVirtualBox SavedState", "a saved machine of VirtualBox: " VBOX},
	{0, 0, "LinuxGuestRecord",
	 "a saved machine of Xen: \"xl restore\" it, and use kdump within it"},
	{0, 0, "Xen saved domain",
	 "a saved machine of Xen: \"xl restore\" it, and use kdump within it"},
	{0, 8, "\xff\xff\xff\xff\xff\xff\xff\xff",
	 "perhaps a saved machine of Xen: \"xl restore\" it, and use kdump within it"},
	{0, 8, "\0\0\x64\x86\x84\x19\x10\x07",
	 "the state of a snapshot of Firecracker: its memory is the other file"},
	{0, 0, "HyperVStorage",
	 "a saved machine of Hyper-V (.vmrs): make a dump of it with vm2dmp or LiveCloudKd"},
	{0, 4, "\x14\x20\x28\x01",
	 "a saved machine of Hyper-V (.vmrs): make a dump of it with vm2dmp or LiveCloudKd"},
	{4086, 0, "S1SUSPEND", "a hibernated machine in swap space, which no tool makes a dump of"},
	{4086, 0, "LINHIB0001",
	 "a hibernated machine in swap space, which no tool makes a dump of"},
	{4086, 0, "ULSUSPEND", "a hibernated machine in swap space, which no tool makes a dump of"},
	{4086, 0, "SWAPSPACE2", "swap space, no memory"},
	{0, 0, "hibr", "a hibernated Windows, which is no Linux"},
	{0, 0, "HIBR", "a hibernated Windows, which is no Linux"},
	/* disks */
	{0, 0, "QFI\xfb",
	 "a disk or snapshot image of QEMU, no memory dump: use dump-guest-memory"},
	{0, 0, "KDMV", "a disk of VMware, no memory"},
	{0, 0, "# Disk DescriptorFile", "a disk of VMware, no memory"},
	{0, 0, "<<< Oracle VM VirtualBox", "a disk of VirtualBox, no memory: " VBOX},
	{0, 0, "vhdxfile", "a disk of Hyper-V, no memory"},
	{0, 0, "conectix", "a disk of Hyper-V, no memory"},
	/* what hides a dump */
	{0, 0, "\x1f\x8b", "compressed with gzip: unpack it first"},
	{0, 6, "\xfd\x37zXZ\0", "compressed with xz: unpack it first"},
	{0, 0, "\x28\xb5\x2f\xfd", "compressed with zstd: unpack it first"},
	{0, 0, "BZh", "compressed with bzip2: unpack it first"},
	{0, 0, "\x04\x22\x4d\x18", "compressed with lz4: unpack it first"},
	{0, 0, "\x89LZO", "compressed with lzop: unpack it first"},
	{0, 0, "LZIP", "compressed with lzip: unpack it first"},
	{0, 10, "\xff\x06\0\0sNaPpY", "compressed with snappy: unpack it first with \"snzip -d\""},
	{0, 0, "PK\x03\x04", "a zip archive: unpack it first"},
	{0, 0, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it first"},
	{257, 0, "ustar", "a tar archive: unpack it first"},
	{0, 0, "LUKS\xba\xbe", "encrypted with LUKS: open it with cryptsetup first"},
	{0, 0, "age-encryption.org/", "encrypted with age: decrypt it first"},
	{0, 0, "-----BEGIN PGP", "encrypted with PGP: decrypt it first"},
	{0, 0, "Salted__", "encrypted with openssl: decrypt it first"},
};

struct dill_error *core_foreign_refuse(const struct core_file *file)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		const struct foreign *format = &formats[i];
		size_t size = format->size ? format->size : strlen(format->magic);
		struct span head = core_file_span(file, format->offset, size);

		if (head.size == size && !memcmp(head.data, format->magic, size))
			return dill_error_new(DILL_ERROR_UNSUPPORTED, "%s", format->what);
	}
	return NULL;
}
