# SPDX-License-Identifier: MIT
"""Rows on a large heap in a dump: the census and what is made of it. For goals see bench.rows.Row."""
from bench.rows import Row

PLAIN_LOOP = "plain loop over the same struct pages and free pointers"


def dump_row(path, *words, **goals):
    """A row of the program on the dump."""
    return Row(
        title=" ".join(["dill", "-c DUMP", *words]), command=["build/dill", "-c", str(path), *words], megabytes=200, **goals
    )


def heap_rows(folder, path, pages, words):
    """The table. @param pages, words  of bench.heap.free_pointers()"""
    fresh = f"rm -f {folder}/heap.db; exec build/dill -c {path} export {folder}/heap.db"
    return [
        dump_row(path, "kcensus", seconds=0.5, times=3, beside=PLAIN_LOOP),
        Row(PLAIN_LOOP, ["build/bench/read_words", str(path), str(pages), str(words)]),
        dump_row(path, "kcache", "kmalloc-64", seconds=0.1),
        dump_row(path, "kcensus", "--objects", "--json", seconds=2),
        Row("dill -c DUMP export heap.db", ["sh", "-c", fresh], seconds=5, megabytes=200),
        dump_row(path, "kcensus", "--by", "slab", "--rows", "10"),
        dump_row(path, "kfind", "u64:4711"),
        dump_row(path, "kfind", "--string", "no such text"),
    ]
