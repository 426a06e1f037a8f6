import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { nodeAead } from "../node/aead.js";
import { nodeFolder } from "../node/folder.js";
import { nodeGzip } from "../node/gzip.js";
import { nodeRandom } from "../node/random.js";
import type { Folder } from "../ports.js";
import { shaOf } from "./chunk-name.js";
import { decodeCodemap } from "./codemap/codemap.js";
import { normalizeEntry } from "./codemap/codemap-entry.js";
import { PampaChunkStore, type PampaStoreOptions } from "./pampa-chunk-store.js";

const ports = { gzip: nodeGzip, aead: nodeAead("aes-256-gcm"), random: nodeRandom };
const key = new Uint8Array(32).fill(7);
const otherKey = new Uint8Array(32).fill(8);
const text = "export const foo = 'bar';";
const sha = shaOf(text);
let path: string;

const store = (options: Partial<PampaStoreOptions> = {}) =>
	new PampaChunkStore(nodeFolder(path), { ...ports, ...options });
const files = async () => (await readdir(path)).sort();
const withCode = (code: string) => expect.objectContaining({ code });

beforeEach(async () => {
	path = await mkdtemp(join(tmpdir(), "pampa-"));
});

afterEach(() => rm(path, { recursive: true, force: true }));

it("every text comes back as it was, plain and encrypted, and no byte of an encrypted file can be another one", async () => {
	await fc.assert(
		fc.asyncProperty(fc.string({ unit: "binary", maxLength: 200 }), fc.boolean(), async (code, encrypt) => {
			const chunks = store({ key, encrypt });
			const written = await chunks.write(code);
			expect(written.encrypted).toBe(encrypt);
			expect(await chunks.getChunk(written.sha)).toBe(Buffer.from(code).toString("utf8"));
			await chunks.remove(written.sha);
		}),
		{ numRuns: 30 },
	);
	const { fileName } = await store({ key }).write(text);
	const folder = nodeFolder(path);
	const file = (await folder.read(fileName)) as Uint8Array;
	for (let at = 0; at < file.length; at++) {
		await folder.write(fileName, file.with(at, (file[at] as number) ^ 1) as Uint8Array);
		await expect(store({ key }).read(sha, { verify: false })).rejects.toThrow(/^Failed to decrypt chunk/);
	}
});

it("a file under a name that is not its text's is refused, and read by whoever says so", async () => {
	const folder = nodeFolder(path);
	for (const [options, form] of [
		[{}, "gz"],
		[{ key }, "gz.enc"],
	] as const) {
		const { fileName } = await store(options).write("another text");
		await folder.write(`${sha}.${form}`, (await folder.read(fileName)) as Uint8Array);
		await expect(store(options).read(sha)).rejects.toThrow(withCode("CHUNK_CONTENT_MISMATCH"));
		expect((await store(options).read(sha, { verify: false }))?.code).toBe("another text");
		await store().remove(sha);
	}
});

it("names that are none, absent chunks, wrong keys and too much text are typed errors", async () => {
	for (const name of ["../x", sha.toUpperCase(), `${sha}0`, ""]) {
		await expect(store().read(name)).rejects.toThrow(withCode("SHA_INVALID"));
		await expect(store().remove(name)).rejects.toThrow(withCode("SHA_INVALID"));
	}
	expect(await store().read(sha)).toBe(undefined);
	await expect(store().getChunk(sha)).rejects.toThrow(
		`Failed to read chunk ${sha}: not found at ${sha}.gz or ${sha}.gz.enc`,
	);
	expect(() => store({ key: new Uint8Array(31) })).toThrow(withCode("ENCRYPTION_KEY_INVALID"));
	const { sha: large } = await store().write("x".repeat(1000));
	await expect(store().read(large, { maxLength: 999 })).rejects.toThrow(withCode("CHUNK_READ_FAILED"));
	expect((await store().read(large, { maxLength: 1000 }))?.bytes.length).toBe(1000);
});

it("a chunk that another entry needs stays", async () => {
	await store().write(text);
	const entry = normalizeEntry({ sha });
	expect(await store().remove(sha, { codemap: new Map([["b.ts:f:08a62bfd", entry]]) })).toBe(false);
	expect(await files()).toEqual([`${sha}.gz`]);
	expect(await store().remove(sha, { codemap: new Map() })).toBe(true);
	expect(await files()).toEqual([]);
});

it("convert brings all chunks into one form, tells the codemap, and leaves what it cannot read", async () => {
	const { sha: second } = await store({ key }).write("second");
	await store().write(text);
	const damaged = shaOf("damaged");
	await writeFile(join(path, `${damaged}.gz`), "no gzip");
	const codemap = decodeCodemap(
		JSON.stringify({ a: { sha }, b: { sha: second, encrypted: true }, c: { sha: damaged } }),
	);
	const there = await store({ key }).convert("encrypted", { codemap });
	expect(there).toMatchObject({ converted: [sha], unchanged: [second] });
	expect(there.failed.map((each) => [each.sha, each.error.code])).toEqual([[damaged, "CHUNK_READ_FAILED"]]);
	expect([...there.codemap.values()].map(({ encrypted }) => encrypted)).toEqual([true, true, false]);
	expect(await files()).toEqual([`${damaged}.gz`, `${sha}.gz.enc`, `${second}.gz.enc`].sort());
	const back = await store({ key }).convert("plain", { codemap: there.codemap });
	expect([...back.codemap.values()].map(({ encrypted }) => encrypted)).toEqual([false, false, false]);
	expect(await store().getChunk(second)).toBe("second");
	await expect(store().convert("encrypted")).rejects.toThrow(withCode("ENCRYPTION_KEY_MISSING"));
});

it("a key is exchanged; what was cut short goes on; what opens with neither key is reported", async () => {
	const { sha: plain } = await store().write("plain");
	await store({ key }).write(text);
	const { sha: already } = await store({ key: otherKey }).write("already");
	const { sha: foreign } = await store({ key: new Uint8Array(32) }).write("foreign");
	const result = await store({ key }).rotateKey(otherKey);
	expect(result).toMatchObject({ rotated: [sha], unchanged: [already] });
	expect(result.failed.map((each) => [each.sha, each.error.code])).toEqual([[foreign, "ENCRYPTION_AUTH_FAILED"]]);
	expect(await store({ key: otherKey }).getChunk(sha)).toBe(text);
	expect(await store().getChunk(plain)).toBe("plain");
	await expect(store({ key }).read(sha)).rejects.toThrow(withCode("ENCRYPTION_AUTH_FAILED"));
	await expect(store().rotateKey(otherKey)).rejects.toThrow(withCode("ENCRYPTION_KEY_REQUIRED"));
});

it("verify reports each chunk that is not its text, and goes on", async () => {
	await store({ key }).write(text);
	const { sha: good } = await store().write("good");
	const swapped = shaOf("swapped");
	await writeFile(join(path, `${swapped}.gz`), (await nodeFolder(path).read(`${good}.gz`)) as Uint8Array);
	const reports = async (options: Partial<PampaStoreOptions>) => {
		const found: (readonly [string, string | undefined])[] = [];
		for await (const report of store(options).verify()) found.push([report.sha, report.error?.code]);
		return new Map(found);
	};
	expect(await reports({ key })).toEqual(
		new Map([
			[sha, undefined],
			[good, undefined],
			[swapped, "CHUNK_CONTENT_MISMATCH"],
		]),
	);
	expect((await reports({})).get(sha)).toBe("ENCRYPTION_KEY_REQUIRED");
});

it("gc removes only what nobody needs, nothing when nobody can say, and nothing at all when it is only asked", async () => {
	const { sha: orphan } = await store({ key }).write("orphan");
	await store().write(text);
	const names = [`${orphan}.gz.enc`, `${sha}.gz`].sort();
	await writeFile(join(path, "README.md"), "");
	await writeFile(join(path, `${sha}.gz.tmp-1`), "");
	expect((await store().gc({ needed: [undefined, undefined] })).removed).toEqual([]);
	expect((await store().gc({ needed: [[sha]], dryRun: true })).removed).toEqual([`${orphan}.gz.enc`]);
	expect(await files()).toEqual(["README.md", ...names, `${sha}.gz.tmp-1`].sort());
	const done = await store().gc({ needed: [[sha], ["0".repeat(40)]], removeTemporary: true });
	expect(done).toEqual({ removed: [`${orphan}.gz.enc`], missing: ["0".repeat(40)], temporary: [`${sha}.gz.tmp-1`] });
	expect(await files()).toEqual(["README.md", `${sha}.gz`].sort());
});

it("a crash at any step of a conversion, a rotation or a write leaves the text readable", async () => {
	for (let survives = 0; ; survives++) {
		await rm(path, { recursive: true, force: true });
		await store({ key }).write(text);
		let left = survives;
		const real = nodeFolder(path);
		const step =
			<Args extends unknown[]>(work: (...args: Args) => Promise<void>) =>
			(...args: Args) =>
				left-- > 0 ? work(...args) : Promise.reject(new Error("crash"));
		const folder: Folder = { ...real, write: step(real.write), delete: step(real.delete) };
		const crashing = (given: Uint8Array) => new PampaChunkStore(folder, { ...ports, key: given });
		const work = async () => {
			await crashing(key).convert("plain");
			await crashing(key).convert("encrypted");
			await crashing(key).rotateKey(otherKey);
			await crashing(otherKey).write(text);
		};
		const crashed = await work().then(
			() => false,
			() => true,
		);
		const readable = await Promise.any([store({ key }).getChunk(sha), store({ key: otherKey }).getChunk(sha)]);
		expect([survives, readable]).toEqual([survives, text]);
		if (!crashed) break;
	}
});
