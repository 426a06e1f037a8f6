import {
	type AliceAndBob,
	aliceAndBob,
	type CountingLevel,
	countingLevel,
	faultyLevel,
	lyingStore,
} from "@mindoodb/testing";
import { MemoryLevel } from "memory-level";
import { memoryStores, nodeEnv } from "mindoodb";
import { beforeEach, describe, expect, it } from "vitest";
import { equalBytes } from "../../bytes/compare.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex } from "../../bytes/hex.js";
import type { Entry } from "../../entry/entry.js";
import type { Level } from "../../store/level.js";
import { openLevelStore } from "../../store/level-store.js";
import { contentKey } from "../../store/row-keys.js";
import type { LocalStore } from "../../store/store.js";
import type { MindooDB } from "../mindoo-db.js";
import type { MindooDoc } from "../mindoo-doc.js";
import type { AttachmentEdits } from "./attachment-edits.js";
import { encodeContent, referencesOf } from "./attachment-reference.js";

type Forged = { _attachments: Record<string, { content: Uint8Array }> };

const chunkSize = 16_384;
const day = 24 * 60 * 60 * 1000;

let place: AliceAndBob;
let files: MindooDB;
let chunks: LocalStore;
let doc: MindooDoc;
const engine = () => {
	const options = { keyEncoding: "view", valueEncoding: "view", storeEncoding: "view" } as const;
	const faulty = faultyLevel(new MemoryLevel<Uint8Array, Uint8Array>(options));
	return { faulty, counting: countingLevel(faulty.level) };
};
let at: ReturnType<typeof engine>;
/** Engines of the members' own stores. */
let engines: CountingLevel[];

beforeEach(async () => {
	engines = [];
	const wrapLevel = (level: Level) => {
		const counting = countingLevel(level);
		engines.push(counting);
		return counting.level;
	};
	place = await aliceAndBob({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto, { wrapLevel }) });
	const { env, tenant } = place.alice;
	at = engine();
	const { tenantRoot } = tenant.identity;
	chunks = await openLevelStore(at.counting.level, {
		crypto: env.crypto,
		random: env.crypto,
		tenantRoot,
		dbId: "files",
	});
	files = await tenant.openDB("files", { attachmentStore: chunks, chunkSize });
	doc = await files.createDocument({ title: "Minutes" });
});

/** Bytes of which no two chunks are alike. */
function bytes(length: number, seed = 1): Uint8Array {
	const words = new Uint32Array(Math.ceil(length / 4));
	let state = seed;
	for (let i = 0; i < words.length; i++) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
		words[i] = state;
	}
	return new Uint8Array(words.buffer, 0, length);
}

const pulled = new Error("the cable was pulled");
const fails = (): never => {
	throw pulled;
};
const endsBadly = (): never => {
	throw new Error("it will not end");
};

const read = async (db = files, id = doc.id) => (await db.getDocument(id)) as MindooDoc;
const edit = (work: (attachments: AttachmentEdits) => void | Promise<void>) =>
	files.changeDoc(doc, (_, attachments) => work(attachments));

async function add(data: Uint8Array, db = files, to = doc.id): Promise<string> {
	let id = "";
	await db.changeDoc(to, async (_, attachments) => {
		id = await attachments.addAttachment(data, "minutes.txt", "text/plain");
	});
	return id;
}

async function gather(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
	const pieces: Uint8Array[] = [];
	for await (const piece of stream) pieces.push(piece);
	return concatBytes(...pieces);
}

async function expectBytes(found: Promise<Uint8Array>, expected: Uint8Array): Promise<void> {
	expect(equalBytes(await found, expected)).toBe(true);
}

const entriesOf = async (store: LocalStore) => (await store.findNewEntries([])) as Entry[];

/** What nobody needs, looked at when everything staged is old enough. */
async function leftStaged(): Promise<number> {
	place.alice.clock.advance(2 * day);
	return (await files.collectGarbage({ dryRun: true })).contents;
}

describe("reading", () => {
	it("an attachment is listed, read whole, in part and as a stream", async () => {
		const data = bytes(100_000);
		const id = await add(data);
		const found = await read();
		expect(found.getAttachments()).toEqual([{ id, fileName: "minutes.txt", mimeType: "text/plain", size: 100_000 }]);
		await expectBytes(found.getAttachment(id), data);
		await expectBytes(found.getAttachmentRange(id, 16_380, 32_770), data.slice(16_380, 32_770));
		await expectBytes(gather(found.streamAttachment(id, 50_000)), data.slice(50_000));
		expect(await found.getAttachmentRange(id, 7, 7)).toHaveLength(0);
	});

	it("ranges that are out of bounds, negative, reversed or no numbers are refused", async () => {
		const id = await add(bytes(1000));
		const found = await read();
		for (const [start, end] of [
			[0, 1001],
			[-1, 5],
			[5, 4],
			[0.5, 4],
			[Number.NaN, 4],
			[0, Number.NaN],
			[0, Number.POSITIVE_INFINITY],
			[Number.NEGATIVE_INFINITY, 4],
			[2 ** 53, 2 ** 53],
			[1001, 1001],
		] as const) {
			await expect(found.getAttachmentRange(id, start, end)).rejects.toMatchObject({ code: "usage" });
		}
		for (const offset of [1001, -1, 0.5, Number.NaN]) {
			await expect(gather(found.streamAttachment(id, offset))).rejects.toMatchObject({ code: "usage" });
		}
		await expect(found.getAttachment("nothing")).rejects.toMatchObject({ code: "not-found" });
	});

	it("a file of zero bytes has no chunks; names are kept as they are", async () => {
		const names = ["../../etc/passwd", "a\0b", "😀".repeat(75), ""];
		await edit(async (attachments) => {
			for (const name of names) await attachments.addAttachment(new Uint8Array(0), name, "text/plain");
		});
		const found = await read();
		expect(
			found
				.getAttachments()
				.map(({ fileName }) => fileName)
				.sort(),
		).toEqual([...names].sort());
		for (const { id, size } of found.getAttachments()) {
			expect(size).toBe(0);
			expect(await found.getAttachment(id)).toHaveLength(0);
			expect(await gather(found.streamAttachment(id))).toHaveLength(0);
		}
		expect(await entriesOf(chunks)).toHaveLength(0);
	});

	it("a name with half a character in it is shown alike by everybody, as other texts are", async () => {
		await edit(async (attachments) => {
			await attachments.addAttachment(new Uint8Array(0), "a\ud800b", "text/plain\udc00");
			expect(attachments.getAttachments()).toMatchObject([{ fileName: "a\ufffdb", mimeType: "text/plain\ufffd" }]);
		});
		const named = [{ fileName: "a\ufffdb", mimeType: "text/plain\ufffd" }];
		expect((await read()).getAttachments()).toMatchObject(named);
		await place.bob.level(place.alice, ["files"]);
		expect((await read(await place.bob.db("files"))).getAttachments()).toMatchObject(named);
	});

	it("a missing chunk is named, and ranges on both sides of it are read", async () => {
		const data = bytes(5 * chunkSize);
		const id = await add(data);
		const found = await read();
		await found.getAttachmentRange(id, 0, 1);
		const lost = (await entriesOf(chunks))[2] as Entry;
		await at.faulty.damage(contentKey(lost.common.contentHash), () => undefined);
		await expect(found.getAttachment(id)).rejects.toMatchObject({ code: "store-damaged", data: { hash: lost.hash } });
		await expectBytes(found.getAttachmentRange(id, 0, 2 * chunkSize), data.slice(0, 2 * chunkSize));
		await expectBytes(found.getAttachmentRange(id, 3 * chunkSize, 5 * chunkSize), data.slice(3 * chunkSize));
	});

	it("without the entry of a chunk what follows it is read, and the error names it", async () => {
		const data = bytes(5 * chunkSize);
		const id = await add(data);
		const lost = (await entriesOf(chunks))[2] as Entry;
		await at.faulty.damage(concatBytes(Uint8Array.of(0x11), fromHex(lost.hash, 32).slice(0, 24)), () => undefined);
		await at.faulty.damage(Uint8Array.of(0x10, 0, 0, 0, 0, 0, 3), () => undefined);
		const found = await read();
		await expectBytes(found.getAttachmentRange(id, 3 * chunkSize, 5 * chunkSize), data.slice(3 * chunkSize));
		await expect(found.getAttachmentRange(id, 0, 9)).rejects.toMatchObject({
			code: "chunk-missing",
			data: { hash: lost.hash },
		});
	});

	it("a reference that truncates, extends, borrows or repeats chunks is noticed", async () => {
		const size = 4 * chunkSize;
		const id = await add(bytes(size));
		const other = await files.createDocument();
		await add(bytes(size, 7), files, other.id);
		const entries = await entriesOf(chunks);
		const hashes = entries.filter(({ common }) => common.docId === doc.id).map(({ hash }) => hash);
		const borrowed = entries.filter(({ common }) => common.docId === other.id).at(-1)?.hash;
		const document = (await files.getAllChangeHashesForDoc(doc.id))[0];
		for (const [lied, lastChunk, code] of [
			[size, hashes[2], "trust"],
			[3 * chunkSize, hashes[3], "trust"],
			[size + 1, hashes[3], "trust"],
			[2 ** 52, hashes[3], "trust"],
			[size, borrowed, "trust"],
			[size, document, "chunk-missing"],
		] as const) {
			await files.changeDoc<Forged>(doc, ({ _attachments }) => {
				(_attachments[id] as { content: Uint8Array }).content = encodeContent({ size: lied, lastChunk });
			});
			await expect((await read()).getAttachment(id)).rejects.toMatchObject({ code });
			await expect((await read()).getAttachmentRange(id, 0, 1)).rejects.toMatchObject({ code });
		}
	});

	it("bytes that were put in the place of a chunk's are noticed", async () => {
		const id = await add(bytes(3 * chunkSize));
		const entries = await entriesOf(chunks);
		const [first, second] = entries.map(({ common }) => contentKey(common.contentHash)) as [Uint8Array, Uint8Array];
		const other = (await at.counting.level.get(second)) as Uint8Array;
		await at.faulty.damage(first, () => other.slice());
		await expect((await read()).getAttachment(id)).rejects.toMatchObject({
			code: "store-damaged",
			data: { hash: entries[0]?.hash },
		});
	});
});

describe("appending", () => {
	it("lesson 27: a byte range is right after an append to a partly filled chunk", async () => {
		const parts = [bytes(20_000, 1), bytes(1, 2), bytes(33_333, 3), bytes(16_384, 4), bytes(5, 5)];
		const id = await add(parts[0] as Uint8Array);
		for (const part of parts.slice(1)) await edit((attachments) => attachments.appendToAttachment(id, part));
		const all = concatBytes(...parts);
		const found = await read();
		expect(found.getAttachments()[0]?.size).toBe(all.length);
		await expectBytes(found.getAttachment(id), all);
		for (const [start, end] of [
			[19_990, 20_010],
			[20_000, 20_001],
			[53_330, 53_340],
			[1, all.length],
		] as const) {
			await expectBytes(found.getAttachmentRange(id, start, end), all.slice(start, end));
		}
	});

	it("an earlier revision reads the attachment as it was, also after it was removed", async () => {
		const data = bytes(20_000);
		const id = await add(data);
		const before = await read();
		await edit((attachments) => attachments.appendToAttachment(id, bytes(7)));
		await edit((attachments) => attachments.removeAttachment(id));
		expect((await read()).getAttachments()).toEqual([]);
		await expectBytes(before.getAttachment(id), data);
	});

	it("is refused behind what is no chunk of the document, or its bytes could never be read", async () => {
		const id = await add(bytes(10));
		const other = await files.createDocument();
		await add(bytes(10, 7), files, other.id);
		const borrowed = (await entriesOf(chunks)).find(({ common }) => common.docId === other.id)?.hash;
		await files.changeDoc<Forged>(doc, ({ _attachments }) => {
			(_attachments[id] as { content: Uint8Array }).content = encodeContent({ size: 10, lastChunk: borrowed });
		});
		const appending = edit((attachments) => attachments.appendToAttachment(id, bytes(5)));
		await expect(appending).rejects.toMatchObject({ code: "trust", data: { hash: borrowed } });
	});

	it("several appends of one edit follow one another", async () => {
		let id = "";
		await edit(async (attachments) => {
			id = await attachments.addAttachment(bytes(20_000), "log", "text/plain");
			await attachments.appendToAttachment(id, bytes(20_000, 2));
			await expectBytes(
				attachments.getAttachmentRange(id, 19_999, 20_001),
				concatBytes(bytes(20_000).slice(-1), bytes(1, 2)),
			);
		});
		await expectBytes((await read()).getAttachment(id), concatBytes(bytes(20_000), bytes(20_000, 2)));
	});

	it("after a thousand odd appends a range costs few reads, in a store that was just opened too", async () => {
		const parts = Array.from({ length: 1000 }, (_, i) => bytes(1 + ((i * 37) % 101), i));
		const id = await add(new Uint8Array(0));
		for (const [i, part] of parts.entries()) {
			await edit((attachments) => attachments.appendToAttachment(id, part));
			// Read in between, so that each append has a run of its own.
			if (i % 3 === 0) await (await read()).getAttachmentRange(id, 0, 1);
		}
		const all = concatBytes(...parts);
		await (await read()).getAttachmentRange(id, 0, 1);
		const { env, tenant } = place.alice;
		const { tenantRoot } = tenant.identity;
		await files.close();
		const options = { crypto: env.crypto, random: env.crypto, tenantRoot, dbId: "files" };
		await at.counting.level.open();
		const again = await tenant.openDB("files", { attachmentStore: await openLevelStore(at.counting.level, options) });
		const found = await read(again);
		at.counting.reset();
		for (const start of [3, 25_000])
			await expectBytes(found.getAttachmentRange(id, start, start + 10), all.slice(start, start + 10));
		expect(at.counting.counts.reads).toBeLessThan(100);
	}, 120_000);
});

describe("one store of bytes", () => {
	it("the same file in another document, and by another member, is stored once; under another key it is different bytes", async () => {
		const data = bytes(10 * chunkSize);
		await add(data);
		const hashes = async () => new Set((await entriesOf(chunks)).map(({ common }) => common.contentHash)).size;
		at.counting.reset();
		await add(data, files, (await files.createDocument()).id);
		expect(at.counting.counts.bytesWritten).toBeLessThan(20_000);
		expect(await hashes()).toBe(10);
		await place.bob.level(place.alice, ["files"]);
		const theirs = await place.bob.tenant.openDB("files", {});
		const id = await add(data, theirs, (await theirs.createDocument()).id);
		expect(id).toHaveLength(22);
		await files.pullChangesFrom(theirs.store);
		place.alice.keyBag.set("secret", bytes(32), place.alice.clock.now());
		await place.alice.keyBag.settled();
		await add(data, files, (await files.createEncryptedDocument("secret")).id);
		expect(await hashes()).toBeGreaterThanOrEqual(20);
	});

	it("the same file is sent once", async () => {
		const { alice, bob, notes } = place;
		await bob.level(alice);
		const theirs = (await bob.db()).store;
		let sent = 0;
		const counting = lyingStore(theirs, {
			putEntries: (entries) => {
				for (const entry of entries) sent += entry.kind === "entry" ? (entry.payload?.length ?? 0) : 0;
				return theirs.putEntries(entries);
			},
		});
		const data = bytes(500_000);
		await add(data, notes, (await notes.createDocument()).id);
		await notes.pushChangesTo(counting);
		expect(sent).toBeGreaterThan(500_000);
		sent = 0;
		const again = await notes.createDocument();
		const id = await add(data, notes, again.id);
		expect((await notes.pushChangesTo(counting)).refused).toEqual([]);
		expect(sent).toBeLessThan(2_000);
		await expectBytes((await read(await bob.db(), again.id)).getAttachment(id), data);
	});

	it("a document is brought up without reading its attachments' bytes, in one store too", async () => {
		const { alice, notes } = place;
		const data = bytes(3_000_000);
		const own = await notes.createDocument();
		await add(data, notes, own.id);
		await place.bob.level(alice);
		await place.bob.reopen();
		for (const each of engines) each.reset();
		const theirs = await place.bob.db();
		expect((await read(theirs, own.id)).getAttachments()).toHaveLength(1);
		await theirs.changeDoc(own.id, (draft) => {
			draft.title = "changed";
		});
		expect(Math.max(...engines.map(({ counts }) => counts.bytesRead))).toBeLessThan(100_000);
		const id = (await read(theirs, own.id)).getAttachments()[0]?.id as string;
		await expectBytes((await read(theirs, own.id)).getAttachment(id), data);
	});
});

describe("two members", () => {
	it("both first attachments of a document are there, and each can be appended to and removed", async () => {
		const { alice, bob, notes } = place;
		const own = await notes.createDocument();
		await bob.level(alice);
		const theirs = await bob.db();
		const [a, b] = [await add(bytes(100), notes, own.id), await add(bytes(200, 2), theirs, own.id)];
		await bob.level(alice);
		for (const db of [notes, theirs]) {
			const found = await read(db, own.id);
			expect(new Set(found.getAttachments().map(({ id }) => id))).toEqual(new Set([a, b]));
			await expectBytes(found.getAttachment(a), bytes(100));
			await expectBytes(found.getAttachment(b), bytes(200, 2));
		}
		for (const id of [a, b])
			await notes.changeDoc(own.id, (_, attachments) => attachments.appendToAttachment(id, bytes(9, 3)));
		expect(
			(await read(notes, own.id))
				.getAttachments()
				.map(({ size }) => size)
				.sort(),
		).toEqual([109, 209]);
		for (const id of [a, b]) await notes.changeDoc(own.id, (_, attachments) => attachments.removeAttachment(id));
		expect((await read(notes, own.id)).getAttachments()).toEqual([]);
		expect(referencesOf((await read(notes, own.id)).getData())).toEqual(new Map());
	});

	it("a store of chunks is levelled with a replica that has one store, both ways", async () => {
		const data = bytes(100_000);
		const id = await add(data);
		await files.pushChangesTo((await place.bob.db("files")).store);
		const theirs = await place.bob.db("files");
		await expectBytes((await read(theirs)).getAttachment(id), data);
		let answer = "";
		await theirs.changeDoc(doc.id, async (_, attachments) => {
			answer = await attachments.addAttachment(bytes(50_000, 5), "answer", "text/plain");
		});
		expect((await files.pullChangesFrom(theirs.store)).refused).toEqual([]);
		await expectBytes((await read()).getAttachment(answer), bytes(50_000, 5));
		expect((await entriesOf(chunks)).every(({ fields }) => fields?.entryType === "attachment_chunk")).toBe(true);
		const late = await files.attachmentStore?.hasEntries((await entriesOf(chunks)).map(({ hash }) => hash));
		expect(late).toHaveLength((await entriesOf(chunks)).length);
	});
});

describe("uploads that come to nothing", () => {
	it("a stream that fails half-way leaves the document and the store as they were", async () => {
		async function* source() {
			yield bytes(40 * chunkSize);
			await new Promise((resolve) => setTimeout(resolve, 1));
			yield bytes(40 * chunkSize, 2);
			throw pulled;
		}
		await expect(
			edit(async (attachments) => {
				await attachments.addAttachmentStream(source(), "film", "video/mp4");
			}),
		).rejects.toBe(pulled);
		expect((await read()).getAttachments()).toEqual([]);
		expect(await entriesOf(chunks)).toEqual([]);
		expect(await leftStaged()).toBe(0);
	});

	it.each([
		["throws where it is asked for more", () => ({ next: fails })],
		["throws when it is told to end, too", () => ({ next: fails, return: endsBadly })],
		["ends with no promise", () => ({ next: fails, return: () => ({ done: true, value: undefined }) })],
		["cannot even begin", fails],
		["rejects", () => ({ next: () => Promise.reject(pulled) })],
	])("a source that %s leaves nothing, and its own error is the one that is told", async (_, begin) => {
		let given = 0;
		const source = {
			[Symbol.asyncIterator]() {
				const inner = begin() as AsyncIterator<Uint8Array>;
				const next = async () => ({ done: false, value: bytes(40 * chunkSize, given) });
				return { ...inner, next: () => (given++ < 2 ? next() : inner.next()) } as AsyncIterator<Uint8Array>;
			},
		};
		await expect(
			edit(async (attachments) => {
				await attachments.addAttachmentStream(source, "film", "video/mp4");
			}),
		).rejects.toBe(pulled);
		expect((await read()).getAttachments()).toEqual([]);
		expect(await entriesOf(chunks)).toEqual([]);
		expect(await leftStaged()).toBe(0);
	});

	it("an edit that catches what a stream failed with goes on without it", async () => {
		await edit(async (attachments) => {
			const failing = attachments.addAttachmentStream({ [Symbol.asyncIterator]: fails }, "film", "video/mp4");
			await expect(failing).rejects.toBe(pulled);
			await attachments.addAttachment(bytes(100_000), "kept", "text/plain");
		});
		expect((await read()).getAttachments()).toMatchObject([{ fileName: "kept", size: 100_000 }]);
		expect(await leftStaged()).toBe(0);
	});

	it.each([undefined, 5, [bytes(3)], "text", {}])("what is no stream (%j) is a typed error", async (source) => {
		const refused = edit(async (attachments) => {
			await attachments.addAttachmentStream(source as never, "film", "video/mp4");
		});
		await expect(refused).rejects.toMatchObject({ name: "UsageError" });
		expect(await leftStaged()).toBe(0);
	});

	it("a signal that was given before the upload ends it, and the source is told", async () => {
		const cancelled: unknown[] = [];
		const source = new ReadableStream<Uint8Array>({
			pull: (controller) => controller.enqueue(bytes(chunkSize)),
			cancel: (reason) => {
				cancelled.push(reason);
			},
		});
		await expect(
			edit(async (attachments) => {
				await attachments.addAttachmentStream(source, "film", "video/mp4", { signal: AbortSignal.abort(pulled) });
			}),
		).rejects.toBe(pulled);
		expect(cancelled).toHaveLength(1);
		expect(await leftStaged()).toBe(0);
	});

	it("an upload is cancelled while its source gives nothing", async () => {
		const control = new AbortController();
		let ended = false;
		async function* source() {
			try {
				yield bytes(200 * chunkSize);
				control.abort(new Error("enough"));
				await new Promise(() => {});
			} finally {
				ended = true;
			}
		}
		const { signal } = control;
		await expect(
			edit(async (attachments) => {
				await attachments.addAttachmentStream(source(), "film", "video/mp4", { signal });
			}),
		).rejects.toThrow("enough");
		expect(ended).toBe(false);
		expect(await leftStaged()).toBe(0);
	});

	it("a callback that throws after the upload leaves nothing, and what is removed again is not stored", async () => {
		await expect(
			edit(async (attachments) => {
				await attachments.addAttachment(bytes(100_000), "film", "video/mp4");
				throw new Error("no");
			}),
		).rejects.toThrow("no");
		await edit(async (attachments) => {
			attachments.removeAttachment(await attachments.addAttachment(bytes(100_000), "film", "video/mp4"));
		});
		expect(await entriesOf(chunks)).toEqual([]);
		expect(await leftStaged()).toBe(0);
	});

	it("a call that nobody awaits is waited for, and none is taken outside of the callback", async () => {
		let kept: AttachmentEdits | undefined;
		await edit((attachments) => {
			kept = attachments;
			attachments.addAttachment(bytes(50_000), "film", "video/mp4");
		});
		expect((await read()).getAttachments()).toHaveLength(1);
		await expect(kept?.addAttachment(bytes(5), "late", "text/plain")).rejects.toMatchObject({ code: "draft-closed" });
	});

	it("garbage is what was staged more than a day ago and no entry holds", async () => {
		const shared = bytes(2 * chunkSize);
		await add(shared);
		const staged = (await entriesOf(chunks)).map(({ common }) => common.contentHash);
		const lost = "ab".repeat(32);
		const now = place.alice.clock.now();
		const payload = bytes(5000);
		await chunks.staging.put("01".repeat(8), [{ contentHash: lost, payload }], now);
		await chunks.staging.put(
			"01".repeat(8),
			staged.map((contentHash) => ({ contentHash, payload })),
			now,
		);
		await chunks.staging.put("02".repeat(8), [{ contentHash: lost, payload }], now + 3 * day);
		expect(await files.collectGarbage()).toEqual({ contents: 0, bytes: 0 });
		place.alice.clock.advance(2 * day);
		expect(await files.collectGarbage()).toEqual({ contents: 3, bytes: 0 });
		place.alice.clock.advance(3 * day);
		expect(await files.collectGarbage({ dryRun: true })).toEqual({ contents: 1, bytes: 5000 });
		expect(await chunks.staging.get(lost)).toBeDefined();
		expect(await files.collectGarbage()).toEqual({ contents: 1, bytes: 5000 });
		expect(await chunks.staging.get(lost)).toBeUndefined();
		const id = (await read()).getAttachments()[0]?.id as string;
		await expectBytes((await read()).getAttachment(id), shared);
	});

	it("an attachment above maxAttachmentSize is refused, by an append too", async () => {
		const directory = await place.alice.directory();
		await directory.changeTenantSettings((settings) => {
			settings.maxAttachmentSize = 50_000;
		}, place.fixture.administrator);
		const tooLarge = { name: "UsageError", code: "limit", data: { expected: 50_000 } };
		await expect(add(bytes(50_001))).rejects.toMatchObject(tooLarge);
		const id = await add(bytes(50_000));
		await expect(edit((attachments) => attachments.appendToAttachment(id, bytes(1)))).rejects.toMatchObject(tooLarge);
		expect((await read()).getAttachments()[0]?.size).toBe(50_000);
		await directory.changeDBSettings(
			"files",
			(settings) => {
				settings.maxAttachmentSize = 40_000;
			},
			place.fixture.administrator,
		);
		await expect(add(bytes(40_001))).rejects.toMatchObject({ code: "limit", data: { expected: 40_000 } });
	});

	it("a source is asked for no more than the store has taken", async () => {
		let release = () => {};
		const held = new Promise<void>((resolve) => {
			release = resolve;
		});
		const { put } = chunks.staging;
		chunks.staging.put = async (...args) => {
			await held;
			return put.apply(chunks.staging, args);
		};
		let asked = 0;
		async function* source() {
			for (let i = 0; i < 64; i++) {
				asked++;
				yield bytes(1_000_000, i);
			}
		}
		const adding = edit(async (attachments) => {
			await attachments.addAttachmentStream(source(), "film", "video/mp4");
		});
		for (let turn = 0; turn < 20_000 && asked < 60; turn++) await undefined;
		await new Promise((resolve) => setTimeout(resolve, 500));
		// Three batches of 4 MiB on their way, and the piece that fills the third.
		expect(asked).toBeLessThan(14);
		release();
		await adding;
		const film = await read();
		const [{ id, size } = { id: "", size: 0 }] = film.getAttachments();
		expect(size).toBe(64_000_000);
		// What waited is what came, though the arrays of one batch serve the next.
		for (const nth of [0, 20, 40, 63]) {
			await expectBytes(film.getAttachmentRange(id, nth * 1_000_000, (nth + 1) * 1_000_000), bytes(1_000_000, nth));
		}
	});
});

it("a purge takes chunks, their bytes and the index along, and leaves those of other documents", async () => {
	const data = bytes(3 * chunkSize);
	const id = await add(data);
	const other = await files.createDocument();
	const kept = await add(data.slice(0, chunkSize), files, other.id);
	await (await read()).getAttachment(id);
	const contents = [...new Set((await entriesOf(chunks)).map(({ common }) => common.contentHash))];
	await files.store.purgeDocHistory(doc.id);
	const left = await Promise.all(contents.map((contentHash) => chunks.staging.get(contentHash)));
	expect(left.filter((payload) => payload !== undefined)).toHaveLength(1);
	await expectBytes((await read(files, other.id)).getAttachment(kept), data.slice(0, chunkSize));
	for await (const rows of chunks.rows.scan({ gte: Uint8Array.of(0x30), lt: Uint8Array.of(0x31) })) {
		for (const [key] of rows) expect(key.subarray(0, 5)).not.toEqual(Uint8Array.of(0x30, 0, 0, 0, 1));
	}
});
