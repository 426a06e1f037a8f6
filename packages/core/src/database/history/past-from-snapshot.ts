/** A document as it was, read from the snapshot that was taken last before and what had been written since. */
import { decodeProjection, encodeProjection } from "../../automerge/plain-data.js";
import { type AcceptedRun, openAcceptedRun } from "../../automerge/sealed-run.js";
import { showState } from "../../automerge/shown-state.js";
import type { Entry } from "../../entry/entry.js";
import type { EntryOutline, LocalStore } from "../../store/store.js";
import type { DatabaseContext } from "../context.js";
import type { StoredState } from "../documents/stored-state.js";
import { MindooDoc } from "../mindoo-doc.js";
import { allSnapshots } from "../snapshots/resting.js";
import { openSnapshot } from "../snapshots/snapshot-check.js";
import type { CountedSnapshot } from "../snapshots/snapshot-rows.js";
import { entriesAt, type WrittenEntry } from "./entries-at.js";
import { factsOf } from "./past-facts.js";
import { timesOf } from "./timeline.js";

/** Entries whose changes are read at a time. */
const together = 256;

interface KeptEntry extends WrittenEntry {
	readonly arrival: number;
	readonly fields: EntryOutline["shared"];
}

/** Accepted entries of a document, by hash. */
interface Accepted {
	readonly written: ReadonlyMap<string, KeptEntry>;
	/** What each snapshot covers, as its field 5 says, by arrival. */
	readonly snapshots: ReadonlyMap<number, readonly string[]>;
}

/** A snapshot and all that it descends from. */
interface Beginning {
	/** `undefined` for an empty document. */
	readonly saved: Uint8Array | undefined;
	readonly covered: ReadonlySet<string>;
	readonly heads: CountedSnapshot["heads"];
}

const emptyBeginning: Beginning = { saved: undefined, covered: new Set(), heads: [] };

/** Reads the past of a document without judging all that it consists of. */
export class PastFromSnapshot {
	readonly #context: DatabaseContext;
	readonly #document: number;
	readonly #docId: string;
	readonly #state: StoredState;

	/** @param state what is stored of the document, which is brought up. */
	constructor(context: DatabaseContext, document: number, docId: string, state: StoredState) {
		this.#context = context;
		this.#document = document;
		this.#docId = docId;
		this.#state = state;
	}

	/** @returns the document, if there was one; `undefined` when there is no snapshot, or its changes have to tell. */
	async at(time: number): Promise<{ readonly doc: MindooDoc | undefined } | undefined> {
		const { store } = this.#context;
		const snapshots = await allSnapshots(store, this.#document, this.#state.verdicts);
		if (snapshots.length === 0) return undefined;
		const accepted = await this.#accepted(store);
		const entries = [...accepted.written.values()];
		const { written, isDeleted } = entriesAt(entries, timesOf(entries), time);
		if (written.length === 0) return { doc: undefined };
		const hashes = new Set(written.map(({ hash }) => hash));
		const latest = snapshots.findLast(({ arrival }) =>
			accepted.snapshots.get(arrival)?.every((hash) => hashes.has(hash)),
		);
		const beginning = latest === undefined ? emptyBeginning : await this.#open(latest, accepted);
		return beginning && this.#finish(beginning, accepted, written, isDeleted);
	}

	async #finish(
		{ saved, covered, heads }: Beginning,
		accepted: Accepted,
		written: readonly KeptEntry[],
		isDeleted: boolean,
	): Promise<{ readonly doc: MindooDoc | undefined } | undefined> {
		const hashOf = new Map([...accepted.written.values()].map(({ arrival, hash }) => [arrival, hash]));
		const entryOf = new Map(heads.map(([head, arrival]) => [head, hashOf.get(arrival)]));
		const since = written.filter(({ hash, entryType }) => !covered.has(hash) && entryType !== "doc_delete");
		const changes: Uint8Array[] = [];
		for (let start = 0; start < since.length; start += together) {
			const group = since.slice(start, start + together).map(({ arrival }) => arrival);
			const arrivals = await this.#context.store.getArrivals(group);
			// A damaged record is left out there, and its changes have to come from elsewhere.
			if (arrivals.length < group.length) return undefined;
			for (const { entry } of arrivals) {
				const run = entry.kind === "stub" ? undefined : await this.#runOf(entry);
				if (run === undefined) return undefined;
				changes.push(...run.changes);
				entryOf.set(run.last, entry.hash);
			}
		}
		const shown = await showState(this.#context.env.crypto, saved, changes);
		const facts = factsOf(
			shown.heads.map((head) => [head, entryOf.get(head) ?? ""] as const),
			written,
		);
		if (facts === undefined) return { doc: undefined };
		const data = encodeProjection(shown.data);
		return {
			doc: new MindooDoc(
				this.#docId,
				isDeleted,
				() => facts,
				() => decodeProjection(data),
				this.#context.attachments,
			),
		};
	}

	async #accepted(store: LocalStore): Promise<Accepted> {
		const written = new Map<string, KeptEntry>();
		const snapshots = new Map<number, readonly string[]>();
		const { applied, verdicts } = this.#state;
		for await (const batch of store.outlinesOfDocument(this.#document)) {
			for (const { arrival, hash, entryType, createdAt, dependencyHashes, shared } of batch) {
				if (arrival > applied || verdicts.has(arrival)) continue;
				if (entryType === "doc_snapshot") snapshots.set(arrival, dependencyHashes);
				else if (entryType !== "attachment_chunk") {
					const author = shared.createdByPublicKey;
					written.set(hash, { hash, author, createdAt, dependencyHashes, entryType, arrival, fields: shared });
				}
			}
		}
		return { written, snapshots };
	}

	async #open({ arrival, heads }: CountedSnapshot, { written }: Accepted): Promise<Beginning | undefined> {
		const [stored] = await this.#context.store.getArrivals([arrival]);
		if (stored?.entry.kind !== "entry") return undefined;
		const { fields, payload } = stored.entry;
		if (fields === undefined || payload === undefined) return undefined;
		const { env, dbId, keyring } = this.#context;
		const key = keyring.get(fields.decryptionKeyId, fields.keyCommitment);
		if (key === undefined) return undefined;
		const place = { crypto: env.crypto, dbId, docId: this.#docId, subkeys: key.subkeys };
		const saved = await openSnapshot(place, { fields, payload });
		if (saved === undefined) return undefined;
		const covered = new Set<string>();
		const open = [...fields.dependencyHashes];
		for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
			if (covered.has(hash)) continue;
			covered.add(hash);
			for (const below of written.get(hash)?.dependencyHashes ?? []) open.push(below);
		}
		return { saved, covered, heads };
	}

	/** @returns the changes of an accepted entry; `undefined` when they are not in its payload, or its key is not here. */
	async #runOf(entry: Entry): Promise<AcceptedRun | undefined> {
		const { env, dbId, keyring } = this.#context;
		const { fields } = entry;
		const key = fields === undefined ? undefined : keyring.get(fields.decryptionKeyId, fields.keyCommitment);
		if (fields === undefined || key === undefined) return undefined;
		return openAcceptedRun(env.crypto, { dbId, docId: this.#docId }, entry, fields, key.subkeys);
	}
}
