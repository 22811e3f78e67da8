# SPDX-License-Identifier: MIT
"""Rows on a large heap in a dump: the census and what is made of it. For goals see bench.rows.Row."""
from bench.heap import PAGE, compressed_copy, free_pointers, sparse_copy, write_pages, write_words
from bench.rows import Row

PLAIN_LOOP = "plain loop over the same struct pages and free pointers"
UNPACKING = "plain loop that unpacks the pages with these"
CENSUS = "dill -c DUMP kcensus"


def dump_row(path, *words, title="DUMP", **goals):
    """A row of the program on the dump."""
    return Row(
        title=" ".join(["dill", "-c", title, *words]), command=["build/dill", "-c", str(path), *words], megabytes=200, **goals
    )


def heap_rows(dump, half):
    """The table.

    @param dump, half  HeapDump of all files, and of half as many
    """
    pointers = free_pointers(dump)
    compressed = compressed_copy(dump)
    words, pages = write_words(dump, pointers), write_pages(dump, compressed, pointers)
    page_bytes = len(dump.frames) * PAGE
    fresh = f"rm -f {dump.folder}/heap.db; exec build/dill -c {dump.path} export {dump.folder}/heap.db"
    return [
        dump_row(dump.path, "kcensus", seconds=0.5, times=3, beside=PLAIN_LOOP),
        Row(PLAIN_LOOP, ["build/bench/read_words", str(dump.path), str(page_bytes), str(words)]),
        dump_row(dump.path, "kcache", "kmalloc-64", seconds=0.1),
        dump_row(dump.path, "kcensus", "--objects", "--json", seconds=2),
        Row("dill -c DUMP export heap.db", ["sh", "-c", fresh], seconds=5, megabytes=200),
        dump_row(dump.path, "kcensus", "--by", "slab", "--rows", "10"),
        dump_row(dump.path, "kfind", "u64:4711"),
        dump_row(dump.path, "kfind", "--string", "no such text"),
        dump_row(sparse_copy(dump), "kcensus", title="DUMP-AND-40-GB-OF-ZEROS", times=1.5, beside=CENSUS),
        dump_row(half.path, "kcensus", title="DUMP-OF-HALF-AS-MANY-FILES", beside=CENSUS),
        dump_row(compressed, "kcensus", title="COMPRESSED-DUMP", times=1.3, beside=UNPACKING),
        Row(UNPACKING, ["build/bench/inflate_pages", str(compressed), str(pages)]),
    ]
