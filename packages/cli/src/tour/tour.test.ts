import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Call } from "../call.js";
import { capturedSurroundings } from "../captured-surroundings.js";
import { runCommand } from "../program.js";
import { firstSync } from "./acts.js";
import { piecesOfFile } from "./attached-file.js";
import { encodeForm, forms } from "./leak-scan.js";
import { type FileDocument, importFiles } from "./library.js";
import { TourReport } from "./report.js";
import { searchServer } from "./secrecy.js";
import { readTextFiles } from "./text-files.js";
import { closeStage, names, setStage, withTemporaryFolder } from "./tour.js";

const project = fileURLToPath(new URL("../../../..", import.meta.url));
const secretLine = "a line of at least sixteen bytes";

let root: string;

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "mindoodb-tour-test-"));
	await mkdir(join(root, "deep", "node_modules"), { recursive: true });
	await writeFile(join(root, "first.md"), `# A heading to look for\n\n${secretLine}\nshort\n`);
	await writeFile(
		join(root, "deep", "second.txt"),
		"Grüße, 世界, 🙂, and more of the same\r\nanother line with some length\n",
	);
	await writeFile(join(root, "too-large.txt"), "x".repeat((1 << 20) + 1));
	await writeFile(join(root, "binary.bin"), new Uint8Array([1, 0, 2]));
	await writeFile(join(root, "latin1.txt"), new Uint8Array([0x47, 0x72, 0xfc, 0xdf, 0x65]));
	await writeFile(join(root, "empty.txt"), "\n");
	await writeFile(join(root, "deep", "node_modules", "foreign.txt"), "made by others, and not read here");
});

afterEach(async () => {
	vi.unstubAllEnvs();
	await rm(root, { recursive: true, force: true });
});

beforeAll(() => {
	// The server of the tour is the command as it was built.
	const compiler = join(project, "node_modules", "typescript", "bin", "tsc");
	const built = spawnSync(process.execPath, [compiler, "--build"], { cwd: project, encoding: "utf8" });
	expect([built.stdout, built.status]).toEqual(["", 0]);
});

describe("the tour", () => {
	it("reads text files alone, and says what it skips", async () => {
		const { files, skipped } = await readTextFiles(root);
		expect(files.map(({ path, title }) => [path, title])).toEqual([
			["deep/second.txt", "deep/second.txt"],
			["first.md", "A heading to look for"],
		]);
		expect(skipped).toEqual({ binary: 2, large: 1, empty: 1 });
	});

	it("shows all of it on a small folder, and leaves nothing behind", async () => {
		const place = join(root, "tmp");
		await mkdir(place);
		vi.stubEnv("TMPDIR", place);
		const { surroundings, output, errors } = capturedSurroundings({ cwd: root });
		const code = await runCommand(["tour", "--json"], surroundings);
		expect(errors()).toBe("");
		const { files, checks, failed, steps } = JSON.parse(output());
		expect({ code, files, failed }).toEqual({ code: 0, files: 2, failed: [] });
		expect(checks).toBeGreaterThan(22);
		const counts = Object.fromEntries(steps.map(({ step, count }: { step: string; count: string }) => [step, count]));
		expect(counts["an edit while both are connected"]).toBe("1 edit seen");
		expect(counts["attach a file, and cut the connection half-way"]).toBe("1 cut");
		expect(counts["it comes back to the server, which gives it nothing more"]).toBe("0 documents");
		expect(counts["make a document under the key vault"]).toBe("locked");
		expect(counts["hand the key over"]).toBe("accepted");
		expect(counts["it writes with its clock set back"]).toBe("2 entries refused");
		expect(counts["prove that the search finds what is there"]).toBe(`${forms.length} of ${forms.length} forms`);
		expect(counts["search every byte that crossed the socket"]).toMatch(/^\d+ secrets: 0 leaks/);
		expect(counts["search all that the server holds"]).toMatch(/^\d+ secrets: 0 leaks/);
		expect(await readdir(place)).toEqual([]);
	}, 180_000);

	it("fails on a folder without text", async () => {
		const { surroundings, output } = capturedSurroundings({ cwd: root });
		expect(await runCommand(["tour", "deep/node_modules/none"], surroundings)).toBe(6);
		await mkdir(join(root, "nothing"));
		expect(await runCommand(["tour", "nothing"], surroundings)).toBe(1);
		expect(output()).toContain("FAILED: there are text files to show");
	});

	it("fails when the server or the wire holds a line, a name, a title or a key in any form", async () => {
		const { surroundings } = capturedSurroundings({ cwd: root });
		const call = new Call(surroundings, { json: true });
		const { files } = await readTextFiles(root);
		await withTemporaryFolder(false, async (place) => {
			const stage = await setStage(call, new TourReport(call), { root: place, files });
			const { tenantRoot } = stage.first.tenant.identity;
			try {
				await firstSync(stage, new TourReport(call));
				// A text that is longer than one change may hold goes in by pieces.
				const ids = await importFiles(stage.first.db, files, () => {}, 10);
				for (const { path, text } of files) {
					const doc = await stage.first.db.getDocument(ids.get(path) as string);
					expect(doc?.getData<FileDocument>().text).toBe(text);
				}
				const search = async (planted?: Uint8Array, where: "server" | "wire" = "wire") => {
					const plant = (place: string) =>
						planted !== undefined && place === where ? [{ where: "the plant", bytes: planted }] : [];
					const server = {
						stop: () => stage.server.stop(),
						held: async function* () {
							yield* stage.server.held(tenantRoot);
							yield* plant("server");
						},
					};
					const wire = { held: () => [...stage.wire.held(), ...plant("wire")].values() };
					const report = new TourReport(call);
					await searchServer({ ...stage, server, wire }, report, files);
					return report.failed.map(({ message }) => message).join();
				};
				expect(await search()).toBe("");
				for (const form of forms) {
					const planted = encodeForm(secretLine, form, false);
					if (planted !== undefined)
						expect([form, await search(planted)]).toEqual([form, expect.stringContaining(form)]);
				}
				expect(await search(piecesOfFile()[7], "server")).toBe("a piece of the attached file as raw in the plant");
				const directoryKey = stage.first.tenant.keyBag.get("directory") as Uint8Array;
				expect(await search(directoryKey)).toContain("a key as raw");
				expect(await search(Buffer.from(Buffer.from(directoryKey).toString("base64")), "server")).toContain(
					"a key as base64",
				);
				for (const name of [names.second, "first.md", "A heading to look for", "deep/second.txt"]) {
					expect(await search(Buffer.from(`..${name}..`), "server")).toContain("a title, file or user name as raw");
				}
			} finally {
				await closeStage(stage);
			}
		});
	}, 180_000);
});
