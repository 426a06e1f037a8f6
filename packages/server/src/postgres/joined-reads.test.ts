import type { Row } from "@mindoodb/core";
import { expect, test } from "vitest";
import { JoinedReads } from "./joined-reads.js";

/** A read whose answers are given by hand. */
function heldRead() {
	const held: { readonly give: (value: number) => void; readonly fail: (error: Error) => void }[] = [];
	const read = () =>
		new Promise<readonly Row[]>((resolve, reject) => {
			held.push({ give: (value) => resolve([[Uint8Array.of(1), Uint8Array.of(value)]]), fail: reject });
		});
	const begun = async (count: number) => {
		while (held.length < count) await new Promise((resolve) => setImmediate(resolve));
		return held[count - 1] as (typeof held)[number];
	};
	return { read, begun, count: () => held.length };
}

const givenBy = ([row]: readonly Row[]) => row?.[1][0];

test("reads of one kind that wait share one statement, and what is asked for while it is under way gets the next", async () => {
	const reads = new JoinedReads();
	const { read, begun, count } = heldRead();
	const early = [reads.get("a", read), reads.get("a", read), reads.get("a", read)];
	const first = await begun(1);
	const late = [reads.get("a", read), reads.get("a", read)];
	first.give(1);
	(await begun(2)).give(2);
	expect((await Promise.all(early)).map(givenBy)).toEqual([1, 1, 1]);
	expect((await Promise.all(late)).map(givenBy)).toEqual([2, 2]);
	expect(count()).toBe(2);
});

test("each caller owns its rows", async () => {
	const reads = new JoinedReads();
	const { read, begun } = heldRead();
	const both = [reads.get("a", read), reads.get("a", read)] as const;
	(await begun(1)).give(1);
	const [one, other] = await Promise.all(both);
	one[0]?.[1].fill(9);
	expect(givenBy(other)).toBe(1);
	one.pop();
	expect(other).toHaveLength(1);
});

test("kinds do not wait for each other, and a failure is told to those who shared it alone", async () => {
	const reads = new JoinedReads();
	const { read, begun } = heldRead();
	const shared = [reads.get("a", read), reads.get("a", read)];
	const broken = await begun(1);
	const later = reads.get("a", read);
	const other = reads.get("b", read);
	(await begun(2)).give(2);
	expect(givenBy(await other)).toBe(2);
	broken.fail(new Error("lost"));
	for (const each of shared) await expect(each).rejects.toThrow("lost");
	(await begun(3)).give(3);
	expect(givenBy(await later)).toBe(3);
});
