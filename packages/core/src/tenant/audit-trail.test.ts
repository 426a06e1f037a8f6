/** Audit trails: what somebody without the database can tell from the file alone, and with keys. */
import {
	aliceAndBob,
	damageRecord,
	type FaultyLevel,
	faultyLevel,
	setField,
	type TenantFixture,
	type TestReplica,
} from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkTrail } from "../audit/check-trail.js";
import { readFrames } from "../audit/read-frames.js";
import { decodeSentence, encodeSentence, noDigest, signedEnd, type TrailSentence } from "../audit/trail-format.js";
import { concatBytes } from "../bytes/concat.js";
import type { MindooDB } from "../database/mindoo-db.js";
import { KeyBag } from "../keys/key-bag.js";
import { judgeTrail } from "./judge-trail.js";

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;
let notes: MindooDB;

beforeEach(async () => {
	({ fixture, alice, bob, notes } = await aliceAndBob({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto),
	}));
});

afterEach(() => fixture.close());

async function trailOf(docId?: string, db = notes): Promise<Uint8Array> {
	const pieces: Uint8Array[] = [];
	for await (const piece of db.exportAuditTrail(docId)) pieces.push(piece);
	return concatBytes(...pieces);
}

async function* inPieces(file: Uint8Array, size = file.length): AsyncGenerator<Uint8Array> {
	for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
}

function check(file: Uint8Array, size?: number) {
	return checkTrail(alice.env.crypto, inPieces(file, size));
}

function judge(file: Uint8Array, keyBag: KeyBag) {
	const { env } = alice;
	return judgeTrail({ ...env, stores: memoryStores(env.crypto) }, inPieces(file), { keyBag });
}

async function sentencesOf(file: Uint8Array): Promise<TrailSentence[]> {
	const sentences: TrailSentence[] = [];
	for await (const { content } of readFrames(inPieces(file))) sentences.push(decodeSentence(content).sentence);
	return sentences;
}

/** A file with digests that fit, as a forger would write it. */
async function trailFrom(sentences: readonly TrailSentence[]): Promise<Uint8Array> {
	const pieces: Uint8Array[] = [];
	let before = noDigest;
	for (const sentence of sentences) {
		const { bytes, digest } = await encodeSentence(alice.env.crypto, before, sentence);
		pieces.push(bytes);
		before = digest;
	}
	return concatBytes(...pieces);
}

/** The heading, one entry of the directory, one of the database, and an end that Alice signed. */
async function shortTrail(sentences: readonly TrailSentence[]): Promise<Uint8Array> {
	const { crypto } = alice.env;
	const kept = [sentences[0], sentences[1], sentences.at(-2)] as TrailSentence[];
	let digest = noDigest;
	for (const sentence of kept) ({ digest } = await encodeSentence(crypto, digest, sentence));
	const key = alice.user?.signingKey;
	const signature = key && (await crypto.sign(key, signedEnd(digest, kept.length)));
	return trailFrom([...kept, { kind: "end", count: kept.length, exporter: alice.publicKey, signature }]);
}

/** A document that Alice made in one group with others, edited by both and refused in part. */
async function eventfulDocument(): Promise<string> {
	const [doc] = await notes.createDocuments([{ title: "a" }, { title: "another" }]);
	const id = doc?.id as string;
	await alice.level(bob);
	const theirs = await bob.db();
	await Promise.all(["b", "c"].map((title) => theirs.changeDoc(id, setField("title", title))));
	await theirs.createDocument({ title: "bob's" });
	await alice.level(bob);
	await notes.changeDoc(id, setField("title", "d"));
	await (await alice.directory()).revokeUser("bob", fixture.administrator);
	await theirs.changeDoc(id, setField("title", "too late"));
	await notes.pullChangesFrom(theirs.store);
	return id;
}

describe("an audit trail", () => {
	it("holds without any key, whole or for one document, in pieces of any size", async () => {
		const id = await eventfulDocument();
		for (const file of [await trailOf(), await trailOf(id)]) {
			for (const size of [1, 1000, file.length]) {
				const checked = await check(file, size);
				expect(checked).toMatchObject({ faults: [], exporter: alice.publicKey });
				expect(checked.entries).toBeGreaterThan(3);
			}
		}
		await expect(trailOf("unknown")).rejects.toMatchObject({ code: "not-found" });
	});

	it("holds where this replica alone purged an entry that vouches for somebody else's", async () => {
		const theirs = await bob.db();
		const [stays, gone] = (await theirs.createDocuments([{ title: "a" }, { title: "b" }])).map(({ id }) => id);
		await Promise.all([stays, gone].map((id) => theirs.changeDoc(id as string, setField("title", "c"))));
		await alice.level(bob);
		await notes.store.purgeDocHistory(gone as string);
		for (const file of [await trailOf(), await trailOf(stays)]) expect((await check(file)).faults).toEqual([]);
		const judged = await judge(await trailOf(), alice.keyBag);
		expect(judged).toMatchObject({ faults: [], accepted: 2, documents: 1 });
		expect(new Set(judged.uncounted.map(({ verdict }) => verdict.kind))).toEqual(new Set(["purged"]));
	});

	it("is judged anew with the keys, as the database judged", async () => {
		const id = await eventfulDocument();
		const explained = await notes.explain(id);
		const entries = explained !== undefined && "entries" in explained ? explained.entries : [];
		const judged = await judge(await trailOf(id), alice.keyBag);
		expect(judged.faults).toEqual([]);
		expect(judged).toMatchObject({ documents: 1, accepted: entries.length - 1 });
		expect(judged.uncounted).toEqual([
			{ docId: id, entry: entries.at(-1)?.hash, verdict: entries.at(-1)?.verdict, words: entries.at(-1)?.words },
		]);
		expect(judged.uncounted[0]?.verdict).toMatchObject({ kind: "refused" });
		expect(await judge(await trailOf(), alice.keyBag)).toMatchObject({ faults: [], documents: 3 });
	});

	it("without keys is locked where it has to be, and says so", async () => {
		const id = await eventfulDocument();
		const keyBag = new KeyBag(alice.env);
		for (const key of alice.keyBag.getAllKeys("directory")) keyBag.set("directory", key, 0);
		const judged = await judge(await trailOf(id), keyBag);
		expect(judged).toMatchObject({ faults: [], accepted: 0, documents: 0 });
		expect(new Set(judged.uncounted.map(({ verdict }) => verdict.kind))).toEqual(new Set(["locked", "refused"]));
		const blind = await judge(await trailOf(id), new KeyBag(alice.env));
		expect(new Set(blind.uncounted.map(({ verdict }) => verdict.kind))).toEqual(new Set(["pending"]));
	});

	it("names the sentence of every byte that was changed", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		const file = await shortTrail(await sentencesOf(await trailOf(id)));
		expect(await check(file)).toMatchObject({ faults: [], exporter: alice.publicKey, sentences: 4 });
		const ends: number[] = [];
		for await (const { offset } of readFrames(inPieces(file))) if (offset > 0) ends.push(offset);
		ends.push(file.length);
		const unnoticed: number[] = [];
		const elsewhere: number[] = [];
		for (let at = 0; at < file.length; at++) {
			const altered = file.slice();
			altered[at] = (altered[at] as number) ^ (1 << (at % 8));
			const [first] = (await check(altered)).faults;
			if (first === undefined) unnoticed.push(at);
			else if (first.sentence !== ends.findIndex((end) => at < end) + 1) elsewhere.push(at);
		}
		expect([unnoticed, elsewhere]).toEqual([[], []]);
	});

	it("that was cut short, or has something behind its end, does not hold", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		const file = await trailOf(id);
		let lastBegins = 0;
		for await (const { offset } of readFrames(inPieces(file))) lastBegins = offset;
		for (const length of [0, 1, lastBegins - 1, lastBegins, file.length - 1]) {
			expect((await check(file.slice(0, length))).faults).not.toEqual([]);
		}
		expect((await check(concatBytes(file, Uint8Array.of(0x40)))).faults).not.toEqual([]);
		expect((await check(concatBytes(file, file))).faults).not.toEqual([]);
	});

	it("that somebody wrote anew, with a sentence left out, told twice, or of another document, does not hold", async () => {
		const id = await eventfulDocument();
		const sentences = await sentencesOf(await trailOf(id));
		expect((await check(await trailFrom(sentences))).faults).toEqual([]);
		const at = sentences.findLastIndex(({ kind }) => kind === "entry");
		const without = sentences.filter((_, i) => i !== at);
		const [end] = sentences.slice(-1);
		if (end?.kind !== "end") throw new Error("expected an end");
		const counted = [...without.slice(0, -1), { ...end, count: end.count - 1 }];
		expect((await check(await trailFrom(without))).faults.at(-1)?.message).toContain("signature");
		expect((await check(await trailFrom(counted))).faults.at(-1)?.message).toContain("signature");
		const unsigned = [
			...counted.slice(0, -1),
			{ ...end, count: end.count - 1, exporter: undefined, signature: undefined },
		];
		expect((await check(await trailFrom(unsigned))).exporter).toBeUndefined();
		const twice = sentences.toSpliced(at, 0, sentences[at] as TrailSentence);
		expect((await check(await trailFrom(twice))).faults[0]).toMatchObject({ message: "the entry is told twice" });
		const link = sentences.find(({ kind }) => kind === "link") as TrailSentence;
		expect((await check(await trailFrom([...sentences, link]))).faults[0]?.message).toContain("follow the end");
		const other = (await sentencesOf(await trailOf())).findLast((each) => each.kind === "entry");
		const foreign = sentences.toSpliced(at, 0, other as TrailSentence);
		expect((await check(await trailFrom(foreign))).faults.map(({ message }) => message)).not.toEqual([]);
	});

	it("in which a signature was taken off notices what nobody vouches for any more", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		const sentences = await sentencesOf(await trailOf(id));
		const at = sentences.findLastIndex(({ kind }) => kind === "entry");
		const stripped = sentences.map((each, i) =>
			i === at ? { ...each, signature: undefined } : each,
		) as TrailSentence[];
		const { faults } = await check(await trailFrom(stripped));
		expect(faults[0]).toMatchObject({ sentence: at + 1, message: expect.stringContaining("vouches") });
	});

	it("is not written where a record is damaged, and vouches for nothing that it would leave out", async () => {
		const disks: FaultyLevel[] = [];
		const other = await aliceAndBob({
			env: await nodeEnv(),
			newStores: (crypto) =>
				memoryStores(crypto, {
					wrapLevel: (level) => {
						const faulty = faultyLevel(level);
						disks.push(faulty);
						return faulty.level;
					},
				}),
		});
		const { id } = await other.notes.createDocument({ title: "a" });
		await other.notes.changeDoc(id, setField("title", "b"));
		await damageRecord(disks.at(-1) as FaultyLevel, 1, "bytes");
		for (const docId of [id, undefined]) {
			await expect(trailOf(docId, other.notes)).rejects.toMatchObject({ code: "store-damaged" });
		}
		await other.fixture.close();
	});
});
