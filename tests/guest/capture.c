/*
 * capture KERNEL INITRD PARAMETERS: load a kernel that takes over when this one crashes.
 *
 * Needs "crashkernel=SIZE" among the parameters of the kernel that runs. Prints "loaded".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int kernel, initrd;

	if (argc != 4) {
		fprintf(stderr, "usage: capture KERNEL INITRD PARAMETERS\n");
		return 2;
	}
	kernel = open(argv[1], O_RDONLY);
	initrd = open(argv[2], O_RDONLY);
	if (kernel < 0 || initrd < 0) {
		perror("capture: open");
		return 1;
	}
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1, argv[3],
		    KEXEC_FILE_ON_CRASH)) {
		perror("capture: kexec_file_load");
		return 1;
	}
	printf("loaded\n");
	return 0;
}
