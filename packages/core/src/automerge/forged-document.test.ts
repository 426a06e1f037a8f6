import { nodeCrypto, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import { concatBytes } from "../bytes/concat.js";
import { magic, readFrame } from "./change-head.js";
import { CrdtDocument } from "./crdt-document.js";
import { ByteReader, ByteWriter } from "./leb128.js";

/** Bit of a column's specification that says it is deflated. */
const deflateBit = 8;

/** A saved document with other columns of operations, by specification, and a checksum that fits. */
export async function forgedDocument(saved: Uint8Array, forged: ReadonlyMap<number, Uint8Array>): Promise<Uint8Array> {
	const reader = new ByteReader(readFrame(saved).contents);
	const writer = new ByteWriter(saved.length + 64);
	const copy = (length: number) => writer.append(reader.view(length));
	const number = (): number => {
		const value = reader.unsigned();
		writer.unsigned(value);
		return value;
	};
	for (let left = number(); left > 0; left--) copy(number());
	copy(32 * number());
	const lengths: [length: number, other: Uint8Array | undefined][] = [];
	for (const forgeable of [false, true]) {
		for (let left = number(); left > 0; left--) {
			const specification = reader.unsigned();
			const length = reader.unsigned();
			const other = forgeable ? forged.get(specification & ~deflateBit) : undefined;
			lengths.push([length, other]);
			writer.unsigned(other === undefined ? specification : specification & ~deflateBit);
			writer.unsigned(other?.length ?? length);
		}
	}
	for (const [length, other] of lengths) {
		const data = reader.view(length);
		writer.append(other ?? data);
	}
	copy(reader.end - reader.offset);
	const contents = writer.take();
	const front = new ByteWriter(16);
	front.byte(0);
	front.unsigned(contents.length);
	const hashed = concatBytes(front.take(), contents);
	return concatBytes(Uint8Array.from(magic), (await nodeCrypto().sha256(hashed)).subarray(0, 4), hashed);
}

/** Columns of a document of one list of three small integers, with the last two in the other order. */
export const swapped: ReadonlyMap<number, Uint8Array> = new Map([
	// Counters of the elements that the operations stand behind: none for the list itself, then 0, 3, 2.
	[0x13, Uint8Array.of(0, 1, 0x7d, 0, 3, 0x7f)],
	// Counters of the operations: 1, 2, 4, 3.
	[0x23, Uint8Array.of(2, 1, 0x7e, 2, 0x7f)],
	[0x57, Uint8Array.of(1, 3, 2)],
]);

it("Automerge takes a document whose list stands in another order, though its changes are the same", async () => {
	await nodeEnv();
	const crdt = CrdtDocument.create("aa".repeat(24));
	crdt.openDraft().list = [1, 2, 3];
	crdt.commitDraft();
	const forged = CrdtDocument.load(await forgedDocument(crdt.save(), swapped), "bb".repeat(24));
	expect(forged.heads).toEqual(crdt.heads);
	expect(forged.changes()).toEqual(crdt.changes());
	expect(forged.toData()).toEqual({ list: [1, 3, 2] });
});
