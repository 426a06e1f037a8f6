import fc from "fast-check";
import { expect, test } from "vitest";
import { nodeAead } from "../../node/aead.js";
import { nodeRandom } from "../../node/random.js";
import { chunkSize } from "../containers/containers.js";
import { type Envelope, messageHash, storedEnvelope } from "../containers/envelope.js";
import { ConversationStorage } from "../conversation-storage.js";
import { type ContainerStore, MemoryContainerStore } from "../stores/container-store.js";
import { decodeExportRecord } from "../stores/export-record.js";

const crypto = { random: nodeRandom, aead: nodeAead("chacha20-poly1305") };
const keys = { storageKey: nodeRandom.randomBytes(32), signature: "signature" };
const contacts = ["bob.eth", "max.eth"] as const;

/** A store that is switched off at its n-th change, before or after that took place. */
class DyingStore implements ContainerStore {
	readonly inner: MemoryContainerStore;
	changes = 0;
	readonly #last: number;
	readonly #done: boolean;

	constructor(values: ReadonlyMap<string, string>, last: number, done: boolean) {
		this.inner = new MemoryContainerStore();
		for (const [key, value] of values) this.inner.values.set(key, value);
		this.#last = last;
		this.#done = done;
	}

	get(key: string): Promise<string | undefined> {
		return this.inner.get(key);
	}

	put(key: string, value: string): Promise<void> {
		return this.#change(() => this.inner.put(key, value));
	}

	delete(key: string): Promise<void> {
		return this.#change(() => this.inner.delete(key));
	}

	async #change(work: () => Promise<void>): Promise<void> {
		const at = this.changes++;
		if (at < this.#last || (at === this.#last && this.#done)) await work();
		if (at >= this.#last) throw new Error("switched off");
	}
}

interface Step {
	readonly op: "append" | "edit" | "delete";
	readonly contact: (typeof contacts)[number];
	readonly times: readonly number[];
	/** Which message is meant, counted round. */
	readonly which: number;
}

type Model = Readonly<Record<string, readonly Envelope[]>>;

let made = 0;
const envelope = (timestamp: number): Envelope => ({
	message: { message: String(made++ % 10), metadata: { timestamp } },
});
/** Three messages with times of one digit. */
const maxChunkSize = chunkSize(Array.from({ length: 3 }, () => storedEnvelope(envelope(1))));

function insert(list: readonly Envelope[], added: Envelope): Envelope[] {
	const time = added.message.metadata.timestamp;
	const at = list.findLastIndex(({ message }) => message.metadata.timestamp <= time) + 1;
	return list.toSpliced(at, 0, added);
}

/** What a step makes of the model, and how it is done to a storage. */
function planStep({ op, contact, times, which }: Step, model: Model) {
	const list = model[contact] ?? [];
	const fresh = times.map(envelope);
	const [only = envelope(0)] = fresh;
	const old = list[which % Math.max(1, list.length)];
	const hash = old === undefined ? "0x" : messageHash(old);
	const isOld = (each: Envelope) => messageHash(each) === hash;
	if (op === "append") {
		const after = fresh.reduce(insert, list);
		return { after, work: (storage: ConversationStorage) => storage.appendMany(contact, fresh) };
	}
	const without = list.filter((each) => !isOld(each));
	if (op === "delete") return { after: without, work: (storage: ConversationStorage) => storage.delete(contact, hash) };
	const sameTime = old?.message.metadata.timestamp === only.message.metadata.timestamp;
	const moved = Array.from({ length: list.length - without.length }, () => only).reduce(insert, without);
	const after = sameTime ? list.map((each) => (isOld(each) ? only : each)) : moved;
	return { after, work: (storage: ConversationStorage) => storage.edit(contact, hash, only) };
}

/** Everything that a reader finds; the shape of containers is checked on the way. */
async function readAll(store: ContainerStore): Promise<Model> {
	const storage = new ConversationStorage({ store, keys, crypto });
	const found: Record<string, Envelope[]> = {};
	for (const contact of await storage.listConversations()) {
		const readings = await storage.readConversation(contact);
		for (const { messages, error } of readings) {
			expect(error).toBeUndefined();
			expect(chunkSize((messages ?? []).map(storedEnvelope))).toBeLessThanOrEqual(maxChunkSize);
		}
		found[contact] = readings.flatMap(({ messages = [] }) => [...messages]);
	}
	return found;
}

async function checkStep(step: Step, before: Model, values: ReadonlyMap<string, string>) {
	const { after: list, work } = planStep(step, before);
	const { [step.contact]: _, ...others } = before;
	const after: Model = list.length === 0 ? others : { ...others, [step.contact]: list };
	const run = (store: ContainerStore) => work(new ConversationStorage({ store, keys, crypto, maxChunkSize }));

	const undisturbed = new DyingStore(values, Number.POSITIVE_INFINITY, true);
	await run(undisturbed);
	expect(await readAll(undisturbed.inner)).toEqual(after);
	// Whatever is in the store can be reached: nothing is left behind.
	const record = await new ConversationStorage({ store: undisturbed.inner, keys, crypto }).exportRecord();
	expect(decodeExportRecord(record)).toEqual(new Map([...undisturbed.inner.values].sort()));

	for (let last = 0; last < undisturbed.changes; last++) {
		for (const done of [false, true]) {
			const dying = new DyingStore(values, last, done);
			await expect(run(dying)).rejects.toThrow("switched off");
			const found = await readAll(dying.inner);
			if (JSON.stringify(sorted(found)) === JSON.stringify(sorted(before))) await run(dying.inner);
			expect(await readAll(dying.inner)).toEqual(after);
		}
	}
	return { after, values: undisturbed.inner.values };
}

function sorted(model: Model): unknown {
	return Object.entries(model).sort(([a], [b]) => (a < b ? -1 : 1));
}

test("a change is there whole or not at all, wherever the store is switched off", async () => {
	const step = fc.record<Step>({
		op: fc.constantFrom("append", "append", "append", "edit", "delete"),
		contact: fc.constantFrom(...contacts),
		times: fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }),
		which: fc.nat(20),
	});
	await fc.assert(
		fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
			let model: Model = {};
			let values: ReadonlyMap<string, string> = new Map();
			for (const each of steps) ({ after: model, values } = await checkStep(each, model, values));
		}),
		{ numRuns: 15 },
	);
});
