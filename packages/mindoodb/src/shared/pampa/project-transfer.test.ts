import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeAead, nodeFolder, nodeGzip, nodeRandom } from "@mindoodb/formats/node";
import {
	codemapFileName,
	encodeCodemap,
	type Folder,
	normalizeEntry,
	PampaChunkStore,
	shaOf,
} from "@mindoodb/formats/pampa";
import { type AliceAndBob, aliceAndBob, type TestReplica } from "@mindoodb/testing";
import { ImmutableString, memoryStores, nodeEnv } from "mindoodb";
import { ProjectTransfer } from "mindoodb/pampa";
import { afterEach, beforeEach, expect, it } from "vitest";

const ports = { gzip: nodeGzip, aead: nodeAead("aes-256-gcm"), random: nodeRandom };
const key = new Uint8Array(32).fill(9);

let world: AliceAndBob;
let root: string;
let alices: Machine;
let bobs: Machine;

/** A project on a member's machine, and the member's replica of the database. */
class Machine {
	readonly replica: TestReplica;
	readonly path: string;
	readonly chunks;

	constructor(replica: TestReplica) {
		this.replica = replica;
		this.path = join(root, replica.name);
		this.chunks = nodeFolder(join(this.path, "chunks"));
	}

	async transfer(more: { key?: Uint8Array; chunks?: Folder } = {}): Promise<ProjectTransfer> {
		const db = await this.replica.db("code");
		const base = { folder: nodeFolder(this.path), name: "base.json" };
		return new ProjectTransfer({ db, project: nodeFolder(this.path), chunks: this.chunks, base, ...ports, ...more });
	}

	/** Writes a text as a chunk. */
	async write(text: string, withKey?: Uint8Array): Promise<string> {
		return (await new PampaChunkStore(this.chunks, { ...ports, ...(withKey && { key: withKey }) }).write(text)).sha;
	}

	async setEntries(entries: Readonly<Record<string, object>>): Promise<void> {
		const codemap = new Map(Object.entries(entries).map(([id, entry]) => [id, normalizeEntry(entry)]));
		await nodeFolder(this.path).write(codemapFileName, new TextEncoder().encode(encodeCodemap(codemap)));
	}

	async entries(): Promise<Record<string, Record<string, unknown>>> {
		return JSON.parse(await readFile(join(this.path, codemapFileName), "utf8"));
	}

	async files(): Promise<string[]> {
		return (await readdir(join(this.path, "chunks")).catch(() => [])).sort();
	}

	async push(options = {}) {
		return (await this.transfer()).push(options);
	}

	async pull(options = {}) {
		return (await this.transfer()).pull(options);
	}
}

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "mindoodb-pampa-transfer-"));
	world = await aliceAndBob({ env: await nodeEnv(), newStores: (of) => memoryStores(of) });
	const { alice, bob } = world;
	for (const each of alice.keyBag.getAllKeys("default")) bob.keyBag.set("default", each, bob.clock.now());
	[alices, bobs] = [new Machine(alice), new Machine(bob)];
	await level();
});

afterEach(async () => {
	await world.fixture.close();
	await rm(root, { recursive: true });
});

const level = () => bobs.replica.level(alices.replica, ["code"]);
const nothing = { written: [], removed: [], conflicts: [] };

/** Both have two chunks with an entry each. */
async function share(): Promise<[string, string]> {
	const shas: [string, string] = [await alices.write("one"), await alices.write("two")];
	await alices.setEntries({ a: { sha: shas[0], lang: "ts" }, b: { sha: shas[1], lang: "ts" } });
	await alices.push();
	await level();
	await bobs.pull();
	return shas;
}

it("a project comes to another machine with equal contents, and a second push writes nothing", async () => {
	const plain = await alices.write("export const one = 1;");
	const sealed = await alices.write("export const two = 2;", key);
	await alices.setEntries({
		"a.ts:one": {
			sha: plain,
			file: "a.ts",
			symbol: "one",
			synonyms: ["uno"],
			mine: { deep: [1, null] },
			constructor: 1,
		},
		"b.ts:two": { sha: sealed, file: "b.ts", encrypted: true },
		__proto__x: { sha: plain },
	});
	const pushed = await alices.push();
	expect(pushed).toMatchObject({ unverified: 1, failed: [], withoutChunk: [], damaged: [], databaseConflicts: [] });
	expect([pushed.entries.written, pushed.chunks.written]).toEqual([
		["__proto__x", "a.ts:one", "b.ts:two"],
		[plain, sealed].sort(),
	]);
	const db = await alices.replica.db("code");
	const cursor = db.changeCursor;
	expect(await alices.push()).toMatchObject({ entries: nothing, chunks: nothing });
	expect(db.changeCursor).toBe(cursor);

	await level();
	expect((await bobs.pull({ dryRun: true })).chunks.written).toHaveLength(2);
	expect(await readdir(root)).toEqual([alices.replica.name]);
	await (await bobs.transfer({ key })).pull();
	expect(await bobs.files()).toEqual([`${plain}.gz`, `${sealed}.gz.enc`].sort());
	for (const name of await bobs.files()) expect(await bobs.chunks.read(name)).toEqual(await alices.chunks.read(name));
	const codemapOf = (machine: Machine) => readFile(join(machine.path, codemapFileName), "utf8");
	expect(JSON.parse(await codemapOf(bobs))).toEqual(JSON.parse(await codemapOf(alices)));
	expect(await bobs.pull()).toMatchObject({ entries: nothing, chunks: nothing });
	expect(await bobs.push()).toMatchObject({ entries: nothing, chunks: nothing });
});

it("the codemap comes byte for byte where it has the fields that everybody knows", async () => {
	await share();
	const [hers, his] = [alices, bobs].map(({ path }) => readFile(join(path, codemapFileName), "utf8"));
	expect(await his).toBe(await hers);
});

it("pushes of two machines merge field by field, and removals travel", async () => {
	const [one, two] = await share();
	const three = await alices.write("three");
	await alices.setEntries({
		a: { sha: one, lang: "go", last_used_at: "2024-02-02T00:00:00.000Z" },
		b: { sha: two, lang: "ts" },
		c: { sha: three },
	});
	await bobs.setEntries({ a: { sha: one, lang: "ts", synonyms: ["x"], last_used_at: "2024-01-01T00:00:00.000Z" } });
	await bobs.chunks.delete(`${two}.gz`);
	await alices.push();
	const { entries, chunks } = await bobs.push();
	expect([entries.removed, chunks.removed]).toEqual([["b"], [two]]);
	await level();
	for (const machine of [alices, bobs]) {
		expect(await machine.pull()).toMatchObject({ entries: { conflicts: [] }, databaseConflicts: [] });
	}
	for (const machine of [alices, bobs]) {
		expect(await machine.files()).toEqual([`${one}.gz`, `${three}.gz`].sort());
		expect(Object.keys(await machine.entries())).toEqual(["a", "c"]);
		expect((await machine.entries()).a).toMatchObject({ lang: "go", synonyms: ["x"] });
	}
});

it("what both changed differently is told and stays on both sides, unless one is to count", async () => {
	const [one, two] = await share();
	const her = { a: { sha: one, lang: "go" } };
	const his = { a: { sha: one, lang: "rust" }, b: { sha: two, lang: "c" } };
	await alices.setEntries(her);
	await bobs.setEntries(his);
	await alices.push();
	await level();
	const conflicts = [
		{ name: "a", fields: ["lang"] },
		{ name: "b", fields: expect.arrayContaining(["lang"]) },
	];
	for (const result of [await bobs.pull(), await bobs.push()]) {
		expect(result.entries).toMatchObject({ written: [], removed: [], conflicts });
	}
	expect(await bobs.entries()).toMatchObject(his);
	await bobs.push({ overwrite: true });
	await level();
	expect((await alices.pull()).entries).toEqual({ written: ["a", "b"], removed: [], conflicts: [] });
	expect(await alices.entries()).toMatchObject(his);
});

it("what machines wrote apart into the database is joined, told, and settled by the next push", async () => {
	const sha = await alices.write("one");
	expect(await bobs.write("one")).toBe(sha);
	await alices.setEntries({ a: { sha, lang: "go" } });
	await bobs.setEntries({ a: { sha, lang: "rust" } });
	await alices.push();
	await bobs.push();
	await level();
	const db = await bobs.replica.db("code");
	expect(await db.getAllDocumentIds()).toHaveLength(4);
	const told = [{ name: "a", fields: ["lang"] }];
	const [hers, his] = [await alices.pull(), await bobs.pull()];
	expect([hers.databaseConflicts, his.databaseConflicts]).toEqual([told, told]);
	expect((await bobs.entries()).a?.lang).toBe((await alices.entries()).a?.lang);

	await alices.setEntries({ a: { sha, lang: "c" } });
	await alices.push();
	await level();
	expect(await db.getAllDocumentIds()).toHaveLength(3);
	expect((await bobs.pull()).databaseConflicts).toEqual([]);
	await alices.setEntries({ a: { sha, lang: "java" } });
	await bobs.setEntries({ a: { sha, lang: "perl" } });
	await alices.push();
	await bobs.push();
	await level();
	expect((await bobs.pull()).databaseConflicts).toEqual(told);
});

it("a pull removes nothing that the database never had, unless it is asked to", async () => {
	const [one] = await share();
	const mine = await bobs.write("mine");
	const entries = await bobs.entries();
	await bobs.setEntries({ ...entries, mine: { sha: mine } });
	await writeFile(join(bobs.path, "chunks", "README"), "of somebody else");
	expect(await bobs.pull()).toMatchObject({ entries: nothing, chunks: nothing });
	const asked = await bobs.pull({ prune: true, dryRun: true });
	expect([asked.entries.removed, asked.chunks.removed]).toEqual([["mine"], [mine]]);
	expect(Object.keys(await bobs.entries())).toEqual(["a", "b", "mine"]);
	await bobs.pull({ prune: true });
	expect(Object.keys(await bobs.entries())).toEqual(["a", "b"]);
	expect(await bobs.files()).toHaveLength(3);
	expect(await bobs.files()).toContain("README");
	expect(await bobs.files()).toContain(`${one}.gz`);
});

it("a chunk stays while an entry of the other side needs it, and goes back", async () => {
	const [one, two] = await share();
	await alices.setEntries({ b: { sha: two, lang: "ts" } });
	await alices.chunks.delete(`${one}.gz`);
	await alices.push();
	await level();
	await bobs.setEntries({ ...(await bobs.entries()), z: { sha: one } });
	expect((await bobs.pull()).chunks.removed).toEqual([]);
	expect((await bobs.push()).chunks.written).toEqual([one]);
	await level();
	await alices.pull();
	expect(await alices.files()).toEqual([`${one}.gz`, `${two}.gz`].sort());
	expect(Object.keys(await alices.entries())).toEqual(["b", "z"]);
});

it("a chunk that changed its form brings the new one along, and removes the other", async () => {
	const [one, two] = await share();
	await new PampaChunkStore(alices.chunks, { ...ports, key }).convert("encrypted");
	expect((await alices.push()).chunks.written).toEqual([one, two].sort());
	await level();
	await bobs.pull();
	expect(await bobs.files()).toEqual([`${one}.gz.enc`, `${two}.gz.enc`].sort());
	expect((await new PampaChunkStore(bobs.chunks, { ...ports, key }).read(one))?.code).toBe("one");
});

it("machines that encrypted the same text each keep their bytes of it, and nobody is asked", async () => {
	const sha = await alices.write("one", key);
	await bobs.write("one", key);
	const before = await bobs.chunks.read(`${sha}.gz.enc`);
	await alices.push();
	await level();
	for (const result of [await bobs.pull(), await bobs.push()]) expect(result.chunks).toEqual(nothing);
	expect(await bobs.chunks.read(`${sha}.gz.enc`)).toEqual(before);
	expect((await bobs.pull({ overwrite: true })).chunks.written).toEqual([sha]);
	expect(await bobs.chunks.read(`${sha}.gz.enc`)).toEqual(await alices.chunks.read(`${sha}.gz.enc`));
});

it("a file that is too large for a document is told and hinders nothing", async () => {
	const sha = await alices.write("one");
	const large = shaOf("large");
	await alices.chunks.write(`${large}.gz.enc`, new Uint8Array(2 ** 24 + 1));
	const { chunks, failed } = await alices.push();
	expect([chunks.written, failed]).toEqual([
		[sha],
		[{ sha: large, error: expect.objectContaining({ code: "CHUNK_TOO_LARGE" }) }],
	]);
});

it("chunks that are not what their name says are told and do not travel, nor do entries that need them", async () => {
	const [one, two] = await share();
	const [bad, other] = [shaOf("bad"), shaOf("other")];
	const text = (await alices.chunks.read(`${one}.gz`)) as Uint8Array;
	await alices.chunks.write(`${bad}.gz`, text);
	await alices.setEntries({ ...(await alices.entries()), bad: { sha: bad } });
	expect(await alices.push()).toMatchObject({
		failed: [{ sha: bad, error: { code: "CHUNK_CONTENT_MISMATCH" } }],
		withoutChunk: ["bad"],
		chunks: nothing,
		entries: nothing,
	});
	const db = await alices.replica.db("code");
	const chunk = (sha: string, encrypted: boolean, file: unknown) =>
		db.createDocument({ form: new ImmutableString("pampa-chunk"), sha: new ImmutableString(sha), encrypted, file });
	const entry = (id: string, sha: string) =>
		db.createDocument({
			form: new ImmutableString("pampa-entry"),
			id: new ImmutableString(id),
			"field.sha": new ImmutableString(JSON.stringify(sha)),
		});
	await chunk(bad, false, text);
	await chunk(other, true, text);
	await chunk("../../escape", false, text);
	await chunk(shaOf("x"), false, 7);
	await db.createDocument({ form: new ImmutableString("pampa-entry"), id: new ImmutableString("x"), "field.a": "{" });
	await entry("bad", bad);
	await db.createDocument({
		form: new ImmutableString("pampa-entry"),
		id: new ImmutableString("deep"),
		"field.deep": new ImmutableString("[".repeat(40) + "]".repeat(40)),
	});
	await level();
	const pulled = await (await bobs.transfer({ key })).pull();
	expect(pulled.failed.map(({ sha, error }) => [sha, error.code]).sort()).toEqual(
		[
			[bad, "CHUNK_CONTENT_MISMATCH"],
			[other, "ENCRYPTION_PAYLOAD_INVALID"],
		].sort(),
	);
	expect(pulled).toMatchObject({ withoutChunk: ["bad"], entries: nothing, chunks: nothing });
	expect(pulled.damaged).toHaveLength(4);
	expect(await bobs.files()).toEqual([`${one}.gz`, `${two}.gz`].sort());
});

it("a pull that ends half-way leaves the codemap as it was, and is done again", async () => {
	const [one, two] = await share();
	const shas = [await alices.write("three"), await alices.write("four")];
	await alices.setEntries({ a: { sha: one }, c: { sha: shas[0] }, d: { sha: shas[1] } });
	await alices.chunks.delete(`${two}.gz`);
	await alices.push();
	await level();
	const before = await bobs.entries();
	let writes = 0;
	const full: Folder = {
		...bobs.chunks,
		write: async (name, bytes) => {
			if (++writes > 1) throw new Error("disk full");
			await bobs.chunks.write(name, bytes);
		},
	};
	await expect((await bobs.transfer({ chunks: full })).pull()).rejects.toThrow("disk full");
	expect(await bobs.entries()).toEqual(before);
	expect(await bobs.files()).toContain(`${two}.gz`);
	expect((await bobs.pull()).chunks.removed).toEqual([two]);
	expect(await bobs.files()).toEqual(await alices.files());
	expect(await bobs.entries()).toEqual(await alices.entries());
});

it("a transfer that was cut short is done again, and a damaged record stops it", async () => {
	const [one, two] = await share();
	const three = await bobs.write("three");
	await bobs.setEntries({ ...(await bobs.entries()), c: { sha: three } });
	const before = await readFile(join(bobs.path, "base.json"));
	await bobs.push();
	await writeFile(join(bobs.path, "base.json"), before);
	expect(await bobs.push()).toMatchObject({ entries: nothing, chunks: nothing });
	await bobs.setEntries({ a: { sha: one } });
	await bobs.chunks.delete(`${three}.gz`);
	await bobs.chunks.delete(`${two}.gz`);
	expect((await bobs.push()).chunks.removed).toEqual([two, three].sort());
	for (const text of [
		"",
		"[]",
		"null",
		'{"version":2,"entries":{},"chunks":{}}',
		'{"version":1,"entries":{"a":{"b":1}},"chunks":{}}',
	]) {
		await writeFile(join(bobs.path, "base.json"), text);
		await expect(bobs.push()).rejects.toMatchObject({ name: "FormatError" });
	}
});
