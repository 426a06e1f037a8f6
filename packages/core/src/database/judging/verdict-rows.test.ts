import { expect, it } from "vitest";
import { toHex } from "../../bytes/hex.js";
import type { RowWrite } from "../../store/rows.js";
import { lockedKey, missingKey, verdictKey } from "../document-rows.js";
import type { Judged } from "./judged.js";
import type { Verdict } from "./verdict.js";
import { verdictRows } from "./verdict-rows.js";

const [a, b] = ["aa".repeat(32), "bb".repeat(32)] as const;
const refused: Verdict = { kind: "refused", reason: "document-key", by: a };
const pending: Verdict = { kind: "pending", reason: "directory", missing: [b] };
const locked: Verdict = { kind: "locked", keyCommitment: a };

function judged(arrival: number, verdict: Verdict, right?: Verdict): Judged {
	return { arrival, verdict, right } as Judged;
}

function keys(rows: readonly RowWrite[], type: RowWrite["type"]): string[] {
	return rows.filter((row) => row.type === type).map(({ key }) => toHex(key));
}

it("what waits is found by what it waits for, and no longer once it is settled", () => {
	const before = new Map<number, Verdict>([
		[1, pending],
		[2, locked],
	]);
	const first = verdictRows(7, [judged(1, pending), judged(2, locked)], new Map());
	expect(keys(first, "put").sort()).toEqual(
		[verdictKey(7, 1), verdictKey(7, 2), missingKey(b, 7), lockedKey(a, 7)].map(toHex).sort(),
	);
	expect(verdictRows(7, [judged(1, pending), judged(2, locked)], before)).toEqual([]);
	const settled = verdictRows(7, [judged(2, locked)], before);
	expect(keys(settled, "put")).toEqual([]);
	expect(keys(settled, "del").sort()).toEqual([verdictKey(7, 1), missingKey(b, 7)].map(toHex).sort());
});

it("an entry that is refused while its author's right is open is judged again when that is known", () => {
	const rows = verdictRows(7, [judged(1, refused, pending)], new Map());
	expect(keys(rows, "put").sort()).toEqual([verdictKey(7, 1), missingKey(b, 7)].map(toHex).sort());
});
