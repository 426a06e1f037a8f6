import { TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import { makeActor } from "../automerge/actor.js";
import { CrdtDocument } from "../automerge/crdt-document.js";
import type { LocalChange } from "../automerge/local-change.js";
import { encodeRun } from "../automerge/run.js";
import { openRun } from "../automerge/sealed-run.js";
import { fromHex, toHex } from "../bytes/hex.js";
import type { Entry } from "../entry/entry.js";
import type { EntryType, HeaderInput } from "../entry/header.js";
import { makeDocumentId } from "../entry/ids.js";
import { contentTag, sealPayload } from "../entry/payload.js";
import { makeEntry, signEntries } from "../entry/sign.js";
import { type TenantSubkeys, tenantSubkeys } from "../keys/subkeys.js";
import type { DocumentExplanation } from "./explain.js";

/** What an entry is to say; everything else is what honest software would say. */
export interface Wish extends Partial<Omit<HeaderInput, "entryType" | "docId">> {
	readonly docId: string;
	/** @default "doc_change" */
	readonly entryType?: EntryType;
	readonly changes?: readonly LocalChange[];
	/** Instead of a run of `changes`. */
	readonly plaintext?: Uint8Array;
	/** Instead of the key of `decryptionKeyId`. */
	readonly key?: Uint8Array;
	/** @default true */
	readonly signed?: boolean;
}

/** An accepted document as its entries give it. */
export interface Base {
	readonly changes: readonly Uint8Array[];
	/** Entry by the hash of its last change. */
	readonly entryOfChange: ReadonlyMap<string, string>;
	readonly decryptionKeyId: string;
}

/** A member who bypasses the library: signs whatever it likes with its genuine key. */
export class HostileWriter {
	readonly replica: TestReplica;
	readonly dbId: string;
	/** End of the author's chain; goes on with each entry. */
	previous: string | undefined;

	constructor(replica: TestReplica, dbId = "notes") {
		this.replica = replica;
		this.dbId = dbId;
	}

	static async of(replica: TestReplica, dbId = "notes"): Promise<HostileWriter> {
		const writer = new HostileWriter(replica, dbId);
		writer.previous = (await (await replica.db(dbId)).chainHeadsOf(replica.publicKey))[0];
		return writer;
	}

	get publicKey(): string {
		return this.replica.publicKey;
	}

	/** Whether the replica can read documents under this key. */
	holds(keyId: string): boolean {
		return this.replica.keyBag.get(keyId) !== undefined;
	}

	async seal(wish: Wish): Promise<Entry> {
		const { env, user } = this.replica;
		const { changes = [], plaintext, key, signed = true, entryType = "doc_change", ...fields } = wish;
		const tenantRoot = this.replica.tenant.identity.tenantRoot;
		const decryptionKeyId = fields.decryptionKeyId ?? "default";
		const dbId = fields.dbId ?? this.dbId;
		const subkeys = await this.#subkeys(decryptionKeyId, key);
		const createdByPublicKey = fields.createdByPublicKey ?? this.publicKey;
		const documentKey = await subkeys.documentKey(dbId, wish.docId);
		const clear =
			plaintext ?? (changes.length > 0 ? encodeRun(changes.map(({ change }) => change)) : new Uint8Array(0));
		const binding = { entryType, createdByPublicKey, decryptionKeyId };
		const sealed = await sealPayload(env, binding, clear, documentKey);
		const tagged = entryType === "doc_create" || entryType === "doc_change";
		const last = changes.at(-1)?.hash ?? "00".repeat(32);
		const input: HeaderInput = {
			entryType,
			tenantRoot,
			dbId,
			dependencyHashes: [],
			createdAt: env.clock.now(),
			createdByPublicKey,
			decryptionKeyId,
			keyCommitment: await subkeys.keyCommitment(decryptionKeyId),
			contentHash: sealed.contentHash,
			originalSize: sealed.originalSize,
			directoryHeads: fields.directoryHeads ?? (await this.directoryHeads()),
			contentTag: tagged
				? await contentTag(env.crypto, await subkeys.contentTagKey(dbId, wish.docId), last)
				: undefined,
			previousByAuthor: this.previous,
			extensions: new Map(),
			...fields,
		};
		const entry = await makeEntry(env.crypto, input, sealed.payload);
		if (!("previousByAuthor" in fields)) this.previous = entry.hash;
		if (!signed || user === undefined) return entry;
		return (await signEntries(env.crypto, user.signingKey, [entry]))[0] as Entry;
	}

	/** Heads of the directory as it stands at this replica. */
	async directoryHeads(): Promise<string[]> {
		const { store } = await this.replica.directory();
		const entries = (await store.findNewEntries([])).filter((entry) => entry.kind === "entry");
		const followed = new Set(entries.flatMap(({ fields }) => fields?.directoryHeads ?? []));
		return entries
			.map(({ hash }) => hash)
			.filter((hash) => !followed.has(hash))
			.sort();
	}

	/** What a document is made of here. */
	async base(docId: string): Promise<Base> {
		const db = await this.replica.db(this.dbId);
		const { crypto } = this.replica.env;
		const explained = (await db.explain(docId)) as DocumentExplanation;
		const accepted = explained.entries.filter(({ verdict }) => verdict.kind === "accepted").map(({ hash }) => hash);
		const changes: Uint8Array[] = [];
		const entryOfChange = new Map<string, string>();
		let decryptionKeyId = "default";
		for (const entry of await db.store.getEntries(accepted)) {
			if (entry.kind !== "entry" || entry.fields?.contentTag === undefined) continue;
			decryptionKeyId = entry.fields.decryptionKeyId;
			const subkeys = await this.#subkeys(decryptionKeyId);
			const opened = await openRun(crypto, { dbId: this.dbId, docId }, entry, entry.fields, subkeys);
			if (opened.kind !== "run") continue;
			changes.push(...opened.changes.map(({ bytes }) => bytes));
			const last = opened.changes.at(-1);
			if (last !== undefined) entryOfChange.set(last.hash, entry.hash);
		}
		return { changes, entryOfChange, decryptionKeyId };
	}

	/** An actor of this author, drawn anew. */
	actor(): Promise<string> {
		const { env } = this.replica;
		return makeActor(env.crypto, env.random, fromHex(this.publicKey, 32));
	}

	/** One change on a document as it stands, not sealed. */
	change(
		base: Base,
		actor: string,
		edit: (draft: Record<string, unknown>) => void,
		further: readonly LocalChange[] = [],
	): LocalChange {
		const crdt = CrdtDocument.create(actor);
		try {
			crdt.apply([...base.changes, ...further.map(({ change }) => change)]);
			edit(crdt.openDraft());
			return crdt.commitDraft() ?? crdt.emptyChange();
		} finally {
			crdt.free();
		}
	}

	/** Entries that a change builds on. */
	dependencies(base: Base, change: LocalChange): string[] {
		const hashes = change.deps.map((dep) => base.entryOfChange.get(dep) ?? "ff".repeat(32));
		return [...new Set(hashes)].sort();
	}

	/** What honest software would write, only that the library was not asked. */
	async honest(
		docId: string,
		edit: (draft: Record<string, unknown>) => void,
		wish: Partial<Wish> = {},
	): Promise<Entry> {
		const base = await this.base(docId);
		const change = this.change(base, await this.actor(), edit);
		const { decryptionKeyId } = base;
		return this.seal({
			docId,
			changes: [change],
			dependencyHashes: this.dependencies(base, change),
			decryptionKeyId,
			...wish,
		});
	}

	/** The id of a new document of this author's. */
	newDocumentId(decryptionKeyId = "default"): Promise<string> {
		const { env, tenant } = this.replica;
		const { tenantRoot } = tenant.identity;
		const origin = { tenantRoot, dbId: this.dbId, decryptionKeyId, createdByPublicKey: this.publicKey };
		return makeDocumentId(env.crypto, origin, env.random.randomBytes(12));
	}

	async #subkeys(keyId: string, given?: Uint8Array): Promise<TenantSubkeys> {
		const key = given ?? this.replica.keyBag.get(keyId);
		if (key === undefined) throw new Error(`${this.replica.name} does not hold the key ${keyId}`);
		return tenantSubkeys(this.replica.env.crypto, key, this.replica.tenant.identity.tenantRoot);
	}
}

/** Entries by a genuine member that break one rule each, and what has to become of them: verdict and reason of each. */
export interface Forgery {
	readonly make: (writer: HostileWriter, docId: string, value: number) => Promise<Entry[]>;
	/** In the order made; "unsigned" when no store takes it, several where the other entries decide. */
	readonly expected: readonly string[];
}

const setTitle = (title: string) => (draft: Record<string, unknown>) => {
	draft.title = title;
};

/** On a document of `base`, with the key that it has. */
async function sealOn(
	writer: HostileWriter,
	docId: string,
	wish: Partial<Wish>,
	title: string,
	actor?: string,
): Promise<Entry> {
	const base = await writer.base(docId);
	const change = writer.change(base, actor ?? (await writer.actor()), setTitle(title));
	const { decryptionKeyId } = base;
	return writer.seal({
		docId,
		changes: [change],
		dependencyHashes: writer.dependencies(base, change),
		decryptionKeyId,
		...wish,
	});
}

export const forgeries: Readonly<Record<string, Forgery>> = {
	"an honest change past the library": {
		make: async (writer, docId, value) => [await sealOn(writer, docId, {}, `past ${value}`)],
		expected: ["accepted"],
	},
	"two changes at one place of an actor, apart": {
		async make(writer, docId, value) {
			const actor = await writer.actor();
			const { previous } = writer;
			const a = await sealOn(writer, docId, { previousByAuthor: previous }, `left ${value}`, actor);
			const b = await sealOn(writer, docId, { previousByAuthor: previous }, `right ${value}`, actor);
			return [a, b];
		},
		expected: ["accepted|refused actor-fork", "accepted|refused actor-fork"],
	},
	"two changes at one place of an actor, one after the other": {
		async make(writer, docId, value) {
			const actor = await writer.actor();
			return [
				await sealOn(writer, docId, {}, `first ${value}`, actor),
				await sealOn(writer, docId, {}, `second ${value}`, actor),
			];
		},
		expected: ["accepted", "refused actor-fork"],
	},
	"a content tag of another change": {
		make: async (writer, docId, value) => [
			await sealOn(writer, docId, { contentTag: toHex(writer.replica.env.random.randomBytes(32)) }, `tag ${value}`),
		],
		expected: ["pending payload"],
	},
	"a payload that is no run": {
		async make(writer, docId, value) {
			const plaintext = writer.replica.env.random.randomBytes(20 + value);
			return [await sealOn(writer, docId, { plaintext }, "")];
		},
		expected: ["refused run"],
	},
	"a change with a bit flipped": {
		async make(writer, docId, value) {
			const base = await writer.base(docId);
			const change = writer.change(base, await writer.actor(), setTitle(`flip ${value}`));
			const plaintext = encodeRun([change.change]);
			const at = plaintext.length - 1 - (value % 8);
			plaintext[at] = (plaintext[at] as number) ^ (1 << (value % 8));
			return [
				await writer.seal({
					docId,
					plaintext,
					dependencyHashes: writer.dependencies(base, change),
					decryptionKeyId: base.decryptionKeyId,
				}),
			];
		},
		expected: ["refused run|refused change|pending payload|refused operations"],
	},
	"another author's actor": {
		async make(writer, docId, value) {
			const actor = toHex(writer.replica.env.random.randomBytes(24));
			return [await sealOn(writer, docId, {}, `actor ${value}`, actor)];
		},
		expected: ["refused actor"],
	},
	"a dependency that nobody has": {
		make: async (writer, docId, value) => [
			await sealOn(
				writer,
				docId,
				{ dependencyHashes: [toHex(writer.replica.env.random.randomBytes(32))] },
				`miss ${value}`,
			),
		],
		expected: ["pending dependency"],
	},
	"a dependency in another document": {
		async make(writer, docId, value) {
			const elsewhere = await create(writer, value);
			return [elsewhere, await sealOn(writer, docId, { dependencyHashes: [elsewhere.hash] }, `elsewhere ${value}`)];
		},
		expected: ["accepted", "refused other-document"],
	},
	"dependencies left out": {
		async make(writer, docId, value) {
			const base = await writer.base(docId);
			const change = writer.change(base, await writer.actor(), setTitle(`less ${value}`));
			const [first] = [...base.entryOfChange.values()];
			const stated = writer.dependencies(base, change);
			const dependencyHashes =
				stated.length > 1 ? stated.slice(1) : base.entryOfChange.size > 1 ? [first as string] : [];
			return [await writer.seal({ docId, changes: [change], dependencyHashes, decryptionKeyId: base.decryptionKeyId })];
		},
		expected: ["refused change|refused entry-type"],
	},
	"a change without dependencies": {
		make: async (writer, docId, value) => [await sealOn(writer, docId, { dependencyHashes: [] }, `root ${value}`)],
		expected: ["refused entry-type"],
	},
	"somebody else's document id": {
		async make(writer, docId, value) {
			const change = writer.change(nothing, await writer.actor(), setTitle(`mine ${value}`));
			return [await writer.seal({ docId, entryType: "doc_create", changes: [change] })];
		},
		expected: ["refused document-id|accepted"],
	},
	"two creates of one document": {
		async make(writer, _, value) {
			const docId = await writer.newDocumentId();
			const make = async (title: string) => {
				const change = writer.change(nothing, await writer.actor(), setTitle(title));
				return writer.seal({ docId, entryType: "doc_create", changes: [change] });
			};
			return [await make(`one ${value}`), await make(`two ${value}`)];
		},
		expected: ["accepted", "accepted"],
	},
	"another key than the document's": {
		make: async (writer, docId, value) => [
			await sealOn(writer, docId, { decryptionKeyId: "other", key: new Uint8Array(32).fill(9) }, `key ${value}`),
		],
		expected: ["refused document-key"],
	},
	"a version of the key that nobody announced": {
		make: async (writer, docId, value) => [
			await sealOn(writer, docId, { decryptionKeyId: "default", key: new Uint8Array(32).fill(9) }, `version ${value}`),
		],
		expected: ["pending key-unannounced|refused document-key"],
	},
	"a delete of a delete": {
		async make(writer, docId) {
			const base = await writer.base(docId);
			const heads = [...base.entryOfChange.values()].slice(-1);
			const { decryptionKeyId } = base;
			const first = await writer.seal({ docId, entryType: "doc_delete", dependencyHashes: heads, decryptionKeyId });
			const second = await writer.seal({
				docId,
				entryType: "doc_delete",
				dependencyHashes: [first.hash],
				decryptionKeyId,
			});
			return [first, second];
		},
		expected: ["accepted", "refused entry-type"],
	},
	"a snapshot that is none": {
		async make(writer, docId, value) {
			const base = await writer.base(docId);
			const dependencyHashes = [...base.entryOfChange.values()].slice(-1);
			const plaintext = writer.replica.env.random.randomBytes(50 + value);
			return [
				await writer.seal({
					docId,
					entryType: "doc_snapshot",
					dependencyHashes,
					plaintext,
					decryptionKeyId: base.decryptionKeyId,
				}),
			];
		},
		expected: ["accepted"],
	},
	"a change upon a refused one": {
		async make(writer, docId, value) {
			const base = await writer.base(docId);
			const actor = await writer.actor();
			const first = writer.change(base, actor, setTitle(`bad ${value}`));
			const { decryptionKeyId } = base;
			const bad = await writer.seal({ docId, changes: [first], dependencyHashes: [], decryptionKeyId });
			const second = writer.change(base, actor, setTitle(`worse ${value}`), [first]);
			return [bad, await writer.seal({ docId, changes: [second], dependencyHashes: [bad.hash], decryptionKeyId })];
		},
		expected: ["refused entry-type", "refused dependency"],
	},
	"a change upon one that was never sent": {
		async make(writer, docId, value) {
			const base = await writer.base(docId);
			const actor = await writer.actor();
			const first = writer.change(base, actor, setTitle(`hidden ${value}`));
			const second = writer.change(base, actor, setTitle(`shown ${value}`), [first]);
			const dependencyHashes = writer.dependencies(base, first);
			return [await writer.seal({ docId, changes: [second], dependencyHashes, decryptionKeyId: base.decryptionKeyId })];
		},
		expected: ["refused change"],
	},
	"a critical extension from the future": {
		make: async (writer, docId, value) => [
			await sealOn(writer, docId, { extensions: new Map([[5, Uint8Array.of(value)]]) }, `future ${value}`),
		],
		expected: ["unsupported"],
	},
	"no directory heads": {
		make: async (writer, docId, value) => [await sealOn(writer, docId, { directoryHeads: [] }, `nobody ${value}`)],
		expected: ["refused not-granted"],
	},
	"directory heads that nobody has": {
		make: async (writer, docId, value) => [
			await sealOn(
				writer,
				docId,
				{ directoryHeads: [toHex(writer.replica.env.random.randomBytes(32))] },
				`unknown ${value}`,
			),
		],
		expected: ["pending directory"],
	},
	"a predecessor that nobody has": {
		make: async (writer, docId, value) => [
			await sealOn(
				writer,
				docId,
				{ previousByAuthor: toHex(writer.replica.env.random.randomBytes(32)) },
				`gap ${value}`,
			),
		],
		expected: ["accepted"],
	},
	"an unsigned change and a signed successor": {
		make: async (writer, docId, value) => [
			await sealOn(writer, docId, { signed: false }, `unsigned ${value}`),
			await sealOn(writer, docId, {}, `voucher ${value}`),
		],
		expected: ["accepted", "accepted"],
	},
	"a time far ahead": {
		make: async (writer, docId, value) => [await sealOn(writer, docId, { createdAt: 2 ** 47 }, `ahead ${value}`)],
		expected: ["accepted"],
	},
};

const nothing: Base = { changes: [], entryOfChange: new Map(), decryptionKeyId: "default" };

async function create(writer: HostileWriter, value: number): Promise<Entry> {
	const change = writer.change(nothing, await writer.actor(), setTitle(`created ${value}`));
	return writer.seal({ docId: await writer.newDocumentId(), entryType: "doc_create", changes: [change] });
}

it("a hostile writer that behaves is taken for an honest one", async () => {
	const fixture = await TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	const db = await fixture.creator.db();
	const doc = await db.createDocument({ title: "a" });
	const writer = await HostileWriter.of(fixture.creator);
	const entry = await writer.honest(doc.id, setTitle("b"));
	expect((await db.store.putEntries([entry])).refused).toEqual([]);
	expect((await db.getDocument(doc.id))?.getData()).toEqual({ title: "b" });
	await db.changeDoc(doc.id, setTitle("c"));
	expect((await db.getDocument(doc.id))?.getData()).toEqual({ title: "c" });
	await fixture.close();
});
