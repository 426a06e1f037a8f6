import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeChunkPrefix, encodeChunk, encodeMessageFrame } from "@mindoodb/formats/chunks";
import { afterEach, beforeEach, expect, it } from "vitest";
import { capturedSurroundings } from "../../captured-surroundings.js";
import { runCommand } from "../../program.js";

let cwd: string;

async function run(line: string) {
	const { surroundings, output, errors } = capturedSurroundings({ cwd });
	const code = await runCommand(line.split(" "), surroundings);
	return { code, out: output(), err: errors() };
}

async function ok(line: string): Promise<string> {
	const { code, out, err } = await run(line);
	expect([line, err, code]).toEqual([line, err, 0]);
	return out.trim();
}

const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7) % 251);
const at = (name: string) => join(cwd, name);

/** The chunks of a file, each by itself. */
async function packetsOf(name: string): Promise<Uint8Array[]> {
	const packets: Uint8Array[] = [];
	let rest = Uint8Array.from(await readFile(at(name)));
	while (rest.length > 0) {
		const { length } = decodeChunkPrefix(rest, { hash: "auto" });
		packets.push(rest.slice(0, length));
		rest = rest.slice(length);
	}
	return packets;
}

beforeEach(async () => {
	cwd = await mkdtemp(join(tmpdir(), "mindoodb-chunks-"));
	await writeFile(at("photo.jpg"), bytes);
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

it("a file is split and joined, by either hash, in any order and among messages", async () => {
	for (const hash of ["sha3-256", "keccak-256"]) {
		const { datum, chunks } = JSON.parse(await ok(`chunks split photo.jpg photo.${hash} --hash ${hash} --json`));
		expect(chunks).toBe(3);
		const packets = await packetsOf(`photo.${hash}`);
		const message = encodeMessageFrame(Uint8Array.of(1, 2, 3));
		await writeFile(at(`mixed.${hash}`), Buffer.concat([message, ...packets.reverse(), message, ...packets]));
		expect(await ok(`chunks join mixed.${hash} ${hash}.jpg`)).toBe(`300,000 bytes of ${datum}`);
		expect(Buffer.compare(await readFile(at(`${hash}.jpg`)), bytes)).toBe(0);
		expect(JSON.parse(await ok(`chunks inspect mixed.${hash} --json`))).toEqual({
			messages: 2,
			damaged: 0,
			duplicates: 3,
			surplus: 0,
			files: [{ datum, hash, chunks: 3, bytes: 300_000, complete: true, missing: [], conflicts: [] }],
		});
	}
});

it("what is missing, damaged or contradicted is told, and no file is left", async () => {
	await ok("chunks split photo.jpg photo.chunks");
	const [first, second, third] = (await packetsOf("photo.chunks")) as [Uint8Array, Uint8Array, Uint8Array];
	const damaged = second.slice();
	damaged[100] = 1;
	const { chunk } = decodeChunkPrefix(first);
	const other = encodeChunk({ ...chunk, data: Uint8Array.of(1) });
	await writeFile(at("gap.chunks"), Buffer.concat([third, damaged, first, other]));
	const { code, err } = await run("chunks join gap.chunks out.jpg");
	expect([code, err]).toEqual([5, "mindoodb: the file is not complete: chunk 1 is missing\n"]);
	const told = await run("chunks inspect gap.chunks --json");
	expect(told.code).toBe(1);
	expect(JSON.parse(told.out)).toMatchObject({
		damaged: 1,
		files: [{ chunks: 2, missing: [{ from: 1, to: 1 }], conflicts: [0] }],
	});
	expect((await readdir(cwd)).sort()).toEqual(["gap.chunks", "photo.chunks", "photo.jpg"]);
});

it("of several files the one that is asked for is made; what is there already is not touched", async () => {
	await writeFile(at("note.txt"), "a note");
	const { datum } = JSON.parse(await ok("chunks split note.txt note.chunks --json"));
	await ok("chunks split photo.jpg photo.chunks");
	const [surplus] = (await packetsOf("note.chunks")).map((packet) => {
		const { chunk } = decodeChunkPrefix(packet);
		return encodeChunk({ ...chunk, index: 9 });
	}) as [Uint8Array];
	const both = [await readFile(at("photo.chunks")), await readFile(at("note.chunks")), surplus];
	await writeFile(at("both.chunks"), Buffer.concat(both));
	await ok(`chunks join both.chunks note.copy --datum ${datum}`);
	expect(await readFile(at("note.copy"), "utf8")).toBe("a note");
	for (const [line, code] of [
		[`chunks join both.chunks note.copy --datum ${datum}`, 2],
		["chunks join nothing.chunks new", 6],
		["chunks join both.chunks new --datum 00", 2],
		["chunks join note.txt new", 5],
		["chunks join photo.chunks -", 2],
		["chunks split nothing new", 6],
		["chunks split photo.jpg new --hash md5", 2],
	] as const) {
		expect([line, (await run(line)).code]).toEqual([line, code]);
	}
	expect((await readdir(cwd)).includes("new")).toBe(false);
});
