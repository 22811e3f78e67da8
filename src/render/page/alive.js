/*
 * How much was alive when. All begins and ends of objects, in order of time, are gone through once for each choice, which
 * leaves states on the way; what a pixel's time held is counted from the state before it. Every number is exact: a pixel
 * shows the moment in it at which most was alive.
 */

const GROUPS = 8; /* caches with a color of their own; one more is for all others */
const LANE = 5; /* numbers of a lane's column: objects by state, bytes, time */
const caches = trace.caches.length;
const moments = orderMoments(); /* all: i where object i begins, ~i where it ends */
/* The moments of what is chosen: when, 3 * cache + state, and what is then more or less; states on the way; the most. */
const alive = { count: 0, time: null, key: null, many: null, bytes: null, every: Math.max(4096, 16 * caches), saved: [], end: null,
	peakBytes: null, peakObjects: null, most: 0, mostAt: 0, version: 0 };
const groupOf = new Uint8Array(caches), rankOf = new Uint32Array(caches);
groupCaches();

/* Objects ordered by a time of theirs: a digit of eleven bits after the other. */
function sortByTime(list, time) {
	const digits = new Uint16Array(list.length);
	let sorted = list;
	for (let scale = 1; scale <= trace.duration_ns; scale *= 2048) {
		const next = new Uint32Array(list.length);
		for (let at = 0; at < digits.length; at++)
			digits[at] = Math.floor(time[sorted[at]] / scale) % 2048;
		const order = orderBy(digits, 2048);
		for (let at = 0; at < order.length; at++)
			next[at] = sorted[order[at]];
		sorted = next;
	}
	return sorted;
}

/* At one time ends come before begins, so that what takes another's place is not counted beside it. */
function orderMoments() {
	const every = new Uint32Array(objects.all);
	for (let i = 0; i < every.length; i++)
		every[i] = i;
	const starts = sortByTime(every, objects.start);
	const ends = sortByTime(every.filter((i) => objects.state[i] !== ALIVE), objects.end);
	const ordered = new Int32Array(starts.length + ends.length);
	for (let at = 0, s = 0, e = 0; at < ordered.length; at++)
		if (e < ends.length && (s === starts.length || objects.end[ends[e]] <= objects.start[starts[s]]))
			ordered[at] = ~ends[e++];
		else
			ordered[at] = starts[s++];
	return ordered;
}

/* Take the moments of all objects for which a byte is not 0. */
function takeMoments(chosen) {
	const most = moments.length;
	const time = new Float64Array(most), key = new Uint32Array(most), many = new Int32Array(most), bytes = new Float64Array(most);
	let count = 0;
	for (let at = 0; at < most; at++) {
		const moment = moments[at], i = moment < 0 ? ~moment : moment, sign = moment < 0 ? -1 : 1;
		if (!chosen[i])
			continue;
		time[count] = moment < 0 ? objects.end[i] : objects.start[i];
		key[count] = 3 * objects.cache[i] + objects.state[i];
		many[count] = sign * objects.many[i];
		bytes[count++] = sign * objects.given[i];
	}
	Object.assign(alive, { count, time, key, many, bytes });
}

/* Nothing: objects by cache and state, bytes by cache and by color, sums. */
function newState() {
	return { at: 0, counts: new Float64Array(3 * caches), bytes: new Float64Array(caches), groups: new Float64Array(GROUPS + 1),
		total: 0, objects: 0 };
}

function copyState(state) {
	return { ...state, counts: state.counts.slice(), bytes: state.bytes.slice(), groups: state.groups.slice() };
}

/* Let the next moment happen; the cache that it changes. */
function advance(state) {
	const at = state.at++, key = alive.key[at], cache = key / 3 | 0, bytes = alive.bytes[at], many = alive.many[at];
	state.counts[key] += many;
	state.bytes[cache] += bytes;
	state.groups[groupOf[cache]] += bytes;
	state.total += bytes;
	state.objects += many;
	return cache;
}

/* Go through all moments of what is chosen: states on the way, and the most of each cache and of all. */
function followAlive() {
	const state = newState(), peakBytes = new Float64Array(caches), peakObjects = new Float64Array(caches);
	let most = 0, mostAt = 0;
	alive.saved = [];
	while (state.at < alive.count) {
		if (state.at % alive.every === 0)
			alive.saved.push(copyState(state));
		const time = alive.time[state.at], cache = advance(state);
		const living = state.counts[3 * cache] + state.counts[3 * cache + 1] + state.counts[3 * cache + 2];
		if (state.bytes[cache] > peakBytes[cache])
			peakBytes[cache] = state.bytes[cache];
		if (living > peakObjects[cache])
			peakObjects[cache] = living;
		if (state.total > most)
			[most, mostAt] = [state.total, time];
	}
	Object.assign(alive, { peakBytes, peakObjects, most, mostAt, end: state, version: alive.version + 1 });
}

/* Colors for the caches that once held most bytes, whatever is chosen later; and all caches' places in that order. */
function groupCaches() {
	takeMoments(new Uint8Array(objects.all).fill(1));
	followAlive();
	const order = Array.from({ length: caches }, (_, cache) => cache).sort((a, b) => alive.peakBytes[b] - alive.peakBytes[a] || a - b);
	order.forEach((cache, rank) => {
		groupOf[cache] = Math.min(rank, GROUPS);
		rankOf[cache] = rank;
	});
}

/* Count only the objects for which a byte is not 0. */
function chooseAlive(chosen) {
	takeMoments(chosen);
	followAlive();
}

/* What is alive at a time, all that happens then included; yours. */
function stateAt(time) {
	let low = 0, high = alive.count;
	while (low < high) {
		const middle = low + high >> 1;
		if (alive.time[middle] <= time)
			low = middle + 1;
		else
			high = middle;
	}
	const saved = alive.saved[Math.min(Math.floor(low / alive.every), alive.saved.length - 1)];
	const state = saved ? copyState(saved) : newState();
	while (state.at < low)
		advance(state);
	return state;
}

/* How many objects live at some time of a span. */
function objectsWithin(from, to) {
	const first = stateAt(from), last = stateAt(to);
	return (last.at - first.at + last.objects - first.objects) / 2 + first.objects;
}

/*
 * Columns of equal times, the first at number first: of each the moment at which most bytes are alive, with the bytes by
 * color; and of each of some caches that at which most of its objects are, with objects by state, and bytes.
 */
function countColumns(step, first, count, shown) {
	const slot = new Int32Array(caches).fill(-1);
	shown.forEach((cache, at) => { slot[cache] = at; });
	const columns = { step, first, count, time: new Float64Array(count), total: new Float64Array(count), objects: new Float64Array(count),
		groups: new Float64Array(count * (GROUPS + 1)), slot, lanes: new Float64Array(count * shown.length * LANE), laneCount: shown.length };
	const state = stateAt(first * step);
	for (let column = 0; column < count; column++) {
		const begin = (first + column) * step;
		while (state.at < alive.count && alive.time[state.at] <= begin)
			advance(state);
		countColumn(columns, column, state, shown, begin, columnEnd(columns, column));
	}
	return columns;
}

/* What happens at the very end belongs to the column before it. */
function columnEnd(columns, column) {
	const end = (columns.first + column + 1) * columns.step;
	return end >= trace.duration_ns - columns.step * 1e-6 ? Infinity : end;
}

/* First find the moments with most, then go there: few are kept, however many pass. */
function countColumn(columns, column, state, shown, begin, end) {
	const lane = Float64Array.from(shown, (cache) => state.counts[3 * cache] + state.counts[3 * cache + 1] + state.counts[3 * cache + 2]);
	const laneMost = lane.slice(), laneAt = new Int32Array(shown.length).fill(-1);
	let total = state.total, most = total, mostAt = -1;
	for (let at = state.at; at < alive.count && alive.time[at] < end; at++) {
		const slot = columns.slot[alive.key[at] / 3 | 0];
		total += alive.bytes[at];
		if (total > most)
			[most, mostAt] = [total, at];
		if (slot >= 0 && (lane[slot] += alive.many[at]) > laneMost[slot]) {
			laneMost[slot] = lane[slot];
			laneAt[slot] = at;
		}
	}
	keepTotal(columns, column, state, begin);
	shown.forEach((cache) => keepLane(columns, column, state, cache, begin));
	while (state.at < alive.count && alive.time[state.at] < end) {
		const at = state.at, cache = advance(state);
		if (at === mostAt)
			keepTotal(columns, column, state, alive.time[at]);
		if (columns.slot[cache] >= 0 && laneAt[columns.slot[cache]] === at)
			keepLane(columns, column, state, cache, alive.time[at]);
	}
}

function keepTotal(columns, column, state, time) {
	columns.time[column] = time;
	columns.total[column] = state.total;
	columns.objects[column] = state.objects;
	columns.groups.set(state.groups, column * (GROUPS + 1));
}

function keepLane(columns, column, state, cache, time) {
	const at = (column * columns.laneCount + columns.slot[cache]) * LANE;
	columns.lanes[at] = state.counts[3 * cache];
	columns.lanes[at + 1] = state.counts[3 * cache + 1];
	columns.lanes[at + 2] = state.counts[3 * cache + 2];
	columns.lanes[at + 3] = state.bytes[cache];
	columns.lanes[at + 4] = time;
}

let kept = null; /* the columns that were counted last */

/* Columns that cover a span; those beside it are counted, too, so that moving the view counts nothing. */
function columnsFor(from, to, width, shown) {
	const step = (to - from) / width, key = `${alive.version} ${shown}`;
	if (kept && kept.key === key && Math.abs(kept.step / step - 1) < 1e-9 && kept.first * kept.step <= Math.max(from, 0) &&
		(kept.first + kept.count) * kept.step >= Math.min(to, trace.duration_ns))
		return kept;
	const first = Math.max(0, Math.floor(from / step) - width);
	const last = Math.min(Math.ceil(to / step) + width, Math.floor(Math.max(trace.duration_ns, 1) / step) + 1);
	kept = countColumns(step, first, Math.max(1, last - first), shown);
	kept.key = key;
	return kept;
}
