import { test } from "vitest";
import { Example, ExampleDatabase, keyOf, newState, hashOf } from "./directory-example.test.js";
import { DatabaseJudge } from "./judge.js";
import { AuthorChain } from "./author-chain.js";
import { encodeRecord, decodeRecord } from "./directory-record.js";
test("perf", async () => {
	const ex = new Example().begin();
	for (let i = 0; i < 10_000; i++) ex.grant("root", `m${i}`);
	for (let run = 0; run < 3; run++) {
		let t = performance.now();
		const st = newState(); st.add(ex.records);
		console.log("fold 10k batch", performance.now() - t);
		t = performance.now();
		const s2 = newState(); for (const r of ex.records) s2.add([r]);
		console.log("fold 10k singly", performance.now() - t);
		t = performance.now();
		const s3 = newState(); s3.add([...ex.records].reverse());
		console.log("fold 10k reversed", performance.now() - t);
		t = performance.now();
		const s4 = newState(); for (const r of [...ex.records].reverse()) s4.add([r]);
		console.log("fold 10k reversed singly", performance.now() - t);
		t = performance.now(); st.members(); console.log("members()", performance.now() - t);
	}
	const enc = ex.records.map(encodeRecord);
	let t = performance.now(); for (const e of enc) decodeRecord(e); console.log("decode 10k records", performance.now() - t, enc[5]!.length);
	const st = newState(); st.add(ex.records);
	const db = new ExampleDatabase(); const judge = new DatabaseJudge(st, "notes", db);
	const entries = Array.from({ length: 1000 }, (_, i) => ({ hash: hashOf("e" + i), signer: keyOf(`m${i * 10}`), previousByAuthor: undefined, directoryHeads: [ex.records[5 + i * 10]!.hash] }));
	for (let k = 0; k < 3; k++) {
		t = performance.now(); let ok = 0;
		for (let r = 0; r < 1000; r++) for (const e of entries) if (judge.judgeByDirectory(e)?.verdict === "accepted") ok++;
		console.log("judge 1M", performance.now() - t, ok);
	}
	// 3 admins concurrent
	const ex2 = new Example("c").begin(); for (const a of ["a", "b", "c"]) ex2.adminGrant("root", a);
	let heads = [ex2.records.at(-1)!];
	for (let i = 0; i < 3333; i++) heads = ["a", "b", "c"].map((a) => ex2.grant(a, `m${a}${i}`, { after: heads }));
	t = performance.now(); const sc = newState(); sc.add(ex2.records); console.log("fold 10k by 3 concurrent admins", performance.now() - t, sc.view.graph.order.chains, sc.heads().length);
	const e3 = entries.map((e, i) => ({ ...e, signer: keyOf(`ma${i}`), directoryHeads: heads.map((h) => h.hash) }));
	const j3 = new DatabaseJudge(sc, "notes", db);
	t = performance.now(); for (let r = 0; r < 1000; r++) for (const e of e3) j3.judgeByDirectory(e); console.log("judge 1M with 3 heads", performance.now() - t);
	// hostile wide
	const ex4 = new Example("w").begin(); const b0 = ex4.records[0]!;
	for (let i = 0; i < 10_000; i++) ex4.grant("root", `w${i}`, { after: [b0] });
	t = performance.now(); const sw = newState(); sw.add(ex4.records); console.log("fold 10k concurrent heads by root", performance.now() - t, sw.heads().length);
	// revoked admin w/ 10k records singly
	const ex5 = new Example("r").begin(); const mk = ex5.adminGrant("root", "ada");
	for (let i = 0; i < 5_000; i++) ex5.grant("ada", `w${i}`);
	const end = ex5.adminRevoke("root", "ada", { directory: [{ from: undefined, to: ex5.records[2000]!.hash }] }, { after: [mk] });
	const sr = newState(); sr.add([...ex5.records.slice(0, 2), end]);
	t = performance.now(); sr.add(ex5.records); console.log("5k of revoked admin batch", performance.now() - t);
	const sr2 = newState(); sr2.add([...ex5.records.slice(0, 2), end]);
	t = performance.now(); for (const r of ex5.records) sr2.add([r]); console.log("5k of revoked admin singly", performance.now() - t);
	const sr3 = newState(); sr3.add(ex5.records.filter((r) => r !== end));
	t = performance.now(); sr3.add([end]); console.log("revocation of admin with 5k entries", performance.now() - t);
	// chain 1M
	const names = Array.from({ length: 1_000_000 }, (_, i) => i.toString(16).padStart(8, "0").repeat(8));
	const m0 = process.memoryUsage();
	t = performance.now(); const ch = new AuthorChain(); for (let i = 0; i < names.length; i++) ch.add({ hash: names[i]!, previousByAuthor: names[i - 1] });
	console.log("chain 1M add", performance.now() - t);
	t = performance.now(); let n = 0; const run = { from: undefined, to: names[500_000]! }; for (const h of names) if (ch.membership(run, h).kind === "inside") n++;
	console.log("chain 1M membership", performance.now() - t, n);
	const m1 = process.memoryUsage(); console.log("MB", (m1.heapUsed - m0.heapUsed) / 1e6, (m1.arrayBuffers - m0.arrayBuffers) / 1e6);
}, 300_000);
