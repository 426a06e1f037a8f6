/** Runs the lines of the README's "Two devices in two minutes", as they stand there. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { cheapKdf } from "@mindoodb/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { capturedSurroundings } from "./captured-surroundings.js";
import { runCommand } from "./program.js";

const project = fileURLToPath(new URL("../../..", import.meta.url));
const env = { MINDOODB_PASSWORD: "one", MINDOODB_ADMIN_PASSWORD: "two", MINDOODB_KEY_PASSWORD: "three" };

let root: string;
let server: ChildProcess | undefined;

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "mindoodb-two-devices-"));
});

afterEach(async () => {
	if (server?.exitCode === null) {
		server.kill("SIGTERM");
		await once(server, "exit");
	}
	await rm(root, { recursive: true, force: true });
});

it("the README's two devices share a note within two minutes", async () => {
	const [serve = "", ...lines] = await linesOfReadme();
	const { address, key } = await startServer(serve);
	const shown: string[] = [];
	for (const line of lines) {
		const { code, text, prompted } = await run(line.replace("ws://127.0.0.1:7437", address).replace("$KEY", key));
		expect([line, code, text], text).toEqual([line, 0, expect.any(String)]);
		// Whoever confirms is shown what the other side was shown before.
		if (prompted !== "") expect(shown).toContain(/^ {2}((?:[a-z]+ ){11}[a-z]+)$/m.exec(prompted)?.[1]);
		shown.push(...text.split("\n"));
	}
	expect(lines.length).toBeGreaterThan(8);
	expect(shown.join("\n")).toContain('{"title":"Hello Bob"}');
}, 120_000);

async function linesOfReadme(): Promise<string[]> {
	const readme = await readFile(join(project, "README.md"), "utf8");
	const [, section = ""] = /^## Two devices in two minutes\n(.*?)^## /ms.exec(readme) ?? [];
	return [...section.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = ""]) => block.trim().split("\n"));
}

/** Runs the line in a shell; where it listens comes from the environment, so that tests do not meet. */
async function startServer(line: string): Promise<{ address: string; key: string }> {
	const built = spawnSync(process.execPath, [join(project, "node_modules", "typescript", "bin", "tsc"), "--build"], {
		cwd: project,
		encoding: "utf8",
	});
	expect([built.stdout, built.status]).toEqual(["", 0]);
	const path = `${join(project, "node_modules", ".bin")}${delimiter}${process.env.PATH}`;
	server = spawn(`exec ${line}`, {
		cwd: root,
		shell: true,
		env: { PATH: path, MINDOODB_LISTEN: "127.0.0.1:0" },
		stdio: ["ignore", "pipe", "ignore"],
	});
	let said = "";
	server.stdout?.on("data", (piece) => {
		said += String(piece);
	});
	return vi.waitFor(
		() => {
			const way = /mindoodb server add (?<address>\S+) --server-key (?<key>[0-9a-f]{64})\n/.exec(said)?.groups;
			return { address: way?.address as string, key: (way as { key: string }).key };
		},
		{ timeout: 30_000 },
	);
}

/** Runs a line in a terminal at which somebody says yes. */
async function run(line: string): Promise<{ code: number; text: string; prompted: string }> {
	const [program, ...argv] = [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
	expect(program).toBe("mindoodb");
	const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
	let prompted = "";
	const stderr = Object.assign(
		new Writable({
			write(piece, _encoding, done) {
				prompted += String(piece);
				// An open question; answered ones are drawn with another sign.
				if (/◆ {2}Does the other side read the same words/.test(String(piece))) setImmediate(() => stdin.write("y"));
				done();
			},
		}),
		{ isTTY: true, columns: 200 },
	);
	const { surroundings, output } = capturedSurroundings({ cwd: root, env, kdf: cheapKdf, stderr });
	const code = await runCommand(argv, { ...surroundings, stdin });
	return {
		code,
		text: output() + (code === 0 ? "" : prompted),
		prompted: prompted.includes("same words") ? prompted : "",
	};
}
