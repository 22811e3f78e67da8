# SPDX-License-Identifier: MIT
"""dill's events and those of the kernel's own tracer (tests/guest/ftrace.py) in one form, and their comparison.

Two things differ by rule:

- ftrace has no events for objects of bulk calls and for kfree_rcu()'s requests; both are marked in dill's events. It has
  one for kfree(NULL), which is no object; and for a large allocation it has two since 6.11, the inner one first.
- dill sees a free before the kernel traces it, and an allocation after. An interrupt may come in between, or another task,
  after which this one frees what the other has left; their events then stand in another place among those of the process:
  each kind is compared in its own order.
"""
import collections

ZERO_SIZE_PTR = 16
LARGEST_CLASS = 8192
IN_HARDIRQ, IN_SOFTIRQ = 0x8, 0x10  # TRACE_FLAG_HARDIRQ, TRACE_FLAG_SOFTIRQ: include/linux/trace_events.h


def of_dill(records):
    """Its events that ftrace has, too: (kind, object, bytes asked for, bytes given, caller)."""
    return [
        ("free" if record["event"] == "double free" else record["event"], int(record.get("object", "0"), 16),
         record.get("bytes_requested"), record.get("bytes_given"), int(record["caller_address"], 16))
        for record in records
        if record["record"] == "trace_event" and record["event"] != "request"
        and not record.get("bulk") and not record.get("foreign")
    ]


def of_ftrace(events):
    """The same of ftrace's events, each with what it happened in, see context_of()."""
    found = []
    for event in events:
        if "free" in event["name"]:
            if event["ptr"] > ZERO_SIZE_PTR:
                found.append((("free", event["ptr"], None, None, event["call_site"]), context_of(event)))
            continue
        entry = ("alloc", event["ptr"], event["bytes_req"], event["bytes_alloc"], event["call_site"])
        if event["bytes_alloc"] > LARGEST_CLASS:
            drop_inner(found, entry, context_of(event))
        found.append((entry, context_of(event)))
    return found


def context_of(event):
    """0 for the process, 1 for the end of the task that ran before it, 2 for a softirq, 3 for an interrupt; these may come in
    the middle of those before them."""
    flags = event["common_flags"]
    return 3 if flags & IN_HARDIRQ else 2 if flags & IN_SOFTIRQ else int(event["in_switch"])


def drop_inner(found, entry, context):
    """Of a large allocation's two events the first: the last one found, but for those of interrupts since."""
    at = len(found) - 1
    while at > 0 and found[at][1] > context:
        at -= 1
    if at >= 0 and found[at][0][:4] == entry[:4]:
        del found[at]


def split(entries, contexts):
    """Entries by context, each in order; the contexts of equal entries are taken in order."""
    parts = [], [], [], []
    waiting = collections.defaultdict(collections.deque)
    for entry, context in contexts:
        waiting[entry].append(context)
    for entry in entries:
        parts[waiting[entry].popleft()].append(entry)
    return parts


def first_difference(left, right):
    """Where two lists part, for the message."""
    at = next((i for i, pair in enumerate(zip(left, right)) if pair[0] != pair[1]), min(len(left), len(right)))
    return at, left[at:at + 3], right[at:at + 3]


def assert_equal(seen, known):
    """of_dill()'s and of_ftrace()'s events are the same, in order."""
    counts = collections.Counter(seen), collections.Counter(entry for entry, _ in known)
    assert counts[0] == counts[1], (list((counts[0] - counts[1]).items())[:5], list((counts[1] - counts[0]).items())[:5])
    mine, theirs = split(seen, known), split([entry for entry, _ in known], known)
    for left, right in zip(mine, theirs):
        assert left == right, first_difference(left, right)
