import { entryMaker } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import { expect, it } from "vitest";
import type { Entry } from "../../entry/entry.js";
import { OrderOfPlaces } from "./order-of-places.js";
import { accepted } from "./verdict.js";

const maker = await entryMaker({ crypto: nodeCrypto() });
const first = await maker.make();

function on(...below: Entry[]): Promise<Entry> {
	const dependencyHashes = below.map(({ hash }) => hash).sort();
	return maker.make({ entryType: "doc_change", docId: first.common.docId, dependencyHashes });
}

function orderOf(entries: readonly Entry[], places: readonly (readonly Entry[])[]): OrderOfPlaces {
	const judged = entries.map((entry, arrival) => ({
		arrival,
		entry,
		verdict: accepted,
		right: undefined,
		settled: undefined,
	}));
	return new OrderOfPlaces(
		{ inCausalOrder: () => judged },
		places.map((there) => there.map(({ hash }) => hash)),
	);
}

const hashes = (...entries: readonly Entry[]) => entries.map(({ hash }) => hash);

it("gives a place after those below its entries, without what builds on a loser", async () => {
	const [left, right] = [await on(first), await on(first)];
	const [leftOn, rightOn] = [await on(left), await on(right)];
	const order = orderOf(
		[first, left, right, leftOn, rightOn],
		[
			[leftOn, rightOn],
			[left, right],
		],
	);
	expect(order.next(new Set())).toEqual(hashes(left, right));
	expect(order.next(new Set([right.hash]))).toEqual(hashes(leftOn));
	expect(order.next(new Set([right.hash]))).toBeUndefined();
});

it("gives places that wait for each other as they stand, each once", async () => {
	const [a, b] = [await on(first), await on(first)];
	const [onA, onB] = [await on(a), await on(b)];
	const above = await on(onA);
	const places = [
		[a, onB],
		[b, onA],
	];
	const order = orderOf([first, a, b, onA, onB, above], places);
	expect(order.next(new Set())).toEqual(hashes(a, onB));
	// What builds on the loser falls, also where its own place waited for that.
	expect(order.next(new Set([a.hash]))).toEqual(hashes(b));
	expect(order.next(new Set([a.hash]))).toBeUndefined();
});

it("an entry that lost one of its places is no rival at another", async () => {
	const [a, b, c] = [await on(first), await on(first), await on(first)];
	const order = orderOf(
		[first, a, b, c],
		[
			[a, b],
			[a, c],
		],
	);
	expect(order.next(new Set())).toEqual(hashes(a, b));
	expect(order.next(new Set([a.hash]))).toEqual(hashes(c));
	expect(order.next(new Set([a.hash]))).toBeUndefined();
});
