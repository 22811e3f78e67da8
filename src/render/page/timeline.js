/*
 * Objects over time, by cache: a lane each. As bars a line is one address; pixels are set one by one, and what is covered
 * already is passed over, so that the time to draw depends on the pixels, hardly on the objects. Of many objects a lane
 * shows how many are alive instead.
 */

const AXIS = 22, BAND_GAP = 6, BAND_MIN = 22, REACH_X = 3, REACH_Y = 2; /* CSS pixels */
const ZOOM_MAX = 5000;
const DENSE = 20000; /* objects in view from which on lanes show densities */
const canvas = byId("bars");
const context = canvas.getContext("2d");
const view = { from: 0, to: 1, zoom: 1, top: 0 }; /* time in ns; over addresses: scale, and offset in CSS pixels */
let bands = []; /* {cache, lines: [first index into order...], order, top, height} */
let contentHeight = 0;
let width = 0, height = 0, GUTTER = 150; /* CSS pixels of the canvas, and of the names at its left */
let dense = false;
let frame = 0;
let highlighted = -1;

/* --- layout --- */

/* The chosen objects of each cache, ordered by address and time, with the place where each address begins. */
function layOut(chosen) {
	const sizes = new Uint32Array(caches), lists = new Map();
	for (let i = 0; i < objects.count; i++)
		if (chosen[i])
			sizes[objects.cache[i]]++;
	sizes.forEach((size, cache) => { if (size) lists.set(cache, { order: new Uint32Array(size), next: 0 }); });
	for (let at = 0; at < objects.order.length; at++) {
		const i = objects.order[at];
		if (chosen[i]) {
			const list = lists.get(objects.cache[i]);
			list.order[list.next++] = i;
		}
	}
	bands = [...lists].map(([cache, { order }]) => makeBand(cache, order)).sort((a, b) => rankOf[a.cache] - rankOf[b.cache]);
	setHeights();
}

function makeBand(cache, order) {
	const lines = [];
	for (let at = 0; at < order.length; at++)
		if (!at || objects.line[order[at - 1]] !== objects.line[order[at]])
			lines.push(at);
	lines.push(order.length);
	return { cache, order, lines: Uint32Array.from(lines), top: 0, height: 0 };
}

/* Share the height by the number of addresses, but keep small bands visible. */
function setHeights() {
	const room = Math.max(0, height - AXIS - BAND_GAP * bands.length - BAND_MIN * bands.length);
	const all = bands.reduce((sum, band) => sum + band.lines.length - 1, 0) || 1;
	let top = BAND_GAP / 2;
	for (const band of bands) {
		band.top = top;
		band.height = BAND_MIN + Math.min(room * (band.lines.length - 1) / all, 14 * (band.lines.length - 1));
		top += band.height + BAND_GAP;
	}
	contentHeight = top - BAND_GAP / 2;
}

/* Where a band is in the canvas, in CSS pixels. */
function bandPlace(band) {
	const top = band.top * view.zoom - view.top;
	return [top, top + band.height * view.zoom];
}

const inView = (band) => bandPlace(band)[1] > 0 && bandPlace(band)[0] < height - AXIS;

/* Whether so many objects are in view that their bars would tell nothing. */
function isDense() {
	let lines = 0, shown = 0;
	for (const band of bands) {
		const [top, bottom] = bandPlace(band), count = band.lines.length - 1;
		lines += count;
		shown += count * Math.max(0, Math.min(bottom, height - AXIS) - Math.max(top, 0)) / (bottom - top);
	}
	return lines > 0 && objectsWithin(view.from, view.to) * shown / lines >= DENSE;
}

const wholeTime = () => Math.max(trace.duration_ns, 1);

function clampView() {
	const span = Math.min(Math.max(view.to - view.from, 1000), wholeTime());
	view.from = Math.min(Math.max(view.from, 0), wholeTime() - span);
	view.to = view.from + span;
	view.zoom = Math.min(Math.max(view.zoom, 1), ZOOM_MAX);
	view.top = Math.min(Math.max(view.top, 0), Math.max(0, contentHeight * view.zoom - (height - AXIS)));
}

const timeAt = (x) => view.from + (x - GUTTER) / (width - GUTTER) * (view.to - view.from);
const xOf = (time) => GUTTER + (time - view.from) / (view.to - view.from) * (width - GUTTER);

/* --- drawing --- */

function color(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/* "#rrggbb" as the number that a pixel of ImageData is. */
function pixelColor(name) {
	const value = parseInt(color(name).slice(1), 16);
	return (0xff000000 | (value & 0xff) << 16 | value & 0xff00 | value >> 16) >>> 0;
}

/*
 * The bars of one line into rows y0 to y1 of the image. Lines may share a row: what is covered there is remembered. What
 * is alive reaches to the end, and hides the rest.
 */
function drawLine(image, band, line, y0, y1, palette) {
	const scale = image.width / (view.to - view.from);
	for (let at = band.lines[line]; at < band.lines[line + 1]; at++) {
		const i = band.order[at];
		let x0 = Math.floor((objects.start[i] - view.from) * scale);
		let x1 = Math.max(Math.ceil((objects.end[i] - view.from) * scale), x0 + 1);
		if (x1 <= 0 || x0 >= image.width)
			continue;
		x0 = Math.max(x0, 0);
		x1 = Math.min(x1, image.width);
		const alive = objects.state[i] === ALIVE;
		x1 = Math.min(x1, image.aliveFrom[y0]);
		if (x0 >= x1 || (!alive && image.covered[y0] >= x1 && image.coveredFrom[y0] <= x0))
			continue;
		for (let y = y0; y < y1; y++)
			image.pixels.fill(palette[objects.state[i]], y * image.width + x0, y * image.width + x1);
		if (alive)
			image.aliveFrom[y0] = x0;
		else if (x0 <= image.covered[y0] && x1 >= image.coveredFrom[y0]) {
			image.covered[y0] = Math.max(image.covered[y0], x1);
			image.coveredFrom[y0] = Math.min(image.coveredFrom[y0], x0);
		} else if (x1 - x0 > image.covered[y0] - image.coveredFrom[y0]) {
			image.covered[y0] = x1;
			image.coveredFrom[y0] = x0;
		}
	}
}

/* Device pixels of a line; at least one row, and a gap below when there is room. */
function lineRows(band, line, ratio) {
	const lineHeight = band.height * view.zoom / (band.lines.length - 1);
	const y0 = Math.floor((band.top * view.zoom - view.top + line * lineHeight) * ratio);
	const y1 = Math.floor((band.top * view.zoom - view.top + (line + 1) * lineHeight) * ratio);
	return [y0, Math.max(y1 - (y1 - y0 >= 4 ? 1 : 0), y0 + 1)];
}

function drawBars(ratio) {
	const image = context.createImageData(Math.max(1, Math.round((width - GUTTER) * ratio)), Math.max(1, Math.round((height - AXIS) * ratio)));
	const palette = [pixelColor("--alive"), pixelColor("--freed"), pixelColor("--unseen")];
	const target = { width: image.width, pixels: new Uint32Array(image.data.buffer), covered: new Int32Array(image.height).fill(-1),
		coveredFrom: new Int32Array(image.height).fill(-1), aliveFrom: new Int32Array(image.height).fill(image.width) };
	for (const band of bands) {
		const count = band.lines.length - 1;
		const lineHeight = band.height * view.zoom / count;
		const above = view.top - band.top * view.zoom;
		const first = Math.max(0, Math.floor(above / lineHeight));
		const last = Math.min(count, Math.ceil((above + height - AXIS) / lineHeight));
		for (let line = first; line < last; line++) {
			const [y0, y1] = lineRows(band, line, ratio);
			if (y1 > 0 && y0 < image.height)
				drawLine(target, band, line, Math.max(y0, 0), Math.min(y1, image.height), palette);
		}
	}
	context.putImageData(image, Math.round(GUTTER * ratio), 0);
}

/* How many objects of each lane are alive, by what becomes of them, against the most that ever were. */
function drawDensity(columns, ratio) {
	const image = newImage(context, ratio, height - AXIS);
	const palette = [pixelColor("--alive"), pixelColor("--freed"), pixelColor("--unseen")];
	const offset = columnOffset(columns);
	for (const band of bands.filter(inView)) {
		const [top, bottom] = bandPlace(band).map((y) => Math.round(y * ratio));
		const scale = (bottom - top) / alive.peakObjects[band.cache];
		for (let x = 0; x < image.width; x++) {
			const at = laneAt(columns, x + offset, band.cache);
			if (at < 0)
				continue;
			let sum = 0, y = bottom;
			for (const state of [ALIVE, UNSEEN, FREED]) {
				sum += columns.lanes[at + state];
				const until = sum > 0 ? bottom - Math.max(1, Math.round(sum * scale)) : bottom;
				paintColumn(image, x, until, y, palette[state]);
				y = Math.min(y, until);
			}
		}
	}
	context.putImageData(image.data, Math.round(GUTTER * ratio), 0);
}

/* A name cut to a width. */
function cutText(target, name, room) {
	while (name.length > 4 && target.measureText(name).width > room)
		name = `${name.slice(0, -2).replace(/…$/, "")}…`;
	return name;
}

/* The lanes' names with their colors in the curve, borders between, and in density the most objects of each. */
function drawNames() {
	context.textBaseline = "middle";
	context.font = FONT;
	for (const band of bands.filter(inView)) {
		const [top, bottom] = bandPlace(band);
		const most = dense ? numberText(alive.peakObjects[band.cache]) : "";
		const middle = (Math.max(top, 0) + Math.min(bottom, height - AXIS)) / 2;
		context.fillStyle = color("--band");
		context.fillRect(0, top, GUTTER - 4, bottom - top);
		context.fillStyle = groupColor(groupOf[band.cache]);
		context.fillRect(0, top, 5, bottom - top);
		context.fillStyle = color("--line");
		context.fillRect(0, Math.round(bottom + BAND_GAP / 2) - 1, width, 1);
		context.fillStyle = color("--quiet");
		context.fillText(most, GUTTER - 9 - context.measureText(most).width, middle);
		context.fillStyle = color("--text");
		context.fillText(cutText(context, cacheName(band.cache), GUTTER - 26 - context.measureText(most).width), 11, middle);
	}
}

function drawAxis() {
	if (!bands.length)
		return;
	context.fillStyle = color("--panel");
	context.fillRect(0, height - AXIS, width, AXIS);
	drawGrid(context, 0, height - AXIS);
	drawTimes(context, height - AXIS, height - AXIS / 2 + 2);
}

/* The band and line that an object stands in; null when it is not among the chosen. */
function placeOf(i) {
	const band = i < 0 ? undefined : bands.find(({ cache }) => cache === cells[objects.cell[i]].cache);
	const at = band ? band.order.indexOf(i) : -1;
	return at < 0 ? null : { band, line: lineOf(band, at) };
}

function drawHighlight(ratio) {
	const place = dense ? null : placeOf(highlighted);
	if (!place)
		return;
	const [y0, y1] = lineRows(place.band, place.line, ratio);
	const x0 = Math.max(xOf(objects.start[highlighted]), GUTTER), x1 = xOf(objects.end[highlighted]);
	context.strokeStyle = color("--text");
	context.lineWidth = 1.5;
	if (x1 >= GUTTER)
		context.strokeRect(x0 - 1, y0 / ratio - 1, Math.max(x1 - x0, 1) + 2, (y1 - y0) / ratio + 2);
}

/* Move the view so that an object is in it. */
function reveal(i) {
	const place = placeOf(i);
	if (objects.start[i] > view.to || objects.end[i] < view.from)
		Object.assign(view, { from: 0, to: wholeTime() });
	if (place) {
		if (isDense()) /* near enough for a bar of its own */
			view.zoom = Math.min(ZOOM_MAX, Math.max(view.zoom, 6 * (place.band.lines.length - 1) / place.band.height));
		const [y] = lineRows(place.band, place.line, 1);
		if (y < 0 || y > height - AXIS - 12)
			view.top += y - (height - AXIS) / 2;
	}
	wantFrame();
}

/* Where the shown part is among all addresses: beside the canvas, as it is no data. */
function drawScroll() {
	const all = contentHeight * view.zoom, shown = height - AXIS, part = Math.max(24, shown * shown / all);
	const scroll = byId("scroll"), thumb = scroll.firstElementChild;
	scroll.hidden = all <= shown + 0.5; /* less is rounding */
	Object.assign(scroll.style, { top: `${canvas.offsetTop}px`, height: `${shown}px` });
	Object.assign(thumb.style, { top: `${(shown - part) * view.top / Math.max(1, all - shown)}px`, height: `${part}px` });
	scroll.setAttribute("aria-valuenow", Math.round(100 * view.top / Math.max(1, all - shown)));
}

/* The shown time as text; and what is not shown, or that there is nothing. */
function drawRange() {
	const range = byId("range");
	const step = Math.max(1, roundStep((view.to - view.from) / 1000, 1));
	Object.assign(range.dataset, { from: view.from, to: view.to });
	range.textContent = bands.length ? `${exactTime(view.from, step, view.to)} to ${exactTime(view.to, step)}` : "";
	if (bands.length)
		return;
	context.fillStyle = color("--quiet");
	context.fillText("No objects.", GUTTER, (height - AXIS) / 2);
}

function drawTimeline() {
	const ratio = window.devicePixelRatio || 1;
	frame = 0;
	canvas.width = Math.round(width * ratio);
	canvas.height = Math.round(height * ratio);
	context.setTransform(1, 0, 0, 1, 0, 0);
	dense = isDense();
	const shown = dense ? bands.filter(inView).map((band) => band.cache) : [];
	const columns = columnsFor(view.from, view.to, plotWidth(ratio), shown);
	if (dense)
		drawDensity(columns, ratio);
	else
		drawBars(ratio);
	context.scale(ratio, ratio);
	drawNames();
	drawHighlight(ratio);
	drawAxis();
	drawScroll();
	drawRange();
	drawMode();
	drawCurve(columns, ratio);
}

function wantFrame() {
	clampView();
	frame ||= requestAnimationFrame(drawTimeline);
}

function resizeTimeline() {
	width = canvas.clientWidth;
	height = canvas.clientHeight;
	curveHeight = curve.clientHeight;
	GUTTER = width < 600 ? 92 : 150;
	setHeights();
	wantFrame();
}

function resetView() {
	Object.assign(view, { from: 0, to: wholeTime(), zoom: 1, top: 0 });
	wantFrame();
}

/* --- which object is where --- */

/* The line that position at of a band's order belongs to. */
function lineOf(band, at) {
	let low = 0, high = band.lines.length - 1;
	while (high - low > 1) {
		const middle = low + high >> 1;
		if (band.lines[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The object under a point, or up to some pixels beside it; of several as near the shortest. -1 for none. */
function objectAt(x, y) {
	const pixel = (view.to - view.from) / (width - GUTTER);
	const time = timeAt(x);
	let best = -1, bestAway = Infinity;
	for (const band of bands) {
		if (!inView(band))
			continue;
		const lineHeight = band.height * view.zoom / (band.lines.length - 1);
		const at = (y + view.top - band.top * view.zoom) / lineHeight;
		const first = Math.max(0, Math.floor(at - REACH_Y / lineHeight));
		const last = Math.min(band.lines.length - 2, at + REACH_Y / lineHeight);
		for (let line = first; line <= last; line++)
			for (let k = band.lines[line]; k < band.lines[line + 1]; k++) {
				const i = band.order[k];
				const aside = Math.max(objects.start[i] - time, time - objects.end[i], 0) / pixel;
				const away = aside + Math.max(line - at, at - line - 1, 0) * lineHeight;
				if (aside <= REACH_X && (away < bestAway || (away === bestAway && lifetime(i) < lifetime(best))))
					[best, bestAway] = [i, away];
			}
	}
	return dense || x < GUTTER || y > height - AXIS ? -1 : best;
}

function lifetime(i) {
	return objects.end[i] - objects.start[i];
}

function describe(i) {
	const cell = cells[objects.cell[i]];
	const state = objects.state[i];
	const lines = [
		[`0x${objects.address(i)}`, "mono"],
		[`${cacheName(cell.cache)}, ${numberText(objects.requested[i])} of ${numberText(objects.given[i])} bytes`],
		[`allocated at ${exactTime(objects.start[i], Math.max(1, roundStep(wholeTime() / 1e5, 1)))} by ${threadName(objects.thread[i])}, ${callerName(cell.caller)} (event ${objects.sequence[i]})`],
		...frameNames(i, false).map((name) => [name, "frame"]),
	];
	const age = timeText(lifetime(i));
	if (state === ALIVE)
		lines.push([`alive at the end, ${age} old`]);
	else if (state === UNSEEN)
		lines.push([`freed unseen: its address was given out again after ${age}`]);
	else
		lines.push([`freed after ${age} by ${threadName(objects.freeThread[i])}, ${callerName(objects.freeCaller[i])}`],
			...frameNames(i, true).map((name) => [name, "frame"]));
	return lines.map(([textContent, className]) => make("div", { textContent, className: className || "" }));
}
