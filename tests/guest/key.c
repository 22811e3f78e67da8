/*
 * key SIZE: hold a key (add_key(2)) with SIZE bytes of known content, at most 32767.
 *
 * The kernel keeps them in one allocation, behind a struct user_key_payload of 24 bytes whose u16
 * at offset 16 is SIZE. More than 8 KiB of them are a large kmalloc. The bytes are, in host byte
 * order:
 *
 *     0   "DILLKEY!"
 *     8   u64 SIZE
 *    16   0x4b, repeated
 *
 * Prints "key ID", then "ready". The key goes with the session keyring when the program ends.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEY_SPEC_PROCESS_KEYRING (-2)

int main(int argc, char **argv)
{
	uint64_t size = argc == 2 ? strtoull(argv[1], NULL, 10) : 0;
	char *content;
	long key;

	if (size < 16 || size > 32767) {
		fprintf(stderr, "usage: key SIZE\n");
		return 2;
	}
	content = malloc(size);
	if (!content)
		return 1;
	memset(content, 0x4b, size);
	memcpy(content, "DILLKEY!", 8);
	memcpy(content + 8, &size, sizeof(size));
	key = syscall(SYS_add_key, "user", "dill", content, size, KEY_SPEC_PROCESS_KEYRING);
	if (key < 0) {
		perror("key: add_key");
		return 1;
	}
	printf("key %ld\nready\n", key);
	fflush(stdout);
	pause();
	return 0;
}
