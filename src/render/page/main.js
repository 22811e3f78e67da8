/* Filters, and what mouse and keys do. */

/* How many objects are chosen, and whether the curve lacks some of them that have no bar. */
function drawFound() {
	const bars = bands.reduce((sum, band) => sum + band.order.length, 0);
	const any = search.words.length || Object.values(filter).some((value) => value !== null);
	let lacks = 0;
	for (let i = objects.count; i < objects.all; i++)
		lacks += !objectMatches(i);
	byId("found").textContent = any ? `${numberText(bars)} of ${numberText(objects.count)} objects` : "";
	byId("curve-lacks").hidden = !lacks || !any;
}

function drawFilter() {
	const chosen = Object.keys(filter).filter((by) => filter[by] !== null);
	byId("chips").replaceChildren(...chosen.map((by) => {
		const chip = make("button", { type: "button", textContent: `${by}: ${nameOf[by](filter[by])} ✕` });
		chip.setAttribute("aria-label", `Remove the filter by ${by} ${nameOf[by](filter[by])}`);
		chip.addEventListener("click", () => choose(by, null));
		return chip;
	}));
	byId("filter-text").textContent = chosen.length ? "Only" : search.words.length ? "" : "Everything is shown. Click a row of a table to filter.";
	byId("clear").hidden = !chosen.length && !search.words.length;
}

function drawAll() {
	const chosen = chosenObjects();
	chooseAlive(chosen);
	drawFilter();
	drawSums();
	drawLegend();
	drawTables();
	layOut(chosen);
	drawFound();
	wantFrame();
}

/* Filter everything by one thing more, or with null by one less. */
function choose(by, key) {
	const table = document.activeElement?.closest("table")?.id;
	filter[by] = key;
	view.zoom = 1;
	view.top = 0;
	drawAll();
	if (table) /* the row that had the focus is another element now */
		(byId(table).querySelector(".chosen button") || byId(table).querySelector("td button") || byId("clear")).focus();
}

function clearFilter() {
	Object.assign(filter, { cache: null, caller: null, process: null });
	byId("search").value = "";
	searchFor("");
	drawAll();
}

/* Once a frame, however fast one types. */
let searching = 0;
function onSearch() {
	searching ||= requestAnimationFrame(() => {
		searching = 0;
		searchFor(byId("search").value);
		Object.assign(view, { zoom: 1, top: 0 });
		drawAll();
	});
}

/* A slash goes to the search, wherever one is; Escape empties it, then leaves it. */
function onDocumentKey(event) {
	const input = byId("search");
	if (event.ctrlKey || event.altKey || event.metaKey)
		return;
	if (event.key === "/" && document.activeElement !== input) {
		event.preventDefault();
		input.focus();
		input.select();
	} else if (event.key === "Escape" && document.activeElement === input) {
		event.preventDefault();
		if (!input.value)
			input.blur();
		input.value = "";
		onSearch();
	}
}

/* --- the timeline --- */

/* factor > 1 zooms in, around a point that stays where it is. */
function zoomTime(factor, x) {
	const middle = timeAt(x);
	view.from = middle - (middle - view.from) / factor;
	view.to = middle + (view.to - middle) / factor;
	wantFrame();
}

function zoomLines(factor, y) {
	const zoom = Math.min(Math.max(view.zoom * factor, 1), 5000);
	view.top = (view.top + y) * zoom / view.zoom - y;
	view.zoom = zoom;
	wantFrame();
}

function move(x, y) {
	const shift = x / (width - GUTTER) * (view.to - view.from);
	const span = view.to - view.from;
	view.from = Math.min(Math.max(view.from + shift, 0), wholeTime() - span);
	view.to = view.from + span;
	view.top += y;
	wantFrame();
}

function onWheel(event) {
	const delta = (event.deltaY || event.deltaX) * (event.deltaMode ? 30 : 1);
	const factor = 1.0018 ** -delta;
	event.preventDefault();
	if (!event.shiftKey && Math.abs(event.deltaX) > Math.abs(event.deltaY))
		move(delta, 0);
	else if (event.shiftKey && event.target === canvas)
		zoomLines(factor, event.offsetY);
	else
		zoomTime(factor, Math.max(event.offsetX, GUTTER));
}

const middleX = () => GUTTER + (width - GUTTER) / 2;
const middleY = () => (height - AXIS) / 2;
const keys = {
	ArrowLeft: () => move(-80, 0), ArrowRight: () => move(80, 0), ArrowUp: () => move(0, -60), ArrowDown: () => move(0, 60),
	PageUp: () => move(0, -height / 2), PageDown: () => move(0, height / 2),
	"+": () => zoomTime(1.5, middleX()), "=": () => zoomTime(1.5, middleX()), "-": () => zoomTime(1 / 1.5, middleX()),
	ShiftArrowUp: () => zoomLines(1.5, middleY()), ShiftArrowDown: () => zoomLines(1 / 1.5, middleY()),
	w: () => zoomTime(1.5, middleX()), s: () => zoomTime(1 / 1.5, middleX()), a: () => move(-80, 0), d: () => move(80, 0),
	0: resetView, Home: resetView, Escape: () => showObject(-1),
};

function onKey(event) {
	const action = (event.shiftKey && keys[`Shift${event.key}`]) || keys[event.key];
	if (!action || event.ctrlKey || event.altKey || event.metaKey)
		return;
	event.preventDefault();
	action();
}

let drag = null; /* {x, y, moved} while a button is held */

function onMove(event) {
	if (!drag)
		return showTip(event);
	const [x, y] = [event.offsetX - drag.x, event.offsetY - drag.y];
	if (!drag.moved && Math.hypot(x, y) < 4)
		return undefined;
	Object.assign(drag, { x: event.offsetX, y: event.offsetY, moved: true });
	canvas.classList.add("moving");
	hideTip();
	return move(-x, -y);
}

function endDrag(event) {
	if (drag && !drag.moved && event.type === "pointerup")
		showObject(objectAt(event.offsetX, event.offsetY));
	drag = null;
	canvas.classList.remove("moving");
}

/* What is under the mouse: lines of text, and facts; null for nothing. */
function tipAt(event) {
	const x = event.offsetX, column = Math.floor((x - GUTTER) * (window.devicePixelRatio || 1)) + columnOffset(curveColumns);
	const i = event.target === canvas ? objectAt(x, event.offsetY) : -1;
	if (i >= 0)
		return { lines: describe(i) };
	if (x < GUTTER || column < 0 || column >= curveColumns.count || !bands.length && !alive.most)
		return null;
	if (event.target === curve)
		return { lines: describeColumn(column), time: curveColumns.time[column], bytes: curveColumns.total[column],
			objects: curveColumns.objects[column] };
	const band = bands.find((some) => bandPlace(some)[0] <= event.offsetY && event.offsetY < bandPlace(some)[1]);
	const at = dense && band && event.offsetY < height - AXIS ? laneAt(curveColumns, column, band.cache) : -1;
	if (at < 0)
		return null;
	const [living, freed, unseen, bytes, time] = curveColumns.lanes.subarray(at, at + LANE);
	return { lines: describeLane(band.cache, at), time, bytes, objects: living + freed + unseen, cache: cacheName(band.cache) };
}

function hideTip() {
	byId("tip").hidden = byId("cursor").hidden = true;
}

function showTip(event) {
	const tip = byId("tip"), cursor = byId("cursor");
	const found = curveColumns && !frame ? tipAt(event) : null;
	const y = event.offsetY + event.target.offsetTop, bottom = curveHeight + height;
	cursor.hidden = event.offsetX < GUTTER;
	cursor.style.left = `${event.offsetX}px`;
	tip.hidden = !found;
	if (!found)
		return;
	for (const fact of ["time", "bytes", "objects", "cache"])
		if (fact in found)
			tip.dataset[fact] = found[fact];
		else
			delete tip.dataset[fact];
	tip.replaceChildren(...found.lines);
	tip.style.left = `${Math.max(0, Math.min(event.offsetX + 14, width - tip.offsetWidth - 4))}px`;
	tip.style.top = `${y + 18 + tip.offsetHeight > bottom ? Math.max(0, y - tip.offsetHeight - 10) : y + 18}px`;
}

/* --- a span of time, drawn with the mouse in the curve --- */

let brush = null; /* where it began */

function onCurveMove(event) {
	if (brush === null)
		return showTip(event);
	const [left, right] = [Math.min(brush, event.offsetX), Math.max(brush, event.offsetX)];
	hideTip();
	byId("brush").hidden = false;
	return Object.assign(byId("brush").style, { left: `${Math.max(left, GUTTER)}px`, width: `${Math.min(right, width) - Math.max(left, GUTTER)}px` });
}

function endBrush(event) {
	const [from, to] = [brush, event.offsetX].map((x) => timeAt(Math.min(Math.max(x, GUTTER), width))).sort((a, b) => a - b);
	if (brush !== null && event.type === "pointerup" && Math.abs(event.offsetX - brush) >= 4) {
		Object.assign(view, { from, to });
		wantFrame();
	}
	brush = null;
	byId("brush").hidden = true;
}

/* --- the scroll bar --- */

function onScroll(event) {
	const scroll = byId("scroll"), thumb = scroll.firstElementChild;
	const room = scroll.clientHeight - thumb.offsetHeight;
	const y = event.clientY - scroll.getBoundingClientRect().top - thumb.offsetHeight / 2;
	if (!event.buttons || room <= 0)
		return;
	view.top = y / room * (contentHeight * view.zoom - (height - AXIS));
	wantFrame();
}

/* Keep the description of an object below the timeline; -1 to take it away. */
function showObject(i) {
	highlighted = i;
	byId("object").hidden = i < 0;
	byId("object").replaceChildren(...(i < 0 ? [] : describe(i)));
	wantFrame();
}

/* Show an object, and where it is in the timeline. */
function revealObject(i) {
	showObject(i);
	reveal(i);
	canvas.scrollIntoView({ block: "center" });
	canvas.focus({ preventScroll: true });
}

/* --- what stands at the top --- */

function leftOutText({ left_out: leftOut = 0, shortest_ns: shortest }) {
	const lived = shortest === undefined ? "" : `; left out are those that lived less than ${timeText(shortest)}`;
	return `Of ${numberText(objects.count + leftOut)} objects the timeline shows ${numberText(objects.count)}: those that are alive ` +
		`at the end, and those that lived longest${lived}. The sums and tables count all, and so does the curve.`;
}

function drawHead() {
	const plural = trace.events === 1 ? "" : "s";
	byId("what").textContent = `${numberText(trace.events)} event${plural} in ${timeText(trace.duration_ns)}`;
	byId("options").textContent = trace.options || "";
	byId("kernel").textContent = [trace.banner, trace.engine && `engine ${trace.engine}`,
		trace.backtraces && `backtraces by ${trace.backtraces}`,
		trace.start_time && `began ${new Date(trace.start_time * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`,
		trace.end_reason && `ended: ${trace.end_reason}`].filter(Boolean).join(" · ");
	byId("writer").textContent = trace.writer || "dill";
	byId("remarks").append(...trace.remarks.map((textContent) => make("li", { textContent })));
	byId("before").hidden = !cells.some((cell) => cell.unknown_frees);
	byId("left-out").hidden = !trace.objects.left_out;
	byId("left-out").textContent = leftOutText(trace.objects);
}

function start() {
	drawHead();
	layOut(chosenObjects());
	canvas.style.height = `${Math.min(Math.max(contentHeight + AXIS, 360), 700)}px`;
	resizeTimeline();
	resetView();
	drawAll();
	byId("clear").addEventListener("click", clearFilter);
	byId("zoom-in").addEventListener("click", () => zoomTime(1.5, middleX()));
	byId("zoom-out").addEventListener("click", () => zoomTime(1 / 1.5, middleX()));
	byId("zoom-reset").addEventListener("click", resetView);
	byId("search").addEventListener("input", onSearch);
	document.addEventListener("keydown", onDocumentKey);
	for (const plot of [canvas, curve]) {
		plot.addEventListener("wheel", onWheel, { passive: false });
		plot.addEventListener("dblclick", resetView);
		plot.addEventListener("pointerleave", hideTip);
	}
	canvas.addEventListener("keydown", onKey);
	canvas.addEventListener("pointerdown", (event) => {
		drag = { x: event.offsetX, y: event.offsetY, moved: false };
		canvas.setPointerCapture(event.pointerId);
	});
	canvas.addEventListener("pointermove", onMove);
	canvas.addEventListener("pointerup", endDrag);
	canvas.addEventListener("pointercancel", endDrag);
	curve.addEventListener("pointerdown", (event) => {
		brush = event.offsetX;
		curve.setPointerCapture(event.pointerId);
	});
	curve.addEventListener("pointermove", onCurveMove);
	curve.addEventListener("pointerup", endBrush);
	curve.addEventListener("pointercancel", endBrush);
	byId("scroll").addEventListener("pointerdown", (event) => {
		byId("scroll").setPointerCapture(event.pointerId);
		onScroll(event);
	});
	byId("scroll").addEventListener("pointermove", onScroll);
	new ResizeObserver(resizeTimeline).observe(byId("timeline"));
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", wantFrame);
}

start();
