import fc from "fast-check";
import { expect, test } from "vitest";
import type { Envelope } from "./envelope.js";
import { storedEnvelope } from "./envelope.js";
import { insertByTime, splitBySize } from "./split.js";
import { chunksThatMayHold, isWithin, targetChunk } from "./time-search.js";

const envelope = (timestamp: number): Envelope => ({ message: { metadata: { timestamp } } });
const time = fc.nat(20);

test("the chunks that are found hold all messages of the time, and each of them could", () => {
	fc.assert(
		fc.property(fc.array(time), fc.integer({ min: 60, max: 300 }), time, time, (times, size, from, to) => {
			const sorted = times.map((each) => storedEnvelope(envelope(each))).sort((a, b) => a.timestamp - b.timestamp);
			const chunks = splitBySize(sorted, size).map((messages, id) => ({
				id,
				timestamp: messages[0]?.timestamp ?? -1,
				messages,
			}));
			const found = chunksThatMayHold(chunks, { from, to }).map(({ id }) => id);
			for (const { id, messages } of chunks) {
				const holds = messages.some(({ timestamp }) => isWithin(timestamp, { from, to }));
				if (holds) expect(found).toContain(id);
			}
			const needless = found.filter(
				(id) => (chunks[id]?.timestamp ?? 0) > to || (chunks[id + 1]?.timestamp ?? to) < from,
			);
			expect(from <= to ? needless : []).toEqual([]);
		}),
	);
	expect(chunksThatMayHold([{ id: 0, timestamp: 5 }], {})).toHaveLength(1);
});

test("messages come in by time, behind those of the same time", () => {
	const messages = [5, 1, 5, 3].map((timestamp, id) => storedEnvelope({ ...envelope(timestamp), id }));
	const sorted = messages.reduce<readonly (typeof messages)[0][]>(insertByTime, []);
	expect(sorted.map(({ envelope: { id } }) => id)).toEqual([1, 3, 0, 2]);
	const chunks = [1, 5, 5, 9].map((timestamp, id) => ({ id, timestamp }));
	expect([0, 1, 4, 5, 8, 9, 10].map((each) => targetChunk(chunks, each))).toEqual([0, 0, 0, 2, 2, 3, 3]);
});
