"use strict";
/* The trace that dill has put into the page, and what is chosen of it. */

const trace = JSON.parse(document.getElementById("data").textContent);
const ALIVE = 0, FREED = 1, UNSEEN = 2;
const objects = decodeObjects(trace.objects);
const cells = trace.cells.map((row) => Object.fromEntries(trace.cell_fields.map((name, at) => [name, row[at]])));
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

function decodeObjects(stored) {
	const count = stored.cell.length;
	const start = addUp(stored.start);
	const end = new Float64Array(count);
	for (let i = 0; i < count; i++)
		end[i] = stored.state[i] === "0" ? trace.duration_ns : start[i] + stored.age[i];
	const line = Uint32Array.from(stored.line);
	const address = (i) => stored.addresses.slice(16 * line[i], 16 * line[i] + 16);
	return {
		count, start, end, address, line, order: orderBy(line, stored.addresses.length / 16),
		sequence: addUp(stored.sequence),
		cell: Uint32Array.from(stored.cell),
		state: Uint8Array.from(stored.state, Number),
		requested: stored.requested, given: stored.given, thread: stored.thread,
		freeThread: stored.free_thread, freeCaller: stored.free_caller,
		stack: stored.stack, freeStack: stored.free_stack,
	};
}

/* The indexes of small numbers in ascending order; of equal ones in the order in which they stand. */
function orderBy(numbers, limit) {
	const next = new Uint32Array(limit + 1);
	for (const number of numbers)
		next[number + 1]++;
	for (let i = 0; i < limit; i++)
		next[i + 1] += next[i];
	const order = new Uint32Array(numbers.length);
	numbers.forEach((number, i) => { order[next[number]++] = i; });
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

/* Sums over the chosen cells by what key() says; in a Map. */
function sumBy(key) {
	const groups = new Map();
	for (const cell of cells) {
		if (!cellMatches(cell))
			continue;
		const name = key(cell);
		let sum = groups.get(name);
		if (!sum)
			groups.set(name, sum = { cell, key: name });
		for (const field of trace.cell_fields.slice(3))
			sum[field] = (sum[field] || 0) + cell[field];
	}
	return groups;
}

/* --- numbers as text --- */

function numberText(number) {
	return number.toLocaleString("en-US");
}

function timeText(ns) {
	for (const [unit, name] of [[1e9, "s"], [1e6, "ms"], [1e3, "us"]])
		if (ns >= unit) {
			const value = ns / unit;
			return `${value >= 100 ? Math.round(value) : value.toPrecision(3)} ${name}`;
		}
	return `${Math.round(ns)} ns`;
}
