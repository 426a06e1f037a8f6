import type { TestReplica } from "@mindoodb/testing";
import { expect, it } from "vitest";
import { makeActor } from "../automerge/actor.js";
import { CrdtDocument } from "../automerge/crdt-document.js";
import type { LocalChange } from "../automerge/local-change.js";
import { encodeRun } from "../automerge/run.js";
import { openRun } from "../automerge/sealed-run.js";
import { fromHex } from "../bytes/hex.js";
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
			const subkeys = await this.#versionOf(decryptionKeyId, entry.fields.keyCommitment);
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

	/** The version under which an entry that was accepted here lies. */
	async #versionOf(keyId: string, keyCommitment: string): Promise<TenantSubkeys> {
		for (const key of this.replica.keyBag.getAllKeys(keyId)) {
			const subkeys = await this.#subkeys(keyId, key);
			if ((await subkeys.keyCommitment(keyId)) === keyCommitment) return subkeys;
		}
		throw new Error(`${this.replica.name} does not hold this version of the key ${keyId}`);
	}

	async #subkeys(keyId: string, given?: Uint8Array): Promise<TenantSubkeys> {
		const key = given ?? this.replica.keyBag.get(keyId);
		if (key === undefined) throw new Error(`${this.replica.name} does not hold the key ${keyId}`);
		return tenantSubkeys(this.replica.env.crypto, key, this.replica.tenant.identity.tenantRoot);
	}
}

/** A document without entries. */
export const nothing: Base = { changes: [], entryOfChange: new Map(), decryptionKeyId: "default" };

it("a document without entries has nothing to build on", () => {
	expect([nothing.changes.length, nothing.entryOfChange.size]).toEqual([0, 0]);
});
