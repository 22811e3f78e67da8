/*
 * Process 1 of a test guest: runs shell commands for the host.
 *
 * Doorbell lines travel over a serial port, data through the memory window of QEMU's ivshmem
 * device, which user space maps from sysfs: no driver, and no byte of data crosses an emulated
 * UART. The host half is channel.py.
 *
 *   host -> guest   run ID        the first half of the window holds a struct request, the command
 *                                 line and the standard input
 *                   more ID       the second half was read: send the next part
 *                   kill ID       kill the command's process group
 *   guest -> host   ready
 *                   done ID STATUS OUT ERR    bytes of stdout and stderr; they follow in the second
 *                                             half of the window, one after the other, in parts
 *                   part ID                   the next part is in the window
 *
 * STATUS is the exit status, or 128 + signal as in a shell. Lines with another ID than the current
 * one are left-overs of a command that the host gave up; they are ignored.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pci.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PCI_DEVICES    "/sys/bus/pci/devices"
#define PCI_PROC       "/proc/bus/pci"
#define IVSHMEM_VENDOR 0x1af4
#define IVSHMEM_DEVICE 0x1110
#define LINE_MAX_BYTES 64

struct request {
	uint32_t id;
	uint32_t command_bytes;
	uint32_t input_bytes;
};

struct job {
	uint32_t id;
	pid_t pid; /* 0: none runs */
	int output;
	int errors;
};

static char *window;
static size_t half_bytes;
static int port;

/* There is nobody to report to: the message goes to the console, and the kernel panics. */
static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned long read_number(const char *device, const char *name)
{
	char path[512];
	char text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", device, name);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return strtoul(text, NULL, 16);
}

static void map_window(const char *device)
{
	char path[512];
	struct stat status;
	int fd;

	/* Memory decoding is normally on already; a failure shows up at the first access. */
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/enable", device);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1)
		die(path);
	close(fd);

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource2", device);
	fd = open(path, O_RDWR);
	if (fd < 0 || fstat(fd, &status) != 0)
		die(path);
	window = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (window == MAP_FAILED)
		die(path);
	close(fd);
	half_bytes = (size_t)status.st_size / 2;
}

/* Without sysfs: region 2 of the device, whose bytes are mapped at their physical address. */
static void map_region(unsigned place, unsigned long start, unsigned long bytes)
{
	char path[64];
	uint16_t command;
	int fd;

	snprintf(path, sizeof(path), PCI_PROC "/%02x/%02x.%x", place >> 8, (place >> 3) & 31,
		 place & 7);
	fd = open(path, O_RDWR);
	if (fd < 0 || pread(fd, &command, 2, PCI_COMMAND) != 2)
		die(path);
	command |= PCI_COMMAND_MEMORY;
	if (pwrite(fd, &command, 2, PCI_COMMAND) != 2 || ioctl(fd, PCIIOC_MMAP_IS_MEM) != 0)
		die(path);
	window = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)start);
	if (window == MAP_FAILED)
		die(path);
	close(fd);
	half_bytes = bytes / 2;
}

/* A line: place, device, interrupt, the starts of seven regions with flags in the low bits, their
 * sizes. */
static void find_region(void)
{
	FILE *devices = fopen(PCI_PROC "/devices", "r");
	unsigned place, device;
	unsigned long start[7], bytes[7];
	char line[1024];

	if (!devices)
		die(PCI_PROC "/devices");
	while (!window && fgets(line, sizeof(line), devices)) {
		int fields =
			sscanf(line, "%x %x %*x %lx %lx %lx %lx %lx %lx %lx %lx %lx %lx", &place,
			       &device, &start[0], &start[1], &start[2], &start[3], &start[4],
			       &start[5], &start[6], &bytes[0], &bytes[1], &bytes[2]);

		if (fields == 12 && device == (IVSHMEM_VENDOR << 16 | IVSHMEM_DEVICE))
			map_region(place, start[2] & ~0xful, bytes[2]);
	}
	fclose(devices);
}

static void find_in_sysfs(DIR *devices)
{
	struct dirent *entry;

	while (!window && (entry = readdir(devices)) != NULL) {
		if (read_number(entry->d_name, "vendor") == IVSHMEM_VENDOR &&
		    read_number(entry->d_name, "device") == IVSHMEM_DEVICE)
			map_window(entry->d_name);
	}
	closedir(devices);
}

static void find_window(void)
{
	DIR *devices = opendir(PCI_DEVICES);

	if (devices)
		find_in_sysfs(devices);
	else
		find_region();
	if (!window) {
		errno = ENODEV;
		die("ivshmem");
	}
}

static void open_port(const char *path)
{
	struct termios mode;

	port = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (port < 0 || tcgetattr(port, &mode) != 0)
		die(path);
	cfmakeraw(&mode);
	mode.c_cflag |= CLOCAL;
	cfsetspeed(&mode, B115200);
	if (tcsetattr(port, TCSAFLUSH, &mode) != 0)
		die(path);
}

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vdprintf(port, format, arguments) < 0)
		die("serial port");
	va_end(arguments);
}

/* Returns the number of bytes read, less than @bytes only at the end of the file. */
static size_t read_full(int fd, char *buffer, size_t bytes)
{
	size_t got = 0;

	while (got < bytes) {
		ssize_t n = read(fd, buffer + got, bytes - got);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

static int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		die("memfd_create");
	return fd;
}

static void __attribute__((noreturn))
run_command(const char *command, int input, const struct job *job)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(input, STDIN_FILENO);
	dup2(job->output, STDOUT_FILENO);
	dup2(job->errors, STDERR_FILENO);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static void job_close(struct job *job)
{
	if (job->output >= 0)
		close(job->output);
	if (job->errors >= 0)
		close(job->errors);
	job->output = -1;
	job->errors = -1;
}

static void job_start(struct job *job, uint32_t id)
{
	struct request request;
	const char *input_data;
	char *command;
	int input;

	memcpy(&request, window, sizeof(request));
	if (request.id != id || request.command_bytes > half_bytes ||
	    request.input_bytes > half_bytes - sizeof(request) - request.command_bytes)
		return;
	if (job->pid)
		kill(-job->pid, SIGKILL);
	job_close(job);

	command = strndup(window + sizeof(request), request.command_bytes);
	if (!command)
		die("strndup");
	input = memory_file("input");
	input_data = window + sizeof(request) + request.command_bytes;
	for (size_t done = 0; done < request.input_bytes;) {
		ssize_t n = write(input, input_data + done, request.input_bytes - done);

		if (n <= 0)
			die("input");
		done += (size_t)n;
	}
	lseek(input, 0, SEEK_SET);

	/*
	 * Files, not pipes: a command may leave background processes behind that keep its output
	 * open, and is done all the same when the shell ends.
	 */
	job->id = id;
	job->output = memory_file("output");
	job->errors = memory_file("errors");
	job->pid = fork();
	if (job->pid < 0)
		die("fork");
	if (job->pid == 0)
		run_command(command, input, job);
	close(input);
	free(command);
}

/* Puts the next part of stdout, then stderr, into the window. */
static void job_fill_window(const struct job *job)
{
	char *part = window + half_bytes;
	size_t got = read_full(job->output, part, half_bytes);

	if (got < half_bytes)
		read_full(job->errors, part + got, half_bytes - got);
}

static void job_finish(struct job *job, int wait_status)
{
	int status =
		WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
	struct stat output;
	struct stat errors;

	job->pid = 0;
	if (fstat(job->output, &output) != 0 || fstat(job->errors, &errors) != 0)
		die("fstat");
	lseek(job->output, 0, SEEK_SET);
	lseek(job->errors, 0, SEEK_SET);
	job_fill_window(job);
	say("done %u %d %lld %lld\n", job->id, status, (long long)output.st_size,
	    (long long)errors.st_size);
}

static void handle_line(struct job *job, const char *line)
{
	char verb[8];
	uint32_t id;

	if (sscanf(line, "%7s %u", verb, &id) != 2)
		return;
	if (strcmp(verb, "run") == 0) {
		job_start(job, id);
	} else if (id == job->id && strcmp(verb, "kill") == 0 && job->pid) {
		kill(-job->pid, SIGKILL);
	} else if (id == job->id && strcmp(verb, "more") == 0 && job->output >= 0 && !job->pid) {
		job_fill_window(job);
		say("part %u\n", id);
	}
}

static void read_lines(struct job *job)
{
	static char line[LINE_MAX_BYTES];
	static size_t used;
	char bytes[LINE_MAX_BYTES];
	ssize_t got = read(port, bytes, sizeof(bytes));

	if (got <= 0)
		die("serial port");
	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] != '\n') {
			if (used < sizeof(line) - 1)
				line[used++] = bytes[i];
			continue;
		}
		line[used] = '\0';
		used = 0;
		handle_line(job, line);
	}
}

/* Process 1 inherits every orphan, so all children are collected, not just the command. */
static void collect_children(struct job *job)
{
	int wait_status;
	pid_t pid;

	while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
		if (pid == job->pid)
			job_finish(job, wait_status);
	}
}

static void child_ended(int signal)
{
	(void)signal; /* only there to interrupt ppoll() */
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = child_ended};
	struct job job = {.output = -1, .errors = -1};
	sigset_t blocked;
	sigset_t while_waiting;

	if (argc != 2) {
		fprintf(stderr, "usage: agent SERIAL_PORT\n");
		return 2;
	}
	/* SIGCHLD is let in only inside ppoll(), so that none is missed before it. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	sigemptyset(&while_waiting);
	sigaction(SIGCHLD, &action, NULL);

	find_window();
	open_port(argv[1]);
	say("ready\n");
	for (;;) {
		struct pollfd event = {.fd = port, .events = POLLIN};

		if (ppoll(&event, 1, NULL, &while_waiting) > 0)
			read_lines(&job);
		collect_children(&job);
	}
}
