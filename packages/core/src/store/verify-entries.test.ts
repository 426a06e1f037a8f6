import { type EntryMaker, entryMaker } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import { beforeEach, describe, expect, it } from "vitest";
import type { Crypto } from "../crypto/crypto.js";
import type { Entry, StoredEntry } from "../entry/entry.js";
import { packRun, unpackRun } from "../sync/wire/entry-run.js";
import { type Verified, verifyEntries } from "./verify-entries.js";

let maker: EntryMaker;
let hashed: number;
let verified: number;
let crypto: Crypto;

beforeEach(async () => {
	const inner = nodeCrypto();
	[hashed, verified] = [0, 0];
	crypto = {
		...inner,
		sha256(data) {
			hashed++;
			return inner.sha256(data);
		},
		sha256Many(data) {
			hashed += data.length;
			return inner.sha256Many(data);
		},
		verifyMany(signed) {
			verified += signed.length;
			return inner.verifyMany(signed);
		},
	};
	maker = await entryMaker({ crypto: inner });
});

function verify(entries: readonly StoredEntry[], dbId = maker.dbId): Promise<Verified> {
	const none = async () => new Set<string>();
	const { tenantRoot } = maker;
	return verifyEntries(entries, { crypto, tenantRoot, dbId, headersAlone: false, settled: none, vouched: none });
}

describe("entries that a run has rebuilt", () => {
	let rebuilt: StoredEntry[];

	beforeEach(async () => {
		rebuilt = await unpackRun(crypto, await packRun(crypto, await maker.document(20)));
		hashed = 0;
	});

	it("are not hashed again; signature and database are checked", async () => {
		expect((await verify(rebuilt)).entries).toEqual(rebuilt);
		expect([hashed, verified]).toEqual([0, 20]);
		expect((await verify(rebuilt, "another")).refused).toHaveLength(20);
	});

	it("are believed whole alone: a copy with another part is read from its bytes", async () => {
		const [first, second] = rebuilt as [Entry, Entry];
		const copies: readonly StoredEntry[] = [
			{ ...first, payload: second.payload },
			{ ...first, hash: second.hash },
			{ ...first, header: second.header },
			Object.assign(Object.create(Object.getPrototypeOf(first)), first, { payload: second.payload }),
		];
		for (const copy of copies) expect((await verify([copy])).refused).toMatchObject([{ reason: "address" }]);
		const { entries } = await verify([{ ...first, common: second.common, fields: second.fields }]);
		expect(entries).toMatchObject([{ hash: first.hash, fields: first.fields }]);
	});

	it("come with the signature that came with them", async () => {
		const [first, second] = await maker.document(2);
		const spoilt = { ...(first as Entry), signature: second?.signature };
		const [entry] = await unpackRun(crypto, await packRun(crypto, [spoilt]));
		expect((await verify([entry as Entry])).refused).toMatchObject([{ reason: "signature" }]);
	});
});
