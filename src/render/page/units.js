"use strict";
/* Numbers as text, and round places for the lines of a grid. */

const byId = (id) => document.getElementById(id);
const SECOND = 1e9, MINUTE = 60e9, HOUR = 3600e9, DAY = 86400e9; /* nanoseconds */

function numberText(number) {
	return number.toLocaleString("en-US");
}

function threeDigits(value) {
	return value >= 100 ? Math.round(value) : value.toPrecision(3);
}

/* "4 h 6 min", "1.23 ms". */
function timeText(ns) {
	for (const [unit, name, part, partName] of [[DAY, "d", HOUR, "h"], [HOUR, "h", MINUTE, "min"], [MINUTE, "min", SECOND, "s"]]) {
		const parts = Math.round(ns / part), whole = Math.floor(parts * part / unit), rest = parts - whole * unit / part;
		if (whole && ns >= MINUTE)
			return rest ? `${numberText(whole)} ${name} ${rest} ${partName}` : `${numberText(whole)} ${name}`;
	}
	for (const [unit, name] of [[SECOND, "s"], [1e6, "ms"], [1e3, "us"]])
		if (ns >= unit)
			return `${threeDigits(ns / unit)} ${name}`;
	return `${Math.round(ns)} ns`;
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/* How often 1024 goes into a number of bytes. */
function byteUnit(bytes) {
	let unit = 0;
	while (unit + 1 < BYTE_UNITS.length && bytes / 1024 ** unit >= 1024)
		unit++;
	return unit;
}

/* "275 MiB", "64 B". */
function bytesText(bytes) {
	const unit = byteUnit(bytes), value = bytes / 1024 ** unit;
	return `${Number.isInteger(value) ? value : threeDigits(value)} ${BYTE_UNITS[unit]}`;
}

/* 1, 2 or 5 times a power of ten, the smallest that goes into a span so many times at most. */
function roundStep(span, times) {
	const power = 10 ** Math.floor(Math.log10(span / times));
	return power * ([1, 2, 5].find((factor) => span / (factor * power) <= times) || 10);
}

/* The same for nanoseconds: from a minute on parts of hours and days are round. */
function timeStep(span, times) {
	if (span / times <= 10 * SECOND)
		return Math.max(1, roundStep(span, times));
	const steps = [20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].map((step) => step * SECOND);
	return steps.find((step) => span / step <= times) || DAY * Math.ceil(roundStep(span / DAY, times));
}

/* A time with as many digits as tell neighbours at a distance of step apart; in the unit of the largest beside it. */
function exactTime(time, step, largest = time) {
	const rounded = Math.round(time / step) * step;
	if (rounded < MINUTE) {
		const [unit, name] = largest >= 1e9 ? [1e9, "s"] : largest >= 1e6 ? [1e6, "ms"] : largest >= 1e3 ? [1e3, "us"] : [1, "ns"];
		return `${(rounded / unit).toFixed(Math.max(0, Math.ceil(Math.log10(unit / step))))} ${name}`;
	}
	const parts = [[DAY, "d", Infinity], [HOUR, "h", 24], [MINUTE, "min", 60]]
		.map(([unit, name, limit]) => [Math.floor(rounded / unit) % limit, name]);
	const words = parts.filter(([number]) => number).map(([number, name]) => `${number} ${name}`);
	const seconds = rounded % MINUTE / SECOND;
	if (seconds || step < SECOND)
		words.push(`${seconds.toFixed(Math.max(0, Math.ceil(Math.log10(SECOND / step))))} s`);
	return words.join(" ");
}

/* Round numbers of bytes from 0 to at most a maximum: [[bytes, text]]. */
function byteTicks(max, times) {
	const unit = byteUnit(max), scale = 1024 ** unit;
	const step = Math.max(unit ? 0 : 1, roundStep(max / scale, times));
	const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
	return Array.from({ length: Math.floor(max / scale / step + 1e-9) + 1 }, (_, i) =>
		[i * step * scale, i ? `${(i * step).toFixed(digits)} ${BYTE_UNITS[unit]}` : "0"]);
}
