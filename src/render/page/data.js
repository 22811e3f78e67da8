/* The trace that dill has put into the page, and what is chosen of it. */

const trace = JSON.parse(document.getElementById("data").textContent);
const ALIVE = 0, FREED = 1, UNSEEN = 2;
const cells = trace.cells.map((row) => Object.fromEntries(trace.cell_fields.map((name, at) => [name, row[at]])));
const objects = decodeObjects(trace.objects, trace.rest || []);
/* What everything is filtered by: an index each, or null. */
const filter = { cache: null, caller: null, process: null };

/* Differences to numbers. */
function addUp(differences) {
	const numbers = new Float64Array(differences.length);
	let sum = 0;
	for (let i = 0; i < differences.length; i++)
		numbers[i] = sum += differences[i];
	return numbers;
}

/*
 * The objects that have bars; behind them, up to `all`, what is known of those that have none: so many of a cache, with so
 * many bytes, were alive for a while. `end` is the trace's for what is alive then.
 */
function decodeObjects(stored, rest) {
	const count = stored.cell.length, all = count + rest.length;
	const column = (type, numbers, place) => {
		const values = new type(all);
		values.set(numbers);
		rest.forEach((row, i) => { values[count + i] = place(row); });
		return values;
	};
	const start = column(Float64Array, addUp(stored.start), (row) => row[0]);
	const state = column(Uint8Array, digitsOf(stored.state), (row) => row[1] > trace.duration_ns ? ALIVE : FREED);
	const end = column(Float64Array, stored.age, (row) => row[1]);
	for (let i = 0; i < all; i++)
		end[i] = state[i] === ALIVE ? trace.duration_ns : i < count ? start[i] + end[i] : end[i];
	const cell = column(Uint32Array, stored.cell, (row) => row[2]);
	const line = new Uint32Array(stored.line);
	return {
		count, all, start, end, state, cell, line,
		cache: cell.map((at) => cells[at].cache),
		many: column(Uint32Array, new Uint32Array(count).fill(1), (row) => row[3]),
		given: column(Float64Array, stored.given, (row) => row[4]),
		order: orderBy(line, stored.addresses.length / 16),
		address: (i) => stored.addresses.slice(16 * line[i], 16 * line[i] + 16),
		sequence: addUp(stored.sequence),
		requested: stored.requested, thread: stored.thread,
		freeThread: stored.free_thread, freeCaller: stored.free_caller,
		stack: stored.stack, freeStack: stored.free_stack,
	};
}

function digitsOf(text) {
	const digits = new Uint8Array(text.length);
	for (let i = 0; i < digits.length; i++)
		digits[i] = text.charCodeAt(i) - 48;
	return digits;
}

/* The indexes of small numbers in ascending order; of equal ones in the order in which they stand. */
function orderBy(numbers, limit) {
	const next = new Uint32Array(limit + 1);
	for (let i = 0; i < numbers.length; i++)
		next[numbers[i] + 1]++;
	for (let i = 0; i < limit; i++)
		next[i + 1] += next[i];
	const order = new Uint32Array(numbers.length);
	for (let i = 0; i < numbers.length; i++)
		order[next[numbers[i]]++] = i;
	return order;
}

function cacheName(cache) {
	return trace.caches[cache];
}

/* Names of the callers of an object's caller, where the trace recorded them; of its free's. */
function frameNames(i, freed) {
	const stack = (freed ? objects.freeStack : objects.stack)?.[i] ?? -1;
	return stack < 0 ? [] : trace.stacks[stack].map((frame) => trace.frames[frame]);
}

function callerName(caller) {
	return trace.callers[caller];
}

function processName(process) {
	const [pid, comm] = trace.processes[process];
	return pid === null ? comm : `${comm} (${pid})`;
}

function threadName(thread) {
	const [pid, comm] = trace.threads[thread];
	return `${comm} (${pid})`;
}

const nameOf = { cache: cacheName, caller: callerName, process: processName };

function cellMatches(cell) {
	return (filter.cache === null || cell.cache === filter.cache) &&
		(filter.caller === null || cell.caller === filter.caller) &&
		(filter.process === null || cell.process === filter.process);
}

/* Whether an object is chosen. Of those without a bar only the cache is known. */
function objectMatches(i) {
	if (search.objects && !search.objects[i])
		return false;
	if (i < objects.count)
		return cellMatches(cells[objects.cell[i]]);
	return filter.caller === null && filter.process === null && (filter.cache === null || objects.cache[i] === filter.cache);
}

/* A byte for each object: 1 for what is chosen. */
function chosenObjects() {
	const cellChosen = Uint8Array.from(cells, (cell) => cellMatches(cell) ? 1 : 0), chosen = new Uint8Array(objects.all);
	for (let i = 0; i < objects.all; i++)
		chosen[i] = i < objects.count ? cellChosen[objects.cell[i]] & (search.objects ? search.objects[i] : 1) : objectMatches(i) ? 1 : 0;
	return chosen;
}

const summedFields = trace.cell_fields.slice(3); /* behind cache, caller and process */

/* Sums over the chosen cells by what key() says; in a Map. */
function sumBy(key) {
	const groups = new Map();
	for (const cell of search.cells) {
		if (!cell || !cellMatches(cell))
			continue;
		const name = key(cell);
		let sum = groups.get(name);
		if (!sum)
			groups.set(name, sum = { cell, key: name });
		for (const field of summedFields)
			sum[field] = (sum[field] || 0) + cell[field];
	}
	return groups;
}
