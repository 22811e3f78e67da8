/* Filters, and what mouse and keys do. */

function drawFilter() {
	const chosen = Object.keys(filter).filter((by) => filter[by] !== null);
	byId("chips").replaceChildren(...chosen.map((by) => {
		const chip = make("button", { type: "button", textContent: `${by}: ${nameOf[by](filter[by])} ✕` });
		chip.setAttribute("aria-label", `Remove the filter by ${by} ${nameOf[by](filter[by])}`);
		chip.addEventListener("click", () => choose(by, null));
		return chip;
	}));
	byId("filter-text").textContent = chosen.length ? "Only" : "Everything is shown. Click a row of a table to filter.";
	byId("clear").hidden = !chosen.length;
}

function drawAll() {
	drawFilter();
	drawSums();
	drawTables();
	layOut();
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
	drawAll();
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
	if (event.shiftKey)
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
	byId("tip").hidden = true;
	return move(-x, -y);
}

function endDrag(event) {
	if (drag && !drag.moved && event.type === "pointerup")
		showObject(objectAt(event.offsetX, event.offsetY));
	drag = null;
	canvas.classList.remove("moving");
}

function showTip(event) {
	const tip = byId("tip");
	const i = objectAt(event.offsetX, event.offsetY);
	tip.hidden = i < 0;
	if (i < 0)
		return;
	tip.replaceChildren(...describe(i));
	tip.style.left = `${Math.max(0, Math.min(event.offsetX + 14, width - tip.offsetWidth - 4))}px`;
	tip.style.top = `${event.offsetY + 18 + tip.offsetHeight > height ? Math.max(0, event.offsetY - tip.offsetHeight - 10) : event.offsetY + 18}px`;
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
		`at the end, and those that lived longest${lived}. The sums and tables count all.`;
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
	byId("left-out").hidden = !trace.objects.left_out;
	byId("left-out").textContent = leftOutText(trace.objects);
}

function start() {
	drawHead();
	layOut();
	byId("timeline").style.height = `${Math.min(Math.max(contentHeight + AXIS, 460), 780)}px`;
	resizeTimeline();
	resetView();
	drawAll();
	byId("clear").addEventListener("click", clearFilter);
	byId("zoom-in").addEventListener("click", () => zoomTime(1.5, middleX()));
	byId("zoom-out").addEventListener("click", () => zoomTime(1 / 1.5, middleX()));
	byId("zoom-reset").addEventListener("click", resetView);
	canvas.addEventListener("wheel", onWheel, { passive: false });
	canvas.addEventListener("keydown", onKey);
	canvas.addEventListener("dblclick", resetView);
	canvas.addEventListener("pointerdown", (event) => {
		drag = { x: event.offsetX, y: event.offsetY, moved: false };
		canvas.setPointerCapture(event.pointerId);
	});
	canvas.addEventListener("pointermove", onMove);
	canvas.addEventListener("pointerup", endDrag);
	canvas.addEventListener("pointercancel", endDrag);
	canvas.addEventListener("pointerleave", () => { byId("tip").hidden = true; });
	new ResizeObserver(resizeTimeline).observe(byId("timeline"));
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", wantFrame);
}

start();
