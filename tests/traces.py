# SPDX-License-Identifier: MIT
"""Recorded traces for tests: made-up ones, and what a trace amounts to, counted here without dill.

    make(path, made_up(seed=1, count=2000))     writes a file through dill's store (tests/unit/make_trace.c)
    from_file(path)                             its events, by docs/trace-db.md
    from_records(records)                       those that `dill trace --json` printed
    expected(events, end_ns)                    the records that `dill report --json -n 0 --live` must print of them
"""
import contextlib
import dataclasses
import random
import sqlite3
import statistics
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAKE_TRACE = ROOT / "build/tests/unit/make_trace"
WORD = 1 << 64
KINDS = ("alloc", "free", "request")
BULK, LARGE, KNOWN, DOUBLE, FOREIGN = 1, 2, 4, 8, 16
SLAB_OBJECTS, SLAB_BYTES = 8, 8192


@dataclasses.dataclass
class Event:
    """One event; names as dill shows them. What it has none of is None, or 0 for the object."""

    sequence: int
    time_ns: int
    kind: str
    pid: int
    tgid: int
    comm: str
    flags: int = 0
    cpu: int = 0
    function: str = "kfree"
    cache: str = None
    object: int = 0
    slab: int = None
    slab_objects: int = 0
    requested: int = 0
    given: int = 0
    caller: str = None
    alloc_sequence: int = 0
    alloc_time_ns: int = 0
    stack: tuple = ()  # names of the callers of the caller, innermost first; not in from_file() and expected()


# --- making traces ---


def make(path, events, *options):
    """Write a file as a tracer would."""
    caches = {name: 0xffff888000100000 + 256 * at for at, name in enumerate(dict.fromkeys(e.cache for e in events))}
    callers = {name: 0xffffffff81000000 + 64 * at for at, name in enumerate(dict.fromkeys(e.caller for e in events))}
    frames = {name: 0xffffffff82000000 + 64 * at for at, name in enumerate(sorted({name for e in events for name in e.stack}))}
    lines = []
    for e in events:
        alloc = e.kind == "alloc"
        words = (
            e.sequence, e.time_ns, KINDS.index(e.kind), e.flags, e.cpu, e.pid, e.tgid, e.comm, e.function,
            caches[e.cache] if e.cache else 0, e.cache or "", e.object, e.slab or 0, e.slab_objects, e.requested, e.given,
            0xcc0 if alloc else 0, "GFP_KERNEL" if alloc else "", callers[e.caller], e.caller, e.alloc_sequence,
            e.alloc_time_ns, ",".join(f"{frames[name]:#x}:{name}" for name in e.stack),
        )
        lines.append("\t".join(map(str, words)) + "\n")
    subprocess.run([MAKE_TRACE, path, *options], input="".join(lines), text=True, check="--unfinished" not in options)


class Heap:
    """A heap that processes use at random: from it come events of every kind."""

    def __init__(self, seed, caches=("kmalloc-64", "cred", "filp"), callers=("load_msg+0x2c", "prepare_creds+0x1b", "f+0x1")):
        self.random = random.Random(seed)
        self.caches, self.callers = caches, callers
        self.people = [(100, 100, "worker"), (101, 100, "worker"), (102, 100, "helper"), (200, 200, "sh"), (300, 300, "dd")]
        self.shares = (20, 15, 25, 15, 5)  # of the events
        self.alive = {}  # object -> its allocation
        self.freed = {}  # object -> its cache, to be freed twice
        self.events = []

    def add(self, kind, **values):
        """One event more, by somebody."""
        before = self.events[-1].time_ns if self.events else 0
        pid, tgid, comm = self.random.choices(self.people, self.shares)[0]
        event = Event(
            len(self.events) + 1, before + self.random.randrange(50000), kind, pid, tgid, comm, cpu=self.random.randrange(2),
            caller=self.random.choice(self.callers), **values,
        )
        self.events.append(event)
        return event

    def place(self, number):
        """Cache, address, slab and size of an object."""
        if number // SLAB_OBJECTS % 10 == 9:  # whole pages
            return None, 0xffff888010000000 + number * 16384, 16384
        cache = number // SLAB_OBJECTS % len(self.caches)
        slab = 0xffff888004000000 + number // SLAB_OBJECTS * SLAB_BYTES
        size = SLAB_BYTES // SLAB_OBJECTS // (cache + 1)
        return self.caches[cache], slab + number % SLAB_OBJECTS * size, size

    def allocate(self, number):
        """Of an address that may be in use: its free was not seen then."""
        cache, address, size = self.place(number)
        self.alive[address] = self.add(
            "alloc", cache=cache, object=address, flags=0 if cache else LARGE, function="__kmalloc_noprof", given=size,
            requested=size - self.random.randrange(size // 4), **self.slab_of(cache, address),
        )
        self.freed.pop(address, None)

    def fill(self, slab):
        """The threads of one process get all objects of a slab."""
        self.shares = (20, 15, 25, 0, 0)
        for number in self.random.sample(range(SLAB_OBJECTS), SLAB_OBJECTS):
            self.allocate(slab * SLAB_OBJECTS + number)
        self.shares = (20, 15, 25, 15, 5)

    @staticmethod
    def slab_of(cache, address):
        return {"slab": address // SLAB_BYTES * SLAB_BYTES, "slab_objects": SLAB_OBJECTS} if cache else {}

    def end(self, kind, address, cache, flags, alloc=None):
        """A free or request."""
        known = {"alloc_sequence": alloc.sequence, "alloc_time_ns": alloc.time_ns} if alloc else {}
        flags |= (KNOWN if alloc else 0) | (0 if cache else LARGE)
        return self.add(kind, object=address, cache=cache, flags=flags, **known, **self.slab_of(cache, address))

    def step(self, objects):
        """Something happens to one of so many objects."""
        number = self.random.randrange(objects)
        cache, address, _ = self.place(number)
        alloc = self.alive.get(address)
        what = self.random.random()
        if not alloc and address in self.freed and what < 0.04:
            self.end("free", address, cache, DOUBLE, self.freed[address])
        elif not alloc and address not in self.freed and what < 0.1:
            self.end("free", address, cache, 0)
            self.freed[address] = None
        elif not alloc and what < 0.12:
            self.add("alloc", cache=cache, requested=64, given=64, function="__kmalloc_noprof")
        elif not alloc or what < 0.01:
            self.allocate(number)
        elif what < 0.1:
            self.end("request", address, cache, 0, alloc)
        else:
            self.end("free", address, cache, FOREIGN if what > 0.9 else 0, alloc)
            self.freed[address] = self.alive.pop(address)


def made_up(seed, count, objects=600, **names):
    """So many events at random."""
    heap = Heap(seed, **names)
    heap.fill(1000)
    while len(heap.events) < count - SLAB_OBJECTS:
        heap.step(objects)
    heap.fill(1001)
    return heap.events


# --- reading traces ---

QUERY = """
    SELECT sequence, time_ns, kind, flags, cpu, p.pid, p.tgid, p.comm, f.name AS function, c.name AS cache, object,
        s.address AS slab, s.objects AS slab_objects, bytes_requested, bytes_given, y.name AS caller, alloc_sequence, alloc_time_ns
    FROM event AS e LEFT JOIN process AS p ON p.id = process LEFT JOIN function AS f ON f.id = e.function
        LEFT JOIN cache AS c ON c.id = e.cache LEFT JOIN symbol AS y ON y.id = e.caller LEFT JOIN slab AS s ON s.id = e.slab
    ORDER BY sequence
"""


def from_file(path):
    """The events of a finished trace, read by Python's SQLite."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        rows = db.execute(QUERY).fetchall()
    return [
        Event(
            row["sequence"], row["time_ns"], KINDS[row["kind"]], row["pid"], row["tgid"], row["comm"], row["flags"], row["cpu"],
            row["function"], row["cache"], row["object"] % WORD, row["slab"] and row["slab"] % WORD, row["slab_objects"] or 0,
            row["bytes_requested"] or 0, row["bytes_given"] or 0, row["caller"], row["alloc_sequence"] or 0,
            row["alloc_time_ns"] or 0,
        )
        for row in rows
    ]


def from_records(records):
    """The events that were printed. They do not tell the slab."""
    events = []
    for record in records:
        if record["record"] != "trace_event":
            continue
        known = record.get("alloc_sequence", 0)
        flags = KNOWN * bool(known) | DOUBLE * (record["event"] == "double free")
        flags |= BULK * record.get("bulk", False) | LARGE * record.get("large", False) | FOREIGN * record.get("foreign", False)
        events.append(Event(
            record["sequence"], record["time_ns"], record["event"].split()[-1], record["pid"], record["tgid"], record["comm"],
            flags, record["cpu"], record["function"], record.get("cache"), int(record.get("object", "0"), 16), None, 0,
            record.get("bytes_requested", 0), record.get("bytes_given", 0), record["caller"], known,
            record["time_ns"] - record["age_ns"] if known else 0,
        ))
    return events


# --- counting ---


def cache_name(event):
    return event.cache or ("(large)" if event.flags & LARGE else "(unknown)")


def address(number):
    return f"{number:#018x}"


class Follower:
    """What became of each object."""

    def __init__(self, events):
        self.events = events
        self.ends = {}  # sequence of an allocation -> its free, or None: freed unseen
        self.requests = {}  # the same -> the request
        self.doubles = []  # (free, free before)
        self.holder = {}  # object -> its allocation, while it is alive
        before = {}
        for event in events:
            if event.object:
                self.take(event, before)

    def take(self, event, before):
        if event.kind == "request":
            self.requests[event.alloc_sequence] = event
        elif event.kind == "alloc":
            if event.object in self.holder:
                self.ends[self.holder[event.object].sequence] = None
            self.holder[event.object] = event
        else:
            if event.flags & DOUBLE:
                self.doubles.append((event, before.get(event.object)))
            elif event.flags & KNOWN:
                self.ends[event.alloc_sequence] = event
                self.holder.pop(event.object, None)
            before[event.object] = event

    def sums(self, events):
        """Of some of the events, and of what the allocations among them became."""
        allocs = [event for event in events if event.kind == "alloc" and event.object]
        frees = [event for event in events if event.kind == "free"]
        alive = [event for event in allocs if event.sequence not in self.ends]
        requested, given = sum(event.requested for event in allocs), sum(event.given for event in allocs)
        return {
            "allocs": len(allocs),
            "failed": sum(event.kind == "alloc" and not event.object for event in events),
            "frees": len(frees),
            "requests": sum(event.kind == "request" for event in events),
            "bytes_requested": requested, "bytes_given": given, "bytes_wasted": max(given - requested, 0),
            "alive": len(alive), "alive_bytes": sum(event.given for event in alive),
            "freed_unseen": sum(self.ends.get(event.sequence, 0) is None for event in allocs),
            "double_frees": sum(bool(event.flags & DOUBLE) for event in frees),
            "unknown_frees": sum(not event.flags & (KNOWN | DOUBLE) for event in frees),
        }

    def ages(self, events):
        """Median and mean age, nothing when none was freed."""
        ends = [(event, self.ends.get(event.sequence)) for event in events if event.kind == "alloc"]
        ages = [end.time_ns - event.time_ns for event, end in ends if end]
        return {"median_age_ns": statistics.median_low(ages), "mean_age_ns": sum(ages) // len(ages)} if ages else {}


def grouped(events, key):
    """{key: its events}."""
    groups = defaultdict(list)
    for event in events:
        groups[key(event)].append(event)
    return groups


def process_name(events):
    """The name that it had at most of the events."""
    return Counter(event.comm for event in events).most_common(1)[0][0]


def group_records(follower, kind, key, name):
    """Sums by something, most allocations first."""
    records = []
    for value, events in grouped(follower.events, key).items():
        sums = follower.sums(events)
        del sums["double_frees"], sums["unknown_frees"]
        records.append({"record": kind, **name(value, events), **sums, **follower.ages(events)})
    return sorted(records, key=lambda record: (-record["allocs"], -record["frees"]))


def alive_records(follower, end_ns):
    """Where living objects were allocated, most bytes first."""
    groups = grouped(follower.holder.values(), lambda event: (cache_name(event), event.caller))
    records = [
        {"record": "trace_alive", "cache": cache, "caller": caller, "objects": len(events),
         "bytes": sum(event.given for event in events), "oldest_ns": end_ns - min(event.time_ns for event in events)}
        for (cache, caller), events in groups.items()
    ]
    return sorted(records, key=lambda record: (-record["bytes"], -record["objects"]))


def object_records(follower, end_ns):
    """Living objects, oldest first."""
    for event in sorted(follower.holder.values(), key=lambda event: event.sequence):
        request = follower.requests.get(event.sequence)
        yield {"record": "trace_object", "sequence": event.sequence, "time_ns": event.time_ns, "age_ns": end_ns - event.time_ns,
               "object": address(event.object), "cache": cache_name(event), "bytes_requested": event.requested,
               "bytes_given": event.given, "pid": event.pid, "comm": event.comm, "caller": event.caller,
               **({"request_sequence": request.sequence} if request else {})}


def unknown_records(events):
    """Frees of what was there before, most first."""
    unknown = Counter((cache_name(event), event.caller) for event in events
                      if event.kind == "free" and not event.flags & (KNOWN | DOUBLE))
    return [{"record": "trace_unknown_free", "cache": cache, "caller": caller, "frees": count}
            for (cache, caller), count in unknown.most_common()]


def slab_records(follower):
    """Slabs of which each object was first allocated by one process."""
    first = {}
    for event in follower.events:
        if event.slab:
            first.setdefault((event.slab, event.object), event)
    records = []
    for slab, events in grouped(first.values(), lambda event: event.slab).items():
        people = {event.tgid for event in events if event.kind == "alloc"}
        if len(people) != 1 or len(events) != events[0].slab_objects or any(event.kind != "alloc" for event in events):
            continue
        mine = [event for event in follower.events if event.tgid == events[0].tgid]
        records.append({
            "record": "trace_slab", "slab": address(slab), "cache": cache_name(events[0]), "objects": events[0].slab_objects,
            "alive": sum(event.slab == slab for event in follower.holder.values()), "pid": events[0].tgid,
            "comm": process_name(mine), "first_ns": events[0].time_ns, "last_ns": events[-1].time_ns,
        })
    return records


def double_records(follower):
    """Frees of what was free."""
    for event, before in follower.doubles:
        first = {"first_sequence": before.sequence, "first_pid": before.pid, "first_comm": before.comm,
                 "first_caller": before.caller} if before else {}
        alloc = {"alloc_sequence": event.alloc_sequence} if event.alloc_sequence else {}
        yield {"record": "trace_double_free", "sequence": event.sequence, "time_ns": event.time_ns, "object": address(event.object),
               "cache": cache_name(event), "pid": event.pid, "comm": event.comm, "caller": event.caller, **first, **alloc}


def expected(events, end_ns=None, slabs=True):
    """The records of a report, without what is known only of the target: addresses, facts. Headings are left out."""
    follower = Follower(events)
    end_ns = end_ns or (events[-1].time_ns if events else 0)
    whole = {"record": "trace", "events": len(events), "duration_ns": end_ns, **follower.sums(events), "contradictions": 0}
    return [
        whole,
        *group_records(follower, "trace_cache", cache_name, lambda value, _: {"cache": value}),
        *group_records(follower, "trace_caller", lambda event: event.caller, lambda value, _: {"caller": value}),
        *group_records(follower, "trace_process", lambda event: event.tgid,
                       lambda value, events: {"comm": process_name(events), "pid": value}),
        *alive_records(follower, end_ns),
        *object_records(follower, end_ns),
        *unknown_records(events),
        *(slab_records(follower) if slabs else ()),
        *double_records(follower),
    ]
