/*
 * The text search: every word must be found in a cache, caller, process, address or stack. What matches by its cache,
 * caller and process counts whole; of the rest those objects do that match.
 */

const WORDS_MAX = 8; /* a bit each */
const search = { words: [], cells: cells, objects: null }; /* cells: what counts of each, or null; objects: 1 for those that match */

/* For each text a bit for each word that is in it. */
function wordsIn(texts) {
	return Uint8Array.from(texts, (text) => {
		const lower = text.toLowerCase();
		return search.words.reduce((bits, word, at) => bits | (lower.includes(word) ? 1 << at : 0), 0);
	});
}

/* The same for the lines' addresses: words of four hexadecimal digits or more, or behind 0x. */
function wordsInAddresses() {
	const all = trace.objects.addresses;
	const bits = new Uint8Array(all.length / 16);
	search.words.forEach((word, at) => {
		const digits = word.replace(/^0x/, "");
		if (!/^[0-9a-f]{1,16}$/.test(digits) || (digits === word && word.length < 4))
			return;
		for (let found = all.indexOf(digits); found >= 0; found = all.indexOf(digits, found + 1))
			if (found % 16 + digits.length <= 16)
				bits[found >> 4] |= 1 << at;
	});
	return bits;
}

/* Objects that have all words, in their cell or their own facts. */
function searchObjects(cellBits, all) {
	const threads = wordsIn(trace.threads.map((_, thread) => threadName(thread)));
	const callers = wordsIn(trace.callers);
	const stacks = wordsIn((trace.stacks || []).map((frames) => frames.map((frame) => trace.frames[frame]).join("\n")));
	const addresses = wordsInAddresses();
	const found = new Uint8Array(objects.all);
	for (let i = 0; i < objects.count; i++) {
		let bits = cellBits[objects.cell[i]] | addresses[objects.line[i]] | threads[objects.thread[i]];
		if (objects.freeThread[i] >= 0)
			bits |= threads[objects.freeThread[i]] | callers[objects.freeCaller[i]];
		if (objects.stack)
			bits |= stacks[objects.stack[i]] | stacks[objects.freeStack[i]]; /* -1: undefined, which is 0 here */
		found[i] = bits === all ? 1 : 0;
	}
	return found;
}

/* Sums over the objects that match, of cells that do not. */
function sumObjects(found) {
	const sums = new Map();
	for (let i = 0; i < objects.count; i++) {
		if (!found[i])
			continue;
		const cell = cells[objects.cell[i]], state = objects.state[i];
		let sum = sums.get(cell);
		if (!sum)
			sums.set(cell, sum = Object.fromEntries(trace.cell_fields.map((field, at) => [field, at < 3 ? cell[field] : 0])));
		sum.allocs++;
		sum.bytes_requested += objects.requested[i];
		sum.bytes_given += objects.given[i];
		if (state === ALIVE) {
			sum.alive++;
			sum.alive_bytes += objects.given[i];
		} else if (state === UNSEEN) {
			sum.freed_unseen++;
		} else {
			sum.frees++;
			sum.aged++;
			sum.age_sum_ns += objects.end[i] - objects.start[i];
		}
	}
	return sums;
}

/* Search for a text; an empty one is everywhere. */
function searchFor(text) {
	search.words = text.toLowerCase().split(/\s+/).filter(Boolean).slice(0, WORDS_MAX);
	search.cells = cells;
	search.objects = null;
	if (!search.words.length)
		return;
	const all = (1 << search.words.length) - 1;
	const bits = wordsIn(cells.map((cell) => `${cacheName(cell.cache)}\n${callerName(cell.caller)}\n${processName(cell.process)}`));
	search.objects = searchObjects(bits, all);
	const sums = sumObjects(search.objects);
	search.cells = cells.map((cell, at) => bits[at] === all ? cell : sums.get(cell) || null);
	const caches = wordsIn(trace.caches); /* all that is known of what has no bar */
	for (let i = objects.count; i < objects.all; i++)
		search.objects[i] = caches[objects.cache[i]] === all ? 1 : 0;
}

/* Whether all words are in the texts of a row. */
function rowMatches(...texts) {
	const text = texts.join("\n").toLowerCase();
	return search.words.every((word) => text.includes(word));
}
