# SPDX-License-Identifier: MIT
"""The kernel's own tracer of allocations: tracefs events kmem/*, of one process, read raw.

    with KmemEvents(guest, pid) as kmem:
        ...
    for event in kmem.events: print(event["name"], hex(event["ptr"]))

event["in_switch"] tells what a task does for the one that ran before it, which has ended: this may be in the middle of anything.
With stacks=True each event has the kernel's own backtrace, event["stack"]: addresses, innermost first.

Raw, because the text hides addresses. The formats are read from the kernel, too.
Source: Documentation/trace/ring-buffer-map.rst, ring-buffer-design.rst; tracefs events/header_page, header_event.
"""
import base64
import re
import struct

TRACEFS = "/sys/kernel/tracing"
NAMES = ("kmalloc", "kmalloc_node", "kmem_cache_alloc", "kmem_cache_alloc_node", "kfree", "kmem_cache_free")
STACK = "kernel_stack"
SWITCH = "finish_task_switch"  # kernel/sched/core.c
PAGE = 4096
PAGE_HEAD = 16
PADDING, TIME_EXTEND, TIME_STAMP = 29, 30, 31


def give_stacks(found):
    """The events of a CPU, each with the stack that was recorded behind it.

    An interrupt may come in between, with events and stacks of its own: a stack is the last event's that has none.
    """
    events, waiting = [], []
    for place, event in found:
        if event["name"] != STACK:
            events.append((place, event))
            waiting.append(event)
        elif waiting:
            waiting.pop()["stack"] = event["stack"]
    return events


class KmemEvents:
    """Records between start() and stop(); then `events` has them in order, and `lost` says how many were overwritten."""

    def __init__(self, guest, pid, stacks=False):
        self.guest = guest
        self.pid = pid
        self.stacks = stacks
        self.events = []
        self.lost = 0
        self.formats = {}
        self.switches = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *exc_info):
        if not kind:  # else what went wrong matters, which a guest that stands still would hide
            self.stop()

    def start(self):
        """Switch the events on, for this process alone."""
        here = self.guest.run(f"mountpoint -q {TRACEFS} || mount -t tracefs none {TRACEFS}; ls {TRACEFS}/events/kmem")
        script = [f"cd {TRACEFS}", "echo 0 >tracing_on", "echo 16384 >buffer_size_kb", "echo >trace"]
        # The default clock is each CPU's own: a process that moves would have its events in another order.
        script += ["echo counter >trace_clock", f"echo {int(self.stacks)} >options/stacktrace"]
        self._read_format("ftrace", STACK)
        # In pieces, each with the symbol behind it.
        groups = self.guest.run(f"grep -A1 -E ' {SWITCH}(\\.|$)' /proc/kallsyms").split("--\n")
        rows = [group.splitlines() for group in groups]
        self.switches = [range(int(lines[0].split()[0], 16), int(lines[-1].split()[0], 16)) for lines in rows]
        for name in (name for name in NAMES if name in here.split()):
            self._read_format("kmem", name)
            folder = f"events/kmem/{name}"
            script += [f"echo 'common_pid=={self.pid}' >{folder}/filter", f"echo 1 >{folder}/enable"]
        self.guest.run("; ".join([*script, "echo 1 >tracing_on"]))

    def stop(self):
        """Switch them off, and read what was recorded."""
        self.guest.run(f"cd {TRACEFS}; echo 0 >events/kmem/enable; echo 0 >options/stacktrace")
        cpus = re.findall(r"cpu(\d+)", self.guest.run(f"ls {TRACEFS}/per_cpu"))
        for cpu in cpus:
            self._fill_page(int(cpu))
        self.guest.run(f"echo 0 >{TRACEFS}/tracing_on")
        found = []
        for cpu in cpus:
            found += give_stacks(self._read_cpu(f"{TRACEFS}/per_cpu/cpu{cpu}", int(cpu)))
        self.guest.run(f"cd {TRACEFS}; echo 0 >events/kmem/filter; echo local >trace_clock; echo >trace")
        self.events = [event for _, event in sorted(found, key=lambda pair: pair[0])]

    def _fill_page(self, cpu):
        """Push the last events out: 5.10 hands over whole pages only."""
        word = "x" * 900
        self.guest.run(f"taskset {1 << cpu:x} sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo {word} >{TRACEFS}/trace_marker; done'")

    def _read_format(self, system, name):
        text = self.guest.run(f"cat {TRACEFS}/events/{system}/{name}/format")
        fields = {}
        for kind, field, offset, size, signed in re.findall(
                r"field:(.*?)(\w+)(?:\[\w*\])?;\s*offset:(\d+);\s*size:(\d+);\s*signed:(\d);", text):
            if "__data_loc" not in kind:
                fields[field] = (int(offset), int(size), signed == "1")
        self.formats[int(re.search(r"^ID: (\d+)", text, re.MULTILINE).group(1))] = (name, fields)

    def _read_cpu(self, folder, cpu):
        stats = self.guest.run(f"cat {folder}/stats")
        self.lost += sum(int(count) for count in re.findall(r"^(?:overrun|dropped events): (\d+)", stats, re.MULTILINE))
        # Without a writer the file would wait for one at its end.
        text = self.guest.run(f"timeout 1 cat {folder}/trace_pipe_raw >/root/raw; base64 /root/raw; rm /root/raw")
        raw = base64.b64decode(text)
        found = []
        for start in range(0, len(raw), PAGE):
            found += self._read_page(raw[start:start + PAGE], cpu)
        return found

    def _read_page(self, page, cpu):
        time, commit = struct.unpack_from("<QQ", page)
        at, end = PAGE_HEAD, PAGE_HEAD + (commit & 0xfffff)
        found = []
        while at < end:
            head, = struct.unpack_from("<I", page, at)
            kind, delta = head & 31, head >> 5
            word, = struct.unpack_from("<I", page, at + 4) if at + 8 <= len(page) else (0,)
            if kind == PADDING:
                if not delta:
                    break
                at += 4 + word
            elif kind == TIME_EXTEND:
                time += delta | word << 27
                at += 8
            elif kind == TIME_STAMP:
                time = delta | word << 27
                at += 8
            else:
                time += delta
                start, length = (at + 4, 4 * kind) if kind else (at + 8, word - 4)
                found += [((time, cpu, at), event) for event in self._decode(page[start:start + length])]
                at = start + length
        return found

    def _decode(self, data):
        name, fields = self.formats.get(struct.unpack_from("<H", data)[0], (None, {}))
        if not name:
            return []
        event = {"name": name}
        if name == STACK:
            count = int.from_bytes(data[fields["size"][0]:][:fields["size"][1]], "little")
            return [event | {"stack": list(struct.unpack_from(f"<{count}Q", data, fields["caller"][0]))}]
        for field, (offset, size, signed) in fields.items():
            event[field] = int.from_bytes(data[offset:offset + size], "little", signed=signed)
        event["in_switch"] = any(event["call_site"] in places for places in self.switches)
        return [event]
