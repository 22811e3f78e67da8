/* The curve of bytes alive, by cache, above the lanes; and what both draw with. */

const RULER = 18; /* CSS pixels above the curve, for times */
const FONT = "12px system-ui, 'DejaVu Sans', sans-serif";
const curve = byId("curve");
const curveContext = curve.getContext("2d");
let curveHeight = 0; /* CSS pixels, the ruler too */
let curveColumns = null; /* what is drawn */

const groupColor = (group) => color(`--c${group}`);
const plotWidth = (ratio) => Math.max(1, Math.round((width - GUTTER) * ratio));

/* An image of the plot, to be painted by columns. */
function newImage(target, ratio, rows) {
	const data = target.createImageData(plotWidth(ratio), Math.max(1, Math.round(rows * ratio)));
	return { data, width: data.width, height: data.height, pixels: new Uint32Array(data.data.buffer) };
}

/* Rows from to until of one column. */
function paintColumn(image, x, from, until, pixel) {
	const end = Math.min(until, image.height);
	for (let at = Math.max(from, 0) * image.width + x, y = Math.max(from, 0); y < end; y++, at += image.width)
		image.pixels[at] = pixel;
}

/* What to add to a pixel's number for its column. */
function columnOffset(columns) {
	return Math.round(view.from / columns.step) - columns.first;
}

/* Where the numbers of a lane stand for a column; -1 for nowhere. */
function laneAt(columns, column, cache) {
	const slot = columns.slot[cache];
	return slot < 0 || column < 0 || column >= columns.count ? -1 : (column * columns.laneCount + slot) * LANE;
}

/* --- times --- */

function timeTicks() {
	const step = timeStep(view.to - view.from, Math.max(2, (width - GUTTER) / 110));
	const first = Math.ceil(view.from / step), last = Math.floor(view.to / step);
	return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => [(first + i) * step, exactTime((first + i) * step, step, view.to)]);
}

/* Lines at round times, over the data, which would hide them. */
function drawGrid(target, top, bottom) {
	target.fillStyle = color("--grid");
	for (const [time] of timeTicks())
		target.fillRect(Math.round(xOf(time)), top, 1, bottom - top);
}

function drawTimes(target, top, middle) {
	target.font = FONT;
	target.textBaseline = "middle";
	target.fillStyle = color("--quiet");
	let free = 0;
	for (const [time, label] of timeTicks()) {
		const x = Math.round(xOf(time)), end = x + 4 + target.measureText(label).width;
		target.fillRect(x, top, 1, 5);
		if (x < free || end > width)
			continue;
		target.fillText(label, x + 4, middle);
		free = end + 8;
	}
}

/* --- bytes --- */

/* The most that is shown. */
function shownMost(columns, pixels) {
	let most = 0;
	const offset = columnOffset(columns);
	for (let x = Math.max(0, -offset); x < pixels && x + offset < columns.count; x++)
		most = Math.max(most, columns.total[x + offset]);
	return most;
}

/* The largest part is the lowest. */
function paintCurve(columns, ratio, most) {
	const image = newImage(curveContext, ratio, curveHeight - RULER);
	const palette = Array.from({ length: GROUPS + 1 }, (_, group) => pixelColor(`--c${group}`));
	const offset = columnOffset(columns), scale = (image.height - 1) / most;
	for (let x = Math.max(0, -offset); x < image.width && x + offset < columns.count; x++) {
		let sum = 0, y = image.height;
		for (let group = 0; group <= GROUPS; group++) {
			sum += columns.groups[(x + offset) * (GROUPS + 1) + group];
			const until = sum > 0 ? image.height - Math.max(1, Math.round(sum * scale)) : image.height;
			paintColumn(image, x, until, y, palette[group]);
			y = Math.min(y, until);
		}
	}
	curveContext.putImageData(image.data, Math.round(GUTTER * ratio), Math.round(RULER * ratio));
}

function drawBytes(most) {
	const plot = curveHeight - RULER;
	curveContext.textBaseline = "middle";
	for (const [number, label] of byteTicks(most, plot / 34)) {
		const y = Math.round(curveHeight - number / most * (plot - 1)) - 1;
		curveContext.fillStyle = color("--grid");
		curveContext.fillRect(GUTTER - 4, y, width - GUTTER + 4, 1);
		curveContext.fillStyle = color("--quiet");
		curveContext.fillText(label, GUTTER - 8 - curveContext.measureText(label).width, Math.min(Math.max(y, RULER + 6), curveHeight - 8));
	}
}

function drawCurve(columns, ratio) {
	const most = shownMost(columns, plotWidth(ratio)) * 1.05 || 1;
	curveColumns = columns;
	curve.width = Math.round(width * ratio);
	curve.height = Math.round(curveHeight * ratio);
	curveContext.setTransform(1, 0, 0, 1, 0, 0);
	paintCurve(columns, ratio, most);
	curveContext.scale(ratio, ratio);
	drawGrid(curveContext, RULER, curveHeight);
	drawTimes(curveContext, RULER - 5, RULER / 2 - 2);
	drawBytes(most);
}

/* --- words --- */

/* The caches of the curve's colors, each a filter; and the most that was alive. */
function drawLegend() {
	const shown = [...Array(caches).keys()].filter((cache) => alive.peakBytes[cache] > 0).sort((a, b) => rankOf[a] - rankOf[b]);
	const named = shown.filter((cache) => groupOf[cache] < GROUPS), others = shown.length - named.length;
	const entries = named.map((cache) => {
		const button = make("button", { type: "button", title: `at most ${bytesText(alive.peakBytes[cache])}` },
			make("i", { className: `c${groupOf[cache]}` }), cacheName(cache));
		button.setAttribute("aria-pressed", filter.cache === cache);
		button.addEventListener("click", () => choose("cache", filter.cache === cache ? null : cache));
		return button;
	});
	if (others)
		entries.push(make("span", {}, make("i", { className: `c${GROUPS}` }), others === 1 && !named.length ?
			cacheName(shown[0]) : `${numberText(others)} other cache${others === 1 ? "" : "s"}`));
	byId("cache-legend").replaceChildren(...entries);
	const peak = byId("peak");
	Object.assign(peak.dataset, { bytes: alive.most, time: alive.mostAt, end: alive.end.total });
	peak.textContent = alive.most ? `at most ${bytesText(alive.most)} at ${timeText(alive.mostAt)}, ${bytesText(alive.end.total)} at the end` : "nothing";
	curve.setAttribute("aria-label", `Bytes alive over time, by cache: ${peak.textContent}`);
}

/* How the lanes are to be read, and what the curve cannot know. */
function drawMode() {
	byId("timeline").dataset.mode = dense ? "density" : "bars";
	byId("mode").textContent = dense ? "Height: how many are alive, the number beside a name: the most at once. Zoom in, over addresses too, for single objects." :
		"A line is one address, a bar one object.";
}

/* What is told of a column: bytes by cache. */
function describeColumn(column) {
	const columns = curveColumns, bytes = columns.total[column], at = column * (GROUPS + 1);
	const parts = Array.from({ length: GROUPS + 1 }, (_, group) => [group, columns.groups[at + group]])
		.filter(([, part]) => part > 0).sort((a, b) => b[1] - a[1]);
	const nameOfGroup = (group) => group === GROUPS ? "others" : cacheName(groupOf.indexOf(group));
	return [
		make("div", { className: "quiet", textContent: timeAtColumn(columns.time[column]) }),
		make("div", {}, make("b", { textContent: bytesText(bytes) }), ` alive in ${numberText(columns.objects[column])} objects`),
		...parts.map(([group, part]) => make("div", {}, make("i", { className: `c${group}` }), `${bytesText(part)} ${nameOfGroup(group)}`)),
	];
}

/* The same of a lane. */
function describeLane(cache, at) {
	const [living, freed, unseen, bytes, time] = curveColumns.lanes.subarray(at, at + LANE);
	const parts = [[living, "alive at the end", "alive"], [freed, "freed later", "freed"], [unseen, "freed unseen", "unseen"]];
	return [
		make("div", { className: "quiet", textContent: timeAtColumn(time) }),
		make("div", {}, make("i", { className: `c${groupOf[cache]}` }), cacheName(cache)),
		make("div", {}, make("b", { textContent: `${numberText(living + freed + unseen)} objects` }), `, ${bytesText(bytes)}`),
		...parts.filter(([many]) => many > 0).map(([many, what, className]) =>
			make("div", {}, make("i", { className }), `${numberText(many)} ${what}`)),
	];
}

function timeAtColumn(time) {
	return exactTime(time, Math.max(1, roundStep(curveColumns.step, 1)), view.to);
}
