import type { Surroundings } from "./surroundings.js";

/** Milliseconds before a bar appears, and between two looks of it. */
const patience = 1000;
const pace = 100;
const width = 24;

export type Report = (done: number, total?: number) => void;

/**
 * Shows on a terminal's standard error how far work has come, once it takes more than a second. Elsewhere it shows nothing.
 * @returns `end` wipes the bar.
 */
export function startProgress(
	{ stderr, now }: Surroundings,
	label: string,
	quiet = false,
): { readonly report: Report; readonly end: () => void } {
	const began = now();
	let drawn = 0;
	const wipe = () => stderr.write(`\r${" ".repeat(Math.max(0, (stderr.columns ?? 80) - 1))}\r`);
	return {
		report(done, total) {
			const time = now();
			if (quiet || stderr.isTTY !== true || time - began < patience || time - drawn < pace) return;
			drawn = time;
			wipe();
			stderr.write(draw(label, done, total).slice(0, (stderr.columns ?? 80) - 1));
		},
		end() {
			if (drawn > 0) wipe();
			drawn = 0;
		},
	};
}

function draw(label: string, done: number, total: number | undefined): string {
	if (total === undefined || total <= 0) return `${label} ${done}`;
	const full = Math.round(width * Math.min(1, done / total));
	return `${label} [${"#".repeat(full)}${"-".repeat(width - full)}] ${done}/${total}`;
}
