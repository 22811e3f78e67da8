/* SPDX-License-Identifier: MIT */
#ifndef DILL_TARGET_H
#define DILL_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dill/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Unit of every read from a target, whatever pages its kernel has. */
#define DILL_PAGE_SIZE 4096u

/** A virtual address of the target. */
typedef uint64_t dill_virt;
/** A physical address of the target. */
typedef uint64_t dill_phys;

/** Which address space a read means. Values are bits, so that a target can name the set it serves.
 */
enum dill_space {
	DILL_SPACE_PHYSICAL = 1, /**< guest physical memory */
	DILL_SPACE_VIRTUAL = 2,	 /**< what the current CPU sees, through its own page tables */
};

/** One page wanted from a target. */
struct dill_page_request {
	uint64_t address; /**< multiple of DILL_PAGE_SIZE */
	uint8_t *buffer;  /**< DILL_PAGE_SIZE bytes, written only when the page could be read */
	bool done; /**< out: the whole page is in @p buffer; false = this page cannot be read */
};

/** The registers dill needs of one CPU, by what they are for; x86-64's names are in brackets. What
 * is not known is 0. */
struct dill_registers {
	uint64_t ip, sp, flags;
	uint64_t privilege;  /**< tells user mode from the kernel's (cs) */
	uint64_t cpu_base;   /**< where the CPU's own data are (gs_base) */
	uint64_t other_base; /**< what that is exchanged with in user mode (k_gs_base) */
	uint64_t control;    /**< whether addresses are translated at all (cr0) */
	uint64_t tables;     /**< the page tables (cr3) */
	uint64_t paging;     /**< how they are read (cr4) */
	uint64_t mode;	     /**< of the CPU (efer) */
	bool has_control;    /**< the last four are known, as far as the machine has them; without
				them only virtual reads work */
};

/** General registers of one x86-64 CPU, in the order of GDB's descriptions. */
enum dill_register {
	DILL_RAX,
	DILL_RBX,
	DILL_RCX,
	DILL_RDX,
	DILL_RSI,
	DILL_RDI,
	DILL_RBP,
	DILL_RSP,
	DILL_R8,
	DILL_R9,
	DILL_R10,
	DILL_R11,
	DILL_R12,
	DILL_R13,
	DILL_R14,
	DILL_R15,
	DILL_RIP,
	DILL_REGISTER_COUNT,
};

/** Why a running target stopped. */
enum dill_stop_kind {
	DILL_STILL_RUNNING, /**< it did not, in the time given */
	DILL_STOP_TRAP,	    /**< at a breakpoint, or after a step */
	DILL_STOP_PAUSED,   /**< by interrupt(), or by somebody else */
	DILL_STOP_GONE,	    /**< it has ended; nothing can be asked any more */
};

/** A stop, and the CPU that it is about. */
struct dill_stop {
	enum dill_stop_kind kind;
	unsigned cpu;				 /**< TRAP only */
	uint64_t registers[DILL_REGISTER_COUNT]; /**< TRAP only: of that CPU */
};

/**
 * Letting a target run and stopping it again, for tracing. All of it between begin() and end(); the
 * target is stopped when begin() returns and must be stopped when end() is called, which lets it
 * run or not as if nothing had been.
 *
 * Changes (breakpoints, registers) may be put off until the next resume() or step(), whose wait()
 * then reports what went wrong with them.
 */
struct dill_run_ops {
	/** A breakpoint at a kernel address, for all CPUs. Never the same address twice. */
	struct dill_error *(*insert)(void *context, dill_virt address);
	struct dill_error *(*remove)(void *context, dill_virt address);
	/** Change a register of the CPU that the last stop was about. */
	struct dill_error *(*set_register)(void *context, enum dill_register number,
					   uint64_t value);
	/** All CPUs run. A CPU that stands on a breakpoint meets it again. */
	struct dill_error *(*resume)(void *context);
	/** CPU @p cpu executes one instruction, all others wait. wait() for it. */
	struct dill_error *(*step)(void *context, unsigned cpu);
	/**
	 * Wait for a stop after resume() or step().
	 * @return NULL; PROTOCOL, OS; INTERRUPTED when the user wants to stop: the target still
	 * runs then
	 */
	struct dill_error *(*wait)(void *context, int timeout_ms, struct dill_stop *ret);
	/** Make a running target stop, and wait for that. What the user wants does not matter. */
	struct dill_error *(*interrupt)(void *context, struct dill_stop *ret);
	/** Let the target run at end(), whoever stopped it, without the breakpoints that a debugger
	 * left in it. */
	struct dill_error *(*release)(void *context);
	/** Leave the target stopped at end(), whoever stopped it. */
	void (*hold)(void *context);
	/** Spaces that read() serves without a round trip to the target; a set as spaces(). */
	unsigned (*direct_spaces)(void *context);
	/**
	 * Read a few bytes, at most a page, past every cache. VIRTUAL is what the CPU of the last
	 * stop sees.
	 * @return NULL; FAULT; PROTOCOL, OS
	 */
	struct dill_error *(*read)(void *context, enum dill_space space, uint64_t address,
				   void *buffer, size_t length);
};

/** Run control of a target: the ops, and the context that each of them gets. */
struct dill_runner {
	const struct dill_run_ops *ops;
	void *context;
};

/** What a target has done so far; for `make bench` and `--stats`. */
struct dill_target_stats {
	uint64_t packets;      /**< requests sent to the target */
	uint64_t bytes;	       /**< bytes of memory in their answers */
	uint64_t direct_calls; /**< system calls that read its memory directly */
	uint64_t direct_bytes; /**< bytes of memory they brought */
};

/**
 * What a memory backend must offer. Fill one and give it to dill_session_open().
 *
 * To add a backend: fill the ops below in a file of its own in src/target/ (or outside of libdill,
 * as src/gdb/ does); read nothing outside begin() ... end(); leave the target as it was found on
 * every way out; add a row to src/target/open.c when it can be opened by a name; add it to the list
 * of doors in tests/e2e/.
 *
 * All functions get the @p context that was given along with the ops. Optional members may be NULL.
 * A target that wraps another forwards each of them, or says why it does not.
 */
struct dill_target_ops {
	/** Short name for messages, such as "gdbstub". */
	const char *name;

	/**
	 * Make the target ready for reads: stop it when it runs, switch modes, borrow connections.
	 * Called before each command; paired with end(). A failed begin() has undone itself.
	 */
	struct dill_error *(*begin)(void *context);

	/**
	 * Undo begin(): the target runs again when it ran, every mode is what it was. Called
	 * exactly once per successful begin(), on success and on every failure.
	 */
	struct dill_error *(*end)(void *context);

	/**
	 * Optional: whether the target runs while it is read, so that what does not fit may be half
	 * changed. Without it the target is at rest. Valid between begin() and end().
	 */
	bool (*moves)(void *context);

	/**
	 * Optional: what was asked for since begin() and the target should have but has not, as a
	 * clause: "the dump lacks 3 pages ...". An answer that lacks them must not look as if the
	 * kernel lacked them. NULL = nothing. Borrowed, valid until the next call; between begin()
	 * and end().
	 */
	const char *(*lacks)(void *context);

	/** Set of enum dill_space bits that read_pages() serves now; valid between begin() and
	 * end(). */
	unsigned (*spaces)(void *context);

	/**
	 * Read @p count pages. A page that cannot be read is not an error: its `done` stays false.
	 * Addresses are distinct and page-aligned, in no order; backends pipeline them.
	 * @return NULL; PROTOCOL, OS, INTERRUPTED when the target itself failed
	 */
	struct dill_error *(*read_pages)(void *context, enum dill_space space,
					 struct dill_page_request *requests, size_t count);

	/**
	 * Optional, for targets where every byte costs, as behind a serial line: how many bytes a
	 * request brings, a power of two from 64 to half a page. Then read_pieces() is asked for
	 * what is needed, and read_pages() never. 0 = whole pages are right. Valid between begin()
	 * and end().
	 */
	unsigned (*piece_size)(void *context);

	/** As read_pages(), but of pieces: addresses are multiples of piece_size(), buffers have so
	 * many bytes. Wanted when piece_size() is there. */
	struct dill_error *(*read_pieces)(void *context, enum dill_space space,
					  struct dill_page_request *requests, size_t count);

	/** Optional: which machine this is, as e_machine in an ELF file for it says. Without this
	 * it is x86-64. Valid between begin() and end(). */
	struct dill_error *(*machine)(void *context, uint16_t *ret);

	/** Registers of CPU @p cpu, counted from 0. NOT_FOUND past the last one. */
	struct dill_error *(*registers)(void *context, unsigned cpu, struct dill_registers *ret);

	/** Number of CPUs that registers() can be asked for; at least 1. */
	struct dill_error *(*cpu_count)(void *context, unsigned *ret);

	/** Changes whenever the target may have run: what was read before is stale then. */
	uint64_t (*generation)(void *context);

	/**
	 * Optional: memory that can be looked at where it is, without a copy: a mapped file's. What
	 * is mapped is what read_pages() would read, and stays until close(). May be called by
	 * several threads at once, between begin() and end().
	 * @return @p length bytes; NULL when they cannot be had so, be they readable or not
	 */
	const void *(*map)(void *context, enum dill_space space, uint64_t address, size_t length);

	/**
	 * Optional: give back the memory that looking at bytes in place has cost. They can be
	 * looked at all the same.
	 */
	void (*trim)(void *context);

	/**
	 * Optional, for targets without control registers: where physical memory is, to search for
	 * page tables in it. The first range at or after @p from.
	 * @return false when there is no more
	 */
	bool (*next_range)(void *context, dill_phys from, dill_phys *ret_first, uint64_t *ret_size);

	/**
	 * Optional: the VMCOREINFO that came along with the memory, lines of KEY=VALUE. Borrowed
	 * until close(); NULL when there is none.
	 */
	const char *(*vmcoreinfo)(void *context, size_t *ret_size);

	/** Optional. */
	void (*stats)(void *context, struct dill_target_stats *ret);

	/**
	 * One clause that says how memory is read, such as "gdbstub 127.0.0.1:1234, memory of QEMU
	 * process 77". Borrowed, valid until the next call.
	 */
	const char *(*describe)(void *context);

	/**
	 * Optional: how the target is let run and stopped again. A target that wraps another hands
	 * out the other's. Valid between begin() and end(), as is what it gives.
	 * @return false when the target cannot run, or only its owner lets it
	 */
	bool (*run)(void *context, struct dill_runner *ret);

	/** Give everything back; the target is left as it was found. Never called between begin()
	 * and end(). */
	void (*close)(void *context);
};

/** What the program around dill provides. The callbacks may be NULL. */
struct dill_host {
	/** True as soon as the user wants the running command to stop. Asked often: must be cheap.
	 */
	bool (*interrupted)(void *context);
	/**
	 * The command has stopped for the user's sake and goes on to sum up: interrupted() is false
	 * until he asks again. Without this it stays true, and the command must not ask.
	 */
	void (*accept_interrupt)(void *context);
	/** A remark that is neither an answer nor an error; one line without newline. */
	void (*log)(void *context, const char *text);
	void *context;
};

#ifdef __cplusplus
}
#endif

#endif
