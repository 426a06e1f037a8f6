import { expect, it } from "vitest";
import { CrdtDocument } from "../automerge/crdt-document.js";
import { encodeRun } from "../automerge/run.js";
import { toHex } from "../bytes/hex.js";
import type { Entry } from "../entry/entry.js";
import { type Base, type HostileWriter, nothing, type Wish } from "./hostile-writer.test.js";

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

/** What Automerge saves of those of a document's changes that are chosen, as if it were all of them. */
async function sealSnapshot(
	writer: HostileWriter,
	docId: string,
	choose: (changes: readonly Uint8Array[]) => readonly Uint8Array[],
	base?: Base,
): Promise<Entry[]> {
	const { changes, entryOfChange, decryptionKeyId } = base ?? (await writer.base(docId));
	// Nobody can encode a snapshot of nothing.
	if (changes.length === 0) return [];
	const crdt = CrdtDocument.create("00".repeat(24));
	try {
		crdt.apply(changes);
		const dependencyHashes = crdt.heads.map((head) => entryOfChange.get(head) ?? "ff".repeat(32)).sort();
		const part = CrdtDocument.create("00".repeat(24));
		part.apply(choose(changes));
		const plaintext = part.save();
		part.free();
		return [await writer.seal({ docId, entryType: "doc_snapshot", dependencyHashes, plaintext, decryptionKeyId })];
	} finally {
		crdt.free();
	}
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
			// Nor a delete of nothing.
			if (heads.length === 0) return [];
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
			// Nobody can encode a snapshot of nothing.
			if (dependencyHashes.length === 0) return [];
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
	"an honest snapshot past the library": {
		make: (writer, docId) => sealSnapshot(writer, docId, (changes) => changes),
		expected: ["accepted"],
	},
	"a snapshot that leaves the last change out": {
		make: (writer, docId) => sealSnapshot(writer, docId, (changes) => changes.slice(0, -1)),
		expected: ["accepted"],
	},
	"a payload that is not what its header promised, and a snapshot with what it promised": {
		async make(writer, docId, value) {
			const base = await writer.base(docId);
			const promised = writer.change(base, await writer.actor(), setTitle(`promised ${value}`));
			const { contentTag } =
				(
					await writer.seal({
						docId,
						changes: [promised],
						previousByAuthor: writer.previous,
						decryptionKeyId: base.decryptionKeyId,
					})
				).fields ?? {};
			const untrue = await sealOn(writer, docId, { contentTag }, `untrue ${value}`);
			const entryOfChange = new Map([...base.entryOfChange, [promised.hash, untrue.hash]]);
			const whole = { ...base, changes: [...base.changes, promised.change], entryOfChange };
			return [untrue, ...(await sealSnapshot(writer, docId, (changes) => changes, whole))];
		},
		expected: ["accepted", "accepted"],
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

async function create(writer: HostileWriter, value: number): Promise<Entry> {
	const change = writer.change(nothing, await writer.actor(), setTitle(`created ${value}`));
	return writer.seal({ docId: await writer.newDocumentId(), entryType: "doc_create", changes: [change] });
}

it("every forgery says what has to become of it", () => {
	for (const { expected } of Object.values(forgeries)) {
		for (const each of expected.flatMap((verdict) => verdict.split("|"))) {
			expect(each).toMatch(/^(accepted|unsupported|(pending|refused) [a-z-]+)$/);
		}
	}
});
