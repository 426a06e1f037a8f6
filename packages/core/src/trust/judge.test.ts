import { expect, test } from "vitest";
import { Example, ExampleDatabase, hashOf, keyOf, newState, recoveryKey, rootKey } from "./directory-example.test.js";
import type { DirectoryRecord } from "./directory-record.js";
import { type AuthoredEntry, DatabaseJudge } from "./judge.js";

class Scene {
	readonly example = new Example().begin();
	readonly db = new ExampleDatabase();
	readonly state = newState();
	readonly judgement: DatabaseJudge;

	constructor(dbId = "notes") {
		this.judgement = new DatabaseJudge(this.state, dbId, this.db);
	}

	get head(): DirectoryRecord {
		return this.example.records.at(-1) as DirectoryRecord;
	}

	async judge(entry: AuthoredEntry) {
		this.state.add(this.example.records);
		const [verdict] = await this.judgement.judge([entry]);
		return verdict;
	}
}

const accepted = { verdict: "accepted" };

test("a member's entry counts when the grant lies in the causal past of its directory heads", async () => {
	const { example, db, judge } = bound(new Scene());
	const [begun] = example.records as [DirectoryRecord];
	const grant = example.grant("root", "mia");
	const other = example.grant("root", "max");
	expect(await judge(db.write("mia", [grant]))).toEqual(accepted);
	expect(await judge(db.write("mia", [other]))).toEqual(accepted);
	expect(await judge(db.write("mia", [begun]))).toEqual({ verdict: "refused", rule: 3, reason: "not-granted" });
	expect(await judge(db.write("mia", []))).toMatchObject({ reason: "not-granted" });
	expect(await judge(db.write("eve", [other]))).toMatchObject({ reason: "not-granted" });
});

test("an author who leaves out a directory head gains nothing (lesson 13)", async () => {
	const scene = new Scene();
	const { example, db, judge } = bound(scene);
	const grant = example.grant("root", "mia");
	const kept = db.write("mia", [grant]);
	const end = example.revoke("root", "mia", { notes: [{ from: undefined, to: kept.hash }] });
	const late = db.write("mia", [grant]);
	expect(await judge(kept)).toEqual(accepted);
	expect(await judge(late)).toEqual({ verdict: "refused", rule: 4, reason: "revoked", by: end.hash });
	expect(await judge(db.write("mia", [end]))).toEqual({
		verdict: "refused",
		rule: 3,
		reason: "revoked-before",
		by: end.hash,
	});
	expect(await judge(db.write("mia", [grant], { previous: undefined }))).toMatchObject({ reason: "revoked" });
	expect(await judge(db.write("mia", [grant], { previous: kept }))).toMatchObject({ reason: "revoked" });
});

test("a database that the revocation does not list has no runs", async () => {
	const { example, db, judge } = bound(new Scene());
	const grant = example.grant("root", "mia");
	const entry = db.write("mia", [grant]);
	example.revoke("root", "mia", { other: [{ from: undefined, to: entry.hash }] });
	expect(await judge(entry)).toMatchObject({ verdict: "refused", rule: 4 });
});

test("an entry must lie in a run of every revocation that applies", async () => {
	const { example, db, judge } = bound(new Scene());
	const grant = example.grant("root", "mia");
	const first = db.write("mia", [grant]);
	const second = db.write("mia", [grant]);
	example.revoke("root", "mia", { notes: [{ from: undefined, to: second.hash }] });
	const narrow = example.revoke("root", "mia", { notes: [{ from: undefined, to: first.hash }] }, { after: [grant] });
	expect(await judge(first)).toEqual(accepted);
	expect(await judge(second)).toMatchObject({ reason: "revoked", by: narrow.hash });
});

test("what a user wrote before the revocation still counts on a replica that is new (lesson 18)", async () => {
	const { example, db } = bound(new Scene());
	const grant = example.grant("root", "mia");
	const entries = [1, 2, 3].map(() => db.write("mia", [grant]));
	example.revoke("root", "mia", { notes: [{ from: undefined, to: (entries[2] as AuthoredEntry).hash }] });
	const fresh = newState();
	fresh.add([...example.records].reverse());
	const verdicts = await new DatabaseJudge(fresh, "notes", db).judge(entries);
	expect(verdicts).toEqual([accepted, accepted, accepted]);
});

test("a grant made concurrently elsewhere does not outlive a revocation", async () => {
	const { example, db, judge } = bound(new Scene());
	const grant = example.grant("root", "mia");
	const end = example.revoke("root", "mia");
	const beside = example.grant("root", "mia", { after: [grant] });
	expect(await judge(db.write("mia", [beside]))).toMatchObject({ verdict: "refused", rule: 4, by: end.hash });
	expect(await judge(db.write("mia", [beside, end]))).toMatchObject({ verdict: "refused", rule: 3, by: end.hash });
});

test("a user who is granted again is trusted again (lesson 19)", async () => {
	const { example, db, judge } = bound(new Scene());
	const first = example.grant("root", "mia");
	const end = example.revoke("root", "mia");
	const again = example.grant("root", "mia");
	expect(await judge(db.write("mia", [again]))).toEqual(accepted);
	// Written before the new grant was known: the revocation applies to it.
	expect(await judge(db.write("mia", [first]))).toMatchObject({ reason: "revoked", by: end.hash });
	const endAgain = example.revoke("root", "mia");
	expect(await judge(db.write("mia", [again]))).toMatchObject({ reason: "revoked", by: endAgain.hash });
});

test("a missing link leaves an entry pending, is named, and opens it on arrival", async () => {
	const { example, db, judge } = bound(new Scene());
	const grant = example.grant("root", "mia");
	const first = db.write("mia", [grant]);
	const second = db.write("mia", [grant], { arrives: false });
	const third = db.write("mia", [grant]);
	const late = db.write("mia", [grant]);
	example.revoke("root", "mia", { notes: [{ from: undefined, to: third.hash }] });
	expect(await judge(third)).toEqual(accepted);
	expect(await judge(first)).toMatchObject({ verdict: "pending", missingLinks: [second.hash] });
	expect(await judge(late)).toMatchObject({ verdict: "pending", missingLinks: [second.hash] });
	db.arrive(second);
	expect(await judge(first)).toEqual(accepted);
	expect(await judge(second)).toEqual(accepted);
	expect(await judge(late)).toMatchObject({ verdict: "refused", reason: "revoked" });
});

test("both branches of a forked chain are judged by the runs (lessons 16 and 26)", async () => {
	const { example, db, judge } = bound(new Scene());
	const grant = example.grant("root", "mia");
	const base = db.write("mia", [grant]);
	const left = db.write("mia", [grant]);
	const right = db.write("mia", [grant], { previous: base });
	const lost = db.write("mia", [grant], { previous: base });
	example.revoke("root", "mia", {
		notes: [
			{ from: undefined, to: left.hash },
			{ from: base.hash, to: right.hash },
		],
	});
	for (const entry of [base, left, right]) expect(await judge(entry)).toEqual(accepted);
	expect(await judge(lost)).toMatchObject({ reason: "revoked" });
});

test("an entry that is judged before it is stored is a link of its chain", async () => {
	const { example, db, judge } = bound(new Scene());
	const grant = example.grant("root", "mia");
	const last = db.write("mia", [grant], { arrives: false });
	example.revoke("root", "mia", { notes: [{ from: undefined, to: last.hash }] });
	expect(await judge(last)).toEqual(accepted);
});

test("what one rule refuses is refused, whatever another one still waits for", async () => {
	const scene = new Scene("payroll");
	const { example, db } = scene;
	example.adminOnly("root", "payroll");
	const made = example.adminGrant("root", "ada");
	const locked = example.write("root", undefined, { contents: { kind: "locked" } });
	const entry = db.write("ada", [locked]);
	scene.state.add(example.records);
	const [waiting] = await scene.judgement.judge([entry]);
	expect(waiting).toMatchObject({ verdict: "pending", lockedDirectory: [locked.hash] });
	const end = example.adminRevoke("root", "ada", {}, { after: [made] });
	scene.state.add([end]);
	const [refused] = await scene.judgement.judge([entry]);
	expect(refused).toMatchObject({ verdict: "refused", reason: "administrator-revoked", by: end.hash });
});

test("unknown directory heads leave an entry pending until they arrive", async () => {
	const scene = new Scene();
	const { example, db } = scene;
	const grant = example.grant("root", "mia");
	const later = example.grant("root", "max");
	const entry = db.write("mia", [grant, later]);
	scene.state.add([example.records[0] as DirectoryRecord, grant]);
	expect(scene.judgement.judgeByDirectory(entry)).toMatchObject({ verdict: "pending", missingDirectory: [later.hash] });
	const { known } = scene.state.add([later]);
	expect(known).toEqual([later.hash]);
	expect(scene.judgement.judgeByDirectory(entry)).toEqual(accepted);
});

test("an unreadable directory entry that may hold the grant leaves an entry pending", async () => {
	const scene = new Scene();
	const { example, db } = scene;
	const grant = example.grant("root", "mia");
	const entry = db.write("mia", [grant]);
	scene.state.add([example.records[0] as DirectoryRecord, { ...grant, contents: { kind: "locked" } }]);
	expect(scene.judgement.judgeByDirectory(entry)).toMatchObject({ verdict: "pending", lockedDirectory: [grant.hash] });
	scene.state.add([grant]);
	expect(scene.judgement.judgeByDirectory(entry)).toEqual(accepted);
});

test("in an admin-only database the author must be a member and an administrator", async () => {
	const scene = new Scene("payroll");
	const { example, db, judge } = bound(scene);
	example.grant("root", "mia");
	example.grant("root", "ada");
	const early = db.write("mia", [scene.head]);
	expect(await judge(early)).toEqual(accepted);
	example.adminOnly("root", "payroll");
	expect(await judge(early)).toEqual({ verdict: "refused", rule: 2, reason: "not-administrator" });
	example.adminGrant("root", "ada");
	const { head } = scene;
	expect(await judge(db.write("ada", [head]))).toEqual(accepted);
	expect(await judge(db.write("eve", [head]))).toMatchObject({ rule: 3, reason: "not-granted" });
	expect(await judge(db.write("root", [head]))).toMatchObject({ rule: 3, reason: "not-granted" });
	expect(scene.judgement.mayWrite(keyOf("ada"))).toEqual(accepted);
	expect(scene.judgement.mayWrite(keyOf("mia"))).toMatchObject({ rule: 2, reason: "not-administrator" });
});

test("in an admin-only database a revoked administrator's runs decide, and a revoked member's as well", async () => {
	const scene = new Scene("payroll");
	const { example, db, judge } = bound(scene);
	example.adminOnly("root", "payroll");
	example.grant("root", "ada");
	const made = example.adminGrant("root", "ada");
	const kept = db.write("ada", [made]);
	const lost = db.write("ada", [made]);
	const runs = [{ from: undefined, to: kept.hash }];
	const end = example.adminRevoke("root", "ada", { payroll: runs });
	expect(await judge(kept)).toEqual(accepted);
	expect(await judge(lost)).toEqual({ verdict: "refused", rule: 2, reason: "administrator-revoked", by: end.hash });
	expect(await judge(db.write("ada", [end]))).toMatchObject({ rule: 2, reason: "administrator-revoked-before" });
	const out = example.revoke("root", "ada", { payroll: [{ from: kept.hash, to: lost.hash }] });
	expect(await judge(kept)).toEqual({ verdict: "refused", rule: 4, reason: "revoked", by: out.hash });
});

test("pardons name entries and runs of the database", async () => {
	const scene = new Scene();
	const { example, db } = scene;
	const grant = example.grant("root", "mia");
	const [first, second, third, fourth] = [1, 2, 3, 4].map(() => db.write("mia", [grant])) as AuthoredEntry[] as [
		AuthoredEntry,
		AuthoredEntry,
		AuthoredEntry,
		AuthoredEntry,
	];
	const foreign = db.write("max", [grant], { previous: first });
	example.revoke("root", "mia");
	const all = [first, second, third, fourth, foreign];
	scene.state.add(example.records);
	expect((await scene.judgement.pardoned(all)).pardoned).toEqual(new Set());
	example.pardon(
		"root",
		"other",
		all.map(({ hash }) => hash),
	);
	example.pardon(
		"mia",
		"notes",
		all.map(({ hash }) => hash),
	);
	scene.state.add(example.records);
	expect((await scene.judgement.pardoned(all)).pardoned).toEqual(new Set());
	example.pardon("root", "notes", [first.hash], [{ from: second.hash, to: third.hash }]);
	const changes = scene.state.add(example.records);
	expect((await scene.judgement.pardoned(all)).pardoned).toEqual(new Set([first.hash, third.hash]));
	expect(changes.pardons.map(({ dbId, entries }) => [dbId, entries])).toEqual([["notes", [first.hash]]]);
});

test("an entry that may lie in a pardoned run names the link that would tell, and opens on arrival", async () => {
	const scene = new Scene();
	const { example, db } = scene;
	const grant = example.grant("root", "mia");
	const first = db.write("mia", [grant]);
	const second = db.write("mia", [grant], { arrives: false });
	const third = db.write("mia", [grant], { arrives: false });
	example.revoke("root", "mia");
	example.pardon("root", "notes", [], [{ from: undefined, to: third.hash }]);
	scene.state.add(example.records);
	const waitsFor = async () => (await scene.judgement.pardoned([first])).missingLinks.get(first.hash);
	expect(await waitsFor()).toEqual([third.hash]);
	db.arrive(third);
	expect(await waitsFor()).toEqual([second.hash]);
	db.arrive(second);
	expect(await waitsFor()).toBeUndefined();
	expect((await scene.judgement.pardoned([first])).pardoned).toEqual(new Set([first.hash]));
});

test("a pardon may name more runs than a call takes arguments (lesson 10)", () => {
	const { example, state } = new Scene();
	const run = { from: undefined, to: hashOf("somebody's") };
	example.pardon("root", "notes", [], new Array<typeof run>(150_000).fill(run));
	state.add(example.records);
	expect(state.pardons("notes").runs).toHaveLength(150_000);
});

test("an administrator's pardon and revocation of members end with the administrator's right", async () => {
	const { example, db, judge, state } = bound(new Scene());
	const made = example.adminGrant("root", "ada");
	const grant = example.grant("root", "mia");
	const entry = db.write("mia", [grant]);
	example.revoke("ada", "mia");
	expect(await judge(entry)).toMatchObject({ reason: "revoked" });
	example.adminRevoke("root", "ada", { directory: [] }, { after: [made] });
	expect(await judge(entry)).toEqual(accepted);
	expect(state.isMember(keyOf("mia"))).toBe(true);
});

test("a chain is read only for revoked authors, and each of its links once", async () => {
	const scene = new Scene();
	const { example, db } = scene;
	const grant = example.grant("root", "mia");
	const max = example.grant("root", "max");
	const entries = Array.from({ length: 50 }, () => db.write("mia", [grant]));
	entries.push(...Array.from({ length: 50 }, () => db.write("max", [max])));
	scene.state.add(example.records);
	await scene.judgement.judge(entries);
	expect(db.reads).toBe(0);
	example.revoke("root", "mia", { notes: [{ from: undefined, to: (entries[20] as AuthoredEntry).hash }] });
	scene.state.add(example.records);
	for (let i = 0; i < 3; i++) {
		const verdicts = await scene.judgement.judge(entries);
		expect(verdicts.filter(({ verdict }) => verdict === "accepted")).toHaveLength(21 + 50);
	}
	expect(db.reads).toBe(50);
});

test("inside the directory the fold's verdict counts", async () => {
	const scene = new Scene("directory");
	const { example } = scene;
	example.grant("root", "mia");
	const forged = example.grant("mia", "friend");
	scene.state.add(example.records);
	const asked = [...example.records, { ...forged, hash: hashOf("unknown") }].map((record) => ({
		hash: record.hash,
		signer: record.signer,
		previousByAuthor: record.previousByAuthor,
		directoryHeads: record.parents,
	}));
	expect(await scene.judgement.judge(asked)).toMatchObject([
		accepted,
		accepted,
		{ verdict: "refused", rule: 2, reason: "not-administrator" },
		{ verdict: "pending", missingDirectory: [hashOf("unknown")] },
	]);
	expect(scene.judgement.mayWrite(rootKey)).toEqual(accepted);
	expect(scene.judgement.mayWrite(recoveryKey)).toEqual(accepted);
	expect(scene.judgement.mayWrite(keyOf("mia"))).toMatchObject({ reason: "not-administrator" });
});

test("whether an author may write now", () => {
	const scene = new Scene();
	const { example, state, judgement } = scene;
	const grant = example.grant("root", "mia");
	state.add(example.records);
	expect(judgement.mayWrite(keyOf("mia"))).toEqual(accepted);
	expect(judgement.mayWrite(keyOf("eve"))).toMatchObject({ reason: "not-granted" });
	const end = example.revoke("root", "mia", {}, { after: [grant] });
	state.add(example.records);
	expect(judgement.mayWrite(keyOf("mia"))).toMatchObject({ verdict: "refused", by: end.hash });
	expect(state.everGranted(keyOf("mia"))).toBe(true);
	example.grant("root", "mia");
	state.add(example.records);
	expect(judgement.mayWrite(keyOf("mia"))).toEqual(accepted);
});

function bound(scene: Scene) {
	const { example, db, state } = scene;
	return { example, db, state, judge: (entry: AuthoredEntry) => scene.judge(entry) };
}
