/** Runs every example by the line of its README, and reads what it says. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";

const project = fileURLToPath(new URL("..", import.meta.url));

/** What each has to say, line by line. */
const said: Readonly<Record<string, readonly string[]>> = {
	"audit-trail": [
		"4 entries, 0 faults.",
		"Vouched for by Alice: true",
		"After a change: sentence 6 does not hold: its digest fits neither it nor the sentence before.",
	],
	"live-editing": [
		'Alice sees Bob: {"cursor":1}',
		"Alice reads: Alice writes — and Bob too",
		"Bob reads: Alice writes — and Bob too",
	],
	"named-key": [
		"Bob reads report.txt of Case 7: 25000 bytes.",
		"Carol has it, and cannot read it. Locked: this replica does not hold the key under which it was encrypted.",
	],
	"two-tenants": [
		"The server keeps 2 tenants.",
		"carol reads: Plans of the bakery",
		"dave reads: Plans of the workshop",
	],
};

const names = readdirSync(join(project, "examples"), { withFileTypes: true }).flatMap((entry) =>
	entry.isDirectory() ? [entry.name] : [],
);

beforeAll(() => {
	const compiler = join(project, "node_modules", "typescript", "bin", "tsc");
	const built = spawnSync(process.execPath, [compiler, "--build"], { cwd: project, encoding: "utf8" });
	expect([built.stdout, built.status]).toEqual(["", 0]);
});

it.each(names)(
	"%s",
	async (name) => {
		const readme = readFileSync(join(project, "examples", name, "README.md"), "utf8");
		const line = /^```sh\n(.*)\n```$/m.exec(readme)?.[1] as string;
		const child = spawn(line, { cwd: project, shell: true, stdio: ["ignore", "pipe", "inherit"] });
		let output = "";
		child.stdout.on("data", (piece) => {
			output += String(piece);
		});
		expect(await once(child, "close")).toEqual([0, null]);
		expect(output.trimEnd().split("\n")).toEqual(said[name]);
	},
	180_000,
);
