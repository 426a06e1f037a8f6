import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { capturedSurroundings } from "./captured-surroundings.js";
import { startProgress } from "./progress.js";

function terminal(isTTY: boolean) {
	let text = "";
	let time = 5000;
	const stderr = Object.assign(
		new Writable({
			write(piece, _encoding, done) {
				text += String(piece);
				done();
			},
		}),
		{ isTTY, columns: 60 },
	);
	const { surroundings } = capturedSurroundings({ cwd: "/", stderr, now: () => time });
	return { surroundings, text: () => text, pass: (milliseconds: number) => (time += milliseconds) };
}

it("a bar appears on a terminal after a second, at most ten times a second, and is wiped", () => {
	const { surroundings, text, pass } = terminal(true);
	const { report, end } = startProgress(surroundings, "import");
	report(1, 10);
	pass(900);
	report(2, 10);
	expect(text()).toBe("");
	pass(200);
	report(5, 10);
	expect(text()).toContain("import [############------------] 5/10");
	const once = text();
	report(6, 10);
	expect(text()).toBe(once);
	pass(100);
	report(7);
	expect(text()).toContain("import 7");
	end();
	expect(text().endsWith(`\r${" ".repeat(59)}\r`)).toBe(true);
});

it("nothing appears where there is no terminal, or where JSON is wanted", () => {
	for (const [isTTY, quiet] of [
		[false, false],
		[true, true],
	] as const) {
		const { surroundings, text, pass } = terminal(isTTY);
		const { report, end } = startProgress(surroundings, "import", quiet);
		pass(5000);
		report(1, 2);
		end();
		expect(text()).toBe("");
	}
});
