/* The tables. Texts come from the traced machine: they only ever become text nodes. */

const ROWS_MAX = 500; /* of one table; more nobody reads, and the report has them */

/* A new element with properties and children, which may be texts. */
function make(name, properties, ...children) {
	const element = Object.assign(document.createElement(name), properties);
	element.append(...children);
	return element;
}


const sorting = {}; /* table's id -> {column, down} */

const count = (title, field) => ({ title, value: (row) => row[field] || 0, show: numberText });
const bytes = (title, field) => ({ title, value: (row) => row[field] || 0, show: bytesText, exact: bytesExactly });
const text = (title, value, mono) => ({ title, value, mono });
const time = (title, value) => ({ title, value, show: (ns) => ns === null ? "-" : timeText(ns) });
const bytesExactly = (number) => `${numberText(number)} bytes`;
const sums = [
	count("Allocs", "allocs"), count("Frees", "frees"), bytes("Asked", "bytes_requested"), bytes("Given", "bytes_given"),
	count("Alive", "alive"), bytes("Alive bytes", "alive_bytes"),
	time("Mean age", (row) => row.aged ? row.age_sum_ns / row.aged : null),
];

/* Each table: its rows, its columns, what a click on a row filters by or does, and the column it is sorted by. */
const tables = {
	caches: { by: "cache", rows: () => [...sumBy((cell) => cell.cache).values()],
		columns: [text("Cache", (row) => cacheName(row.key)), ...sums], sort: 1 },
	callers: { by: "caller", rows: () => [...sumBy((cell) => cell.caller).values()],
		columns: [text("Caller", (row) => callerName(row.key)), ...sums], sort: 1 },
	processes: { by: "process", rows: () => [...sumBy((cell) => cell.process).values()],
		columns: [text("Process", (row) => processName(row.key)), ...sums], sort: 1 },
	alive: { by: "caller",
		rows: () => sites().filter((row) => row.alive),
		columns: [text("Caller", (row) => callerName(row.cell.caller)), text("Cache", (row) => cacheName(row.cell.cache)),
			count("Objects", "alive"), bytes("Bytes", "alive_bytes")], sort: 3 },
	living: { click: (row) => revealObject(row.object), rows: living,
		columns: [text("Object", (row) => `0x${objects.address(row.object)}`, true), text("Cache", (row) => cacheName(row.cell.cache)),
			text("Caller", (row) => callerName(row.cell.caller)), text("Thread", (row) => threadName(objects.thread[row.object])),
			{ title: "Bytes", value: (row) => objects.given[row.object], show: bytesText, exact: bytesExactly },
			{ title: "Event", value: (row) => objects.sequence[row.object], show: numberText },
			time("Age", (row) => objects.end[row.object] - objects.start[row.object])], sort: 5, up: true },
	unknown: { by: "caller", rows: () => sites().filter((row) => row.unknown_frees),
		columns: [text("Freed by", (row) => callerName(row.cell.caller)), text("Cache", (row) => cacheName(row.cell.cache)),
			count("Frees", "unknown_frees")], sort: 2 },
	doubles: { by: "caller",
		rows: () => trace.double_frees.map((row) => ({ ...row, cell: cells[row.cell] })).filter((row) => cellMatches(row.cell) &&
			rowMatches(cacheName(row.cell.cache), callerName(row.cell.caller), processName(row.cell.process), threadName(row.thread),
				`0x${row.object}`, row.first_sequence ? callerName(row.first_caller) : "")),
		columns: [text("Freed again by", (row) => callerName(row.cell.caller)), text("Cache", (row) => cacheName(row.cell.cache)),
			text("Object", (row) => `0x${row.object}`, true), text("Thread", (row) => threadName(row.thread)),
			count("Event", "sequence"), time("Time", (row) => row.time_ns),
			text("Freed before by", (row) => row.first_sequence ? `${callerName(row.first_caller)}, event ${row.first_sequence}` : "not seen")],
		sort: 4, up: true },
	slabs: { rows: () => trace.slabs.filter((row) => (filter.cache === null || row.cache === filter.cache) &&
			(filter.process === null || row.process === filter.process) &&
			rowMatches(slabCache(row), processName(row.process), `0x${row.slab}`)),
		columns: [text("Slab", (row) => `0x${row.slab}`, true), text("Cache", slabCache),
			text("Process", (row) => processName(row.process)), count("Objects", "objects"), count("Alive", "alive"),
			time("From", (row) => row.first_ns), time("Filled at", (row) => row.last_ns)], sort: 5, up: true },
};

function slabCache(row) {
	return row.cache === null ? "(unknown)" : cacheName(row.cache);
}

function sites() {
	return [...sumBy((cell) => `${cell.cache} ${cell.caller}`).values()];
}

function living() {
	const rows = [];
	for (let i = 0; i < objects.count; i++)
		if (objects.state[i] === ALIVE && objectMatches(i))
			rows.push({ object: i, cell: cells[objects.cell[i]] });
	return rows;
}

function isNumber(column) {
	return Boolean(column.show);
}

function headCell(id, column, at) {
	const button = make("button", { type: "button", textContent: column.title });
	const cell = make("th", { scope: "col", className: isNumber(column) ? "number" : "" }, button);
	if (sorting[id].column === at)
		cell.setAttribute("aria-sort", sorting[id].down ? "descending" : "ascending");
	button.addEventListener("click", () => {
		const same = sorting[id].column === at;
		sorting[id] = { column: at, down: same ? !sorting[id].down : isNumber(column) };
		drawTable(id);
		byId(id).querySelectorAll("th button")[at].focus();
	});
	return cell;
}

function compareBy(column, down) {
	return (a, b) => {
		const first = column.value(a), second = column.value(b);
		const order = first === second ? 0 : first === null || (second !== null && first < second) ? -1 : 1;
		return down ? -order : order;
	};
}

function bodyCell(column, row) {
	const value = column.value(row);
	const cell = make("td", { className: isNumber(column) ? "number" : column.mono ? "mono" : "",
		textContent: column.show ? column.show(value) : value });
	if (isNumber(column) && value !== null)
		cell.dataset.value = value;
	if (column.exact)
		cell.title = column.exact(value);
	return cell;
}

function bodyRow(table, row) {
	const line = make("tr", {}, ...table.columns.map((column) => bodyCell(column, row)));
	if (!table.by && !table.click)
		return line;
	const key = table.by && row.cell[table.by];
	const chosen = Boolean(table.by) && filter[table.by] === key;
	const name = line.firstChild.textContent;
	const button = make("button", { type: "button", textContent: name, title: name });
	if (table.by)
		button.setAttribute("aria-pressed", chosen);
	line.firstChild.replaceChildren(button);
	line.className = chosen ? "choice chosen" : "choice";
	line.addEventListener("click", () => table.click ? table.click(row) : choose(table.by, chosen ? null : key));
	return line;
}

/* A table without rows is left out. */
function drawTable(id) {
	const table = tables[id];
	const order = sorting[id] ||= { column: table.sort, down: !table.up };
	const rows = table.rows().sort(compareBy(table.columns[order.column], order.down));
	const body = make("tbody", {}, ...rows.slice(0, ROWS_MAX).map((row) => bodyRow(table, row)));
	if (rows.length > ROWS_MAX)
		body.append(make("tr", {}, make("td", { className: "empty", colSpan: table.columns.length,
			textContent: `${numberText(rows.length - ROWS_MAX)} more rows are not shown.` })));
	byId(id).closest("section").hidden = !rows.length;
	byId(id).replaceChildren(make("thead", {}, make("tr", {}, ...table.columns.map((column, at) => headCell(id, column, at)))), body);
}

function drawTables() {
	Object.keys(tables).forEach(drawTable);
	byId("nothing").hidden = Object.keys(tables).some((id) => !byId(id).closest("section").hidden);
}

/* The sums of what is chosen, in large. */
function drawSums() {
	const sum = sumBy(() => 0).get(0) || {};
	const shown = [["Allocations", "allocs"], ["Frees", "frees"], ["Requests", "requests", true], ["Failed", "failed", true],
		["Bytes asked for", "bytes_requested"], ["Bytes given", "bytes_given"], ["Alive at the end", "alive"],
		["Alive bytes", "alive_bytes"], ["Freed unseen", "freed_unseen", true], ["Unknown frees", "unknown_frees", true],
		["Double frees", "double_frees"]];
	byId("sums").replaceChildren(...shown.filter(([, field, optional]) => !optional || sum[field]).map(([title, field]) => {
		const number = sum[field] || 0, isBytes = field.includes("bytes");
		const value = make("dd", { textContent: isBytes ? bytesText(number) : numberText(number), title: isBytes ? bytesExactly(number) : "" });
		value.dataset.field = field;
		value.dataset.value = number;
		return make("div", { className: field === "double_frees" && number ? "bad" : "" },
			make("dt", { textContent: title }), value);
	}));
}
