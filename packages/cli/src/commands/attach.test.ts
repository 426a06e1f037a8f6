import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cheapKdf } from "@mindoodb/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { capturedSurroundings } from "../captured-surroundings.js";
import { runCommand } from "../program.js";

const env = {
	MINDOODB_PASSWORD: "user",
	MINDOODB_ADMIN_PASSWORD: "admin",
	MINDOODB_KEY_PASSWORD: "key",
	MINDOODB_EXPORT_PASSWORD: "export",
};
let cwd: string;
let id: string;

async function run(line: string, input?: string) {
	const { surroundings, output, errors } = capturedSurroundings({
		cwd,
		env,
		kdf: cheapKdf,
		...(input === undefined ? {} : { input }),
	});
	const code = await runCommand(line.split(" "), surroundings);
	return { code, out: output(), err: errors() };
}

async function ok(line: string, input?: string): Promise<string> {
	const { code, out, err } = await run(line, input);
	expect([line, err, code]).toEqual([line, err, 0]);
	return out.trim();
}

beforeEach(async () => {
	cwd = await mkdtemp(join(tmpdir(), "mindoodb-attach-"));
	await ok("init --user alice --name acme");
	id = await ok(`doc put notes {"title":"Minutes"}`);
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

it("files go in and out, whole, in part, from and to standard streams, and out again", async () => {
	await writeFile(join(cwd, "minutes.txt"), "first line\n");
	// An id may begin with a dash.
	const file = await ok(`attach add notes ${id} minutes.txt --type text/plain`);
	expect(JSON.parse(await ok(`attach list notes ${id} --json`))).toEqual([
		{ id: file, fileName: "minutes.txt", mimeType: "text/plain", size: 11, held: 11 },
	]);
	expect(await ok(`attach append notes -- ${id} ${file} -`, "second line\n")).toBe("23 bytes.");
	expect(await ok(`attach get notes -- ${id} ${file}`)).toBe("first line\nsecond line");
	expect(await ok(`attach get notes --range 6-13 -- ${id} ${file} -`)).toBe("line\nse");
	expect(await ok(`attach get notes --range 18- -- ${id} ${file}`)).toBe("line");
	await ok(`attach get notes -- ${id} ${file} copy.txt`);
	expect(await readFile(join(cwd, "copy.txt"), "utf8")).toBe("first line\nsecond line\n");
	await ok(`attach remove notes -- ${id} ${file}`);
	expect(JSON.parse(await ok(`attach list notes ${id} --json`))).toEqual([]);
	expect(JSON.parse(await ok("gc --dry-run --json"))).toEqual([{ dbId: "notes", contents: 0, bytes: 0 }]);
});

it("what cannot be done is told and leaves no file", async () => {
	const file = await ok(`attach add notes ${id} - --name ../../evil`, "text");
	for (const line of [
		`attach add notes ${id} nothing.txt`,
		`attach get notes ${id} nothing`,
		`attach get notes ${id} ${file} out.txt --range 3-2`,
		`attach get notes ${id} ${file} out.txt --range 0-5`,
		`attach get notes ${id} ${file} out.txt --range x`,
		`attach append notes ${id} nothing -`,
		`attach remove notes ${id} nothing`,
	]) {
		expect([line, (await run(line, "more")).code]).not.toEqual([line, 0]);
	}
	await expect(stat(join(cwd, "out.txt"))).rejects.toThrow();
	await ok(`attach get notes ${id} ${file} out.txt`);
	expect((await run(`attach get notes ${id} ${file} out.txt`)).code).not.toBe(0);
});

it("a lazy folder lists what it lacks, fetches it from another folder, and pins it", async () => {
	const text = "0123456789".repeat(2000);
	const file = await ok(`attach add notes ${id} -`, text);
	await ok("user device export alice.device");
	await ok("user device import alice.device --dir second");
	const second = (line: string) => ok(`${line} --dir second`);
	await second("sync --with mindoodb-data --attachments lazy");
	const held = async () => JSON.parse(await second(`attach list notes ${id} --json`))[0].held;
	expect(await held()).toBe(0);
	expect((await run(`attach get notes ${id} ${file} --dir second`)).code).not.toBe(0);
	expect((await run(`attach fetch notes ${id} --dir second`)).code).toBe(1);
	expect(await second(`attach get notes ${id} ${file} --range 5-8 --with mindoodb-data`)).toBe("567");
	expect(await held()).toBe(text.length);
	const other = await ok(`attach add notes ${id} -`, text.repeat(2));
	await second("sync --with mindoodb-data");
	expect(await second(`attach pin notes ${id} --with mindoodb-data --json`)).toContain('"missing":0');
	expect(await second(`attach get notes ${id} ${other} --range 0-3`)).toBe("012");
	await second(`attach unpin notes ${id}`);
	await second("attach fetch notes --attachments eager --with mindoodb-data");
	for (const mode of ["some", "-1", "1.5"]) {
		expect((await run(`sync --with mindoodb-data --attachments ${mode} --dir second`)).code).not.toBe(0);
	}
});
