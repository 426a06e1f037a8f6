import { expect, test } from "vitest";
import {
	Example,
	firstCommitment,
	grantOf,
	hashOf,
	keyOf,
	newState,
	recoveryKey,
	rootKey,
} from "./directory-example.test.js";
import type { DirectoryRecord } from "./directory-record.js";
import type { DirectoryState } from "./directory-state.js";

function fold(example: Example): DirectoryState {
	const state = newState();
	state.add(example.records);
	return state;
}

function verdict(state: DirectoryState, record: DirectoryRecord) {
	return state.verdictOf(record.hash);
}

test("a grant by the root key makes a member", () => {
	const example = new Example().begin();
	const grant = example.grant("root", "mia");
	const state = fold(example);
	expect(state.isMember(keyOf("mia"))).toBe(true);
	expect(state.everGranted(keyOf("mia"))).toBe(true);
	expect(state.members()).toEqual([
		{
			username: "mia",
			signingKey: keyOf("mia"),
			encryptionKey: expect.any(Uint8Array),
			granted: { hash: grant.hash, by: rootKey, at: grant.createdAt },
			revoked: undefined,
		},
	]);
});

test("entries by others are ignored when read", () => {
	const example = new Example().begin();
	example.grant("root", "mia");
	const forged = example.grant("mia", "friend");
	const wiped = example.write("mia", { form: "purgerequest", dbId: "notes", docId: "d" });
	const state = fold(example);
	expect(verdict(state, forged)).toEqual({ verdict: "refused", rule: 2, reason: "not-administrator" });
	expect(verdict(state, wiped)).toMatchObject({ verdict: "refused", rule: 2 });
	expect(state.isMember(keyOf("friend"))).toBe(false);
	expect(state.purgeRequests("notes")).toEqual([]);
	expect(state.heads()).toEqual([example.records[1]?.hash]);
});

test("an administrator is made by an admingrant in the causal past, not by one beside it", () => {
	const example = new Example().begin();
	const made = example.adminGrant("root", "ada");
	const grant = example.grant("ada", "mia");
	const beside = example.grant("ada", "max", { after: [example.records[0] as DirectoryRecord] });
	const state = fold(example);
	expect(verdict(state, made)).toEqual({ verdict: "accepted" });
	expect(verdict(state, grant)).toEqual({ verdict: "accepted" });
	expect(verdict(state, beside)).toMatchObject({ reason: "not-administrator" });
	expect(state.isAdministrator(keyOf("ada"))).toBe(true);
	expect(state.administrators().map(({ role, signingKey }) => [role, signingKey])).toEqual([
		["root", rootKey],
		["recovery", recoveryKey],
		["administrator", keyOf("ada")],
	]);
});

test("admingrant and adminrevoke count only from root and recovery keys", () => {
	const example = new Example().begin();
	example.adminGrant("root", "ada");
	const promoted = example.adminGrant("ada", "eve");
	example.adminGrant("root", "bob");
	const demoted = example.adminRevoke("ada", "bob");
	const state = fold(example);
	expect(verdict(state, promoted)).toEqual({ verdict: "refused", rule: 2, reason: "form" });
	expect(verdict(state, demoted)).toEqual({ verdict: "refused", rule: 2, reason: "form" });
	expect(state.isAdministrator(keyOf("eve"))).toBe(false);
	expect(state.isAdministrator(keyOf("bob"))).toBe(true);
});

test("only the recovery key's adminrevoke counts against the root, and nothing revokes the recovery key", () => {
	const example = new Example().begin();
	const own = example.adminRevoke("root", "root");
	const attack = example.adminRevoke("root", "recovery");
	const kept = example.grant("root", "mia");
	const run = { from: undefined, to: kept.hash };
	const end = example.adminRevoke("recovery", "root", { directory: [run] }, { after: [kept] });
	const late = example.grant("root", "thief");
	const beside = example.grant("root", "second-thief", { after: [kept] });
	const again = example.grant("recovery", "max");
	const state = fold(example);
	expect(verdict(state, own)).toMatchObject({ reason: "form" });
	expect(verdict(state, attack)).toMatchObject({ reason: "form" });
	expect(verdict(state, kept)).toEqual({ verdict: "accepted" });
	expect(verdict(state, late)).toEqual({
		verdict: "refused",
		rule: 2,
		reason: "administrator-revoked-before",
		by: end.hash,
	});
	expect(verdict(state, beside)).toEqual({
		verdict: "refused",
		rule: 2,
		reason: "administrator-revoked",
		by: end.hash,
	});
	expect(verdict(state, again)).toEqual({ verdict: "accepted" });
	expect(state.isAdministrator(rootKey)).toBe(false);
	expect(state.isAdministrator(recoveryKey)).toBe(true);
	expect(state.administrators()[0]?.revoked?.hash).toBe(end.hash);
});

test("the recovery key can give the root key its right back", () => {
	const example = new Example().begin();
	example.adminRevoke("recovery", "root", {});
	const between = example.grant("root", "mia");
	example.adminGrant("recovery", "root");
	const after = example.grant("root", "max");
	const state = fold(example);
	expect(verdict(state, between)).toMatchObject({ reason: "administrator-revoked-before" });
	expect(verdict(state, after)).toEqual({ verdict: "accepted" });
});

test("a revoked administrator's entries count only in the runs that the revocation lists", () => {
	const example = new Example().begin();
	const made = example.adminGrant("root", "ada");
	const first = example.grant("ada", "one");
	const second = example.grant("ada", "two");
	const third = example.grant("ada", "three");
	const runs = [{ from: first.hash, to: second.hash }];
	const end = example.adminRevoke("root", "ada", { directory: runs }, { after: [made] });
	const state = fold(example);
	expect(verdict(state, first)).toMatchObject({ reason: "administrator-revoked", by: end.hash });
	expect(verdict(state, second)).toEqual({ verdict: "accepted" });
	expect(verdict(state, third)).toMatchObject({ reason: "administrator-revoked", by: end.hash });
	expect(state.members().map(({ username }) => username)).toEqual(["two"]);
});

test("a revocation that arrives after newer directory entries is applied (lesson 19)", () => {
	const example = new Example().begin();
	const made = example.adminGrant("root", "ada");
	const grant = example.grant("ada", "mia");
	const newer = example.grant("root", "max");
	const end = example.adminRevoke("root", "ada", { directory: [] }, { after: [made] });
	const state = newState();
	state.add(example.records.filter((record) => record !== end));
	expect(state.isMember(keyOf("mia"))).toBe(true);
	const changes = state.add([end]);
	expect(verdict(state, grant)).toMatchObject({ verdict: "refused", by: end.hash });
	expect(verdict(state, newer)).toEqual({ verdict: "accepted" });
	expect(changes.authors).toEqual([keyOf("mia")]);
	expect(changes.administrators).toEqual([keyOf("ada")]);
	expect(changes.verdicts).toEqual([grant.hash, end.hash].sort());
	// What it wrote may be pardoned, so it is kept.
	expect(state.everGranted(keyOf("mia"))).toBe(true);
	expect(state.isMember(keyOf("mia"))).toBe(false);
});

test("an administrator who is granted again is trusted again (lesson 19)", () => {
	const example = new Example().begin();
	example.adminGrant("root", "ada");
	example.adminRevoke("root", "ada");
	const between = example.grant("ada", "one");
	example.adminGrant("root", "ada");
	const after = example.grant("ada", "two");
	const state = fold(example);
	expect(verdict(state, between)).toMatchObject({ reason: "administrator-revoked-before" });
	expect(verdict(state, after)).toEqual({ verdict: "accepted" });
});

test("an administrator's missing link leaves the entry pending, and its arrival opens it", () => {
	const example = new Example().begin();
	const made = example.adminGrant("root", "ada");
	const first = example.grant("ada", "one");
	const second = example.grant("ada", "two");
	const third = example.grant("ada", "three");
	example.adminRevoke("root", "ada", { directory: [{ from: undefined, to: third.hash }] }, { after: [made] });
	const state = newState();
	// `second` is missing: `third` names it in its past as well, so hand in a copy that does not wait for it.
	const loose = { ...third, parents: [made.hash] };
	state.add(example.records.map((record) => (record === third ? loose : record)).filter((record) => record !== second));
	expect(state.verdictOf(third.hash)).toEqual({ verdict: "accepted" });
	expect(state.verdictOf(first.hash)).toMatchObject({ verdict: "pending", missingLinks: [second.hash] });
	const changes = state.add([second]);
	expect(state.verdictOf(first.hash)).toEqual({ verdict: "accepted" });
	expect(changes.verdicts).toContain(first.hash);
});

test("an entry with an unknown past waits, and what is missing is named", () => {
	const example = new Example().begin();
	const grant = example.grant("root", "mia");
	const later = example.grant("root", "max");
	const last = example.grant("root", "mo");
	const state = newState();
	const [begun] = example.records as [DirectoryRecord];
	state.add([begun, later, last]);
	expect(state.verdictOf(later.hash)).toMatchObject({ verdict: "pending", missingDirectory: [grant.hash] });
	expect(state.verdictOf(last.hash)).toMatchObject({ verdict: "pending", missingDirectory: [later.hash] });
	expect(state.missing()).toEqual([grant.hash]);
	expect(state.has(later.hash)).toBe(false);
	expect(state.isMember(keyOf("max"))).toBe(false);
	expect(state.heads()).toEqual([begun.hash]);
	const changes = state.add([grant]);
	expect(changes.known).toEqual([grant.hash, later.hash, last.hash].sort());
	expect(changes.authors).toEqual([keyOf("mia"), keyOf("max"), keyOf("mo")].sort());
	expect(state.heads()).toEqual([last.hash]);
	expect(state.missing()).toEqual([]);
});

test("the first version of `directory` is written under itself; an unannounced one leaves an entry pending (lesson 15)", () => {
	const example = new Example().begin();
	example.adminGrant("root", "ada");
	const foreign = hashOf("a key that nobody announced");
	const waiting = example.grant("ada", "mia", { keyCommitment: foreign });
	const state = fold(example);
	expect(verdict(state, example.records[0] as DirectoryRecord)).toEqual({ verdict: "accepted" });
	expect(verdict(state, waiting)).toEqual({ verdict: "pending-key", commitment: foreign });
	const announcement = example.keyVersion("root", "directory", foreign, {
		after: [example.records[0] as DirectoryRecord],
	});
	const changes = state.add([announcement]);
	expect(verdict(state, waiting)).toEqual({ verdict: "accepted" });
	expect(changes.commitments).toEqual([foreign]);
	expect(changes.verdicts).toContain(waiting.hash);
});

test("no member can hand out a newer key (lesson 15)", () => {
	const example = new Example().begin();
	const genuine = hashOf("default 1");
	example.keyVersion("root", "default", genuine);
	example.grant("root", "mia");
	const injected = hashOf("default of a member");
	example.keyVersion("mia", "default", injected);
	const state = fold(example);
	expect(state.writeVersion("default")).toBe(genuine);
	expect(state.announcedCommitments("default")).toEqual([genuine]);
	expect(state.judgeKey("default", genuine)).toEqual({ verdict: "accepted" });
	expect(state.judgeKey("default", injected)).toEqual({ verdict: "pending", keyId: "default", commitment: injected });
});

test("always `default` and `directory`, and named keys that were handed to it, are governed", () => {
	const example = new Example();
	const named = hashOf("secret 1");
	const state = newState();
	expect(state.judgeKey("default", named)).toMatchObject({ verdict: "pending" });
	expect(state.judgeKey("secret", named)).toEqual({ verdict: "accepted" });
	example.begin();
	example.keyVersion("root", "secret", named);
	const changes = state.add(example.records);
	expect(changes.governed).toEqual(["secret"]);
	expect(state.judgeKey("secret", hashOf("secret 2"))).toMatchObject({ verdict: "pending" });
	expect(state.judgeKey("default", named)).toMatchObject({ verdict: "pending" });
	expect(state.governedKeys()).toEqual(["default", "directory", "secret"]);
	example.keyVersion("root", "secret", hashOf("secret 2"));
	expect(state.add(example.records).governed).toEqual([]);
});

test("the version to write under: none other in its causal future, then the lowest entry hash", () => {
	const example = new Example().begin();
	const [begun] = example.records as [DirectoryRecord];
	example.keyVersion("root", "default", hashOf("one"), { after: [begun] });
	const second = example.keyVersion("root", "default", hashOf("two"));
	const beside = example.keyVersion("root", "default", hashOf("three"), { after: [begun] });
	const expected = second.hash < beside.hash ? hashOf("two") : hashOf("three");
	expect(fold(example).writeVersion("default")).toBe(expected);
	const last = example.keyVersion("root", "default", hashOf("four"), { after: [second, beside] });
	expect(last.hash).toBeDefined();
	expect(fold(example).writeVersion("default")).toBe(hashOf("four"));
	expect(fold(example).writeVersion("unheard")).toBeUndefined();
	const state = newState();
	const found = example.records.map((record) => {
		state.add([record]);
		return state.writeVersion("default");
	});
	expect(found).toEqual([undefined, hashOf("one"), hashOf("two"), expected, hashOf("four")]);
});

test("a revoked administrator's key version is withdrawn, and the revocation itself stays decidable", () => {
	const example = new Example().begin();
	example.adminGrant("root", "ada");
	const seen = example.grant("ada", "mia");
	const fresh = hashOf("directory key of ada");
	const rotated = example.keyVersion("ada", "directory", fresh);
	const after = example.grant("ada", "max", { keyCommitment: fresh });
	const runs = [{ from: undefined, to: seen.hash }];
	const end = example.adminRevoke("root", "ada", { directory: runs }, { keyCommitment: fresh });
	const granted = example.grant("root", "mo", { keyCommitment: fresh });
	const state = fold(example);
	expect(verdict(state, end)).toEqual({ verdict: "accepted" });
	expect(verdict(state, rotated)).toMatchObject({ reason: "administrator-revoked", by: end.hash });
	expect(verdict(state, after)).toMatchObject({ reason: "administrator-revoked" });
	expect(verdict(state, granted)).toEqual({ verdict: "accepted" });
	expect(state.writeVersion("directory")).toBe(firstCommitment);
});

test("releases are found by the receiver's key", () => {
	const example = new Example().begin();
	const receiver = hashOf("spki of mia");
	const wrap = new Uint8Array([1, 2, 3]);
	const wraps = [{ receiver, wrap }];
	const release = example.write("root", { form: "keyrelease", keyId: "default", commitment: hashOf("v1"), wraps });
	example.write("mia", { form: "keyrelease", keyId: "default", commitment: hashOf("forged"), wraps });
	const state = newState();
	const changes = state.add(example.records);
	expect(state.releasesFor(receiver)).toEqual([
		{ hash: release.hash, keyId: "default", commitment: hashOf("v1"), wrap },
	]);
	expect(state.releasesFor(hashOf("spki of max"))).toEqual([]);
	expect(changes.releases).toEqual([{ keyId: "default", commitment: hashOf("v1"), receivers: [receiver] }]);
});

test("servers are listed until their key is revoked", () => {
	const example = new Example().begin();
	const server = {
		form: "server",
		signingKey: keyOf("relay"),
		encryptionKey: new Uint8Array([9]),
		addresses: ["wss://a.example"],
	} as const;
	example.write("root", server);
	const state = newState();
	expect(state.add(example.records).servers).toBe(true);
	expect(state.servers().map(({ addresses }) => addresses)).toEqual([["wss://a.example"]]);
	example.revoke("root", "relay");
	state.add(example.records);
	expect(state.servers()).toEqual([]);
	example.write("root", server);
	state.add(example.records);
	expect(state.servers()).toHaveLength(1);
});

test("a purge request for the directory does not count; others do", () => {
	const example = new Example().begin();
	const wrong = example.write("root", { form: "purgerequest", dbId: "directory", docId: "d" });
	example.write("root", { form: "purgerequest", dbId: "notes", docId: "d" });
	const state = newState();
	const changes = state.add(example.records);
	expect(verdict(state, wrong)).toEqual({ verdict: "refused", rule: 2, reason: "form" });
	expect(state.purgeRequests("directory")).toEqual([]);
	expect(state.purgeRequests("notes")).toEqual(["d"]);
	expect(changes.purges).toEqual([{ dbId: "notes", docId: "d" }]);
});

test("a database stays admin-only once an accepted setting said so", () => {
	const example = new Example().begin();
	example.grant("root", "mia");
	const forged = example.adminOnly("mia", "diary");
	const first = example.adminOnly("root", "payroll");
	const contents = {
		kind: "settings",
		settings: { form: "dbsettings", dbId: "payroll", setsAdminOnly: false },
	} as const;
	example.write("root", undefined, { entryType: "doc_change", contents, dependencies: [first] });
	const state = newState();
	const changes = state.add(example.records);
	expect(verdict(state, forged)).toMatchObject({ reason: "not-administrator" });
	expect(state.adminOnly("payroll")).toBe(true);
	expect(state.adminOnly("diary")).toBe(false);
	expect(state.adminOnly("directory")).toBe(true);
	expect(changes.adminOnly).toEqual(["payroll"]);
	expect(state.adminOnlyDatabases()).toEqual(["directory", "payroll"]);
});

test("a setting that builds on a refused one is refused, on an unknown one pending (rule 5)", () => {
	const example = new Example().begin();
	const [begun] = example.records as [DirectoryRecord];
	const forged = example.adminOnly("mia", "diary");
	const upon = example.adminOnly("root", "diary", { after: [begun], dependencies: [forged] });
	const missing = example.adminOnly("root", "payroll", { after: [begun] });
	const waiting = example.adminOnly("root", "payroll", { after: [begun], dependencies: [missing] });
	const state = newState();
	state.add(example.records.filter((record) => record !== missing));
	expect(verdict(state, upon)).toEqual({ verdict: "refused", rule: 5, reason: "dependency", by: forged.hash });
	expect(verdict(state, waiting)).toEqual({ verdict: "pending-dependency", missing: [missing.hash] });
	expect(state.adminOnly("diary")).toBe(false);
	expect(state.adminOnly("payroll")).toBe(false);
	const changes = state.add([missing]);
	expect(verdict(state, waiting)).toEqual({ verdict: "accepted" });
	expect(changes.verdicts).toEqual([missing.hash, waiting.hash].sort());
});

test("a setting whose database is recognised later counts from then on", () => {
	const example = new Example().begin();
	const setting = example.adminOnly("root", "payroll");
	const state = newState();
	state.add([...example.records.slice(0, 1), { ...setting, contents: { kind: "nothing" } }]);
	expect(state.adminOnly("payroll")).toBe(false);
	const changes = state.add([setting]);
	expect(changes.adminOnly).toEqual(["payroll"]);
	expect(state.adminOnly("payroll")).toBe(true);
	expect(state.heads()).toEqual([setting.hash]);
});

test("in the directory only pardons by root or recovery keys count", () => {
	const example = new Example().begin();
	const made = example.adminGrant("root", "ada");
	example.adminGrant("root", "bob");
	const lost = example.grant("ada", "mia", { after: [made] });
	const alsoLost = example.grant("ada", "max", { after: [lost] });
	const stranger = example.grant("eve", "friend");
	example.adminRevoke("root", "ada", { directory: [] }, { after: [example.records[2] as DirectoryRecord] });
	const state = newState();
	const byBob = example.pardon("bob", "directory", [lost.hash]);
	state.add(example.records);
	expect(verdict(state, byBob)).toMatchObject({ verdict: "refused", rule: 2, reason: "form" });
	expect(verdict(state, lost)).toMatchObject({ verdict: "refused" });
	const pardon = example.pardon("root", "directory", [alsoLost.hash, stranger.hash]);
	state.add([pardon]);
	expect(verdict(state, alsoLost)).toEqual({ verdict: "accepted" });
	// What an entry merely knew is not what it builds on.
	expect(verdict(state, lost)).toMatchObject({ verdict: "refused" });
	// A pardon does not make an administrator of somebody who never was one.
	expect(verdict(state, stranger)).toMatchObject({ reason: "not-administrator" });
	expect(state.isMember(keyOf("max"))).toBe(true);
});

test("a pardoned run of the directory covers its links and what they build on", () => {
	const example = new Example().begin();
	const made = example.adminGrant("root", "ada");
	const base = example.adminOnly("ada", "payroll", { after: [made] });
	const first = example.grant("ada", "one");
	const second = example.adminOnly("ada", "payroll", { dependencies: [base] });
	const third = example.grant("ada", "three");
	example.adminRevoke("root", "ada", { directory: [] }, { after: [made] });
	example.pardon("recovery", "directory", [], [{ from: first.hash, to: second.hash }]);
	const state = fold(example);
	expect(verdict(state, second)).toEqual({ verdict: "accepted" });
	expect(verdict(state, base)).toEqual({ verdict: "accepted" });
	expect(verdict(state, first)).toMatchObject({ verdict: "refused" });
	expect(verdict(state, third)).toMatchObject({ verdict: "refused" });
});

test("the root's pardons do not lift what the recovery key revoked of the root", () => {
	const example = new Example().begin();
	const [begun] = example.records as [DirectoryRecord];
	const lost = example.grant("root", "mia");
	const own = example.pardon("root", "directory", [lost.hash]);
	const runs = [
		{ from: undefined, to: begun.hash },
		{ from: lost.hash, to: own.hash },
	];
	example.adminRevoke("recovery", "root", { directory: runs }, { after: [begun] });
	const state = fold(example);
	expect(verdict(state, own)).toEqual({ verdict: "accepted" });
	expect(verdict(state, lost)).toMatchObject({ verdict: "refused" });
	state.add([example.grant("recovery", "max")]);
	expect(verdict(state, lost)).toMatchObject({ verdict: "refused" });
	state.add([example.pardon("recovery", "directory", [lost.hash])]);
	expect(verdict(state, lost)).toEqual({ verdict: "accepted" });
});

test("a pardon ends with the right of who gave it", () => {
	const example = new Example().begin();
	const made = example.adminGrant("recovery", "ada");
	const lost = example.grant("ada", "mia");
	example.adminRevoke("recovery", "ada", {}, { after: [made] });
	const pardon = example.pardon("root", "directory", [lost.hash]);
	const state = fold(example);
	expect(verdict(state, lost)).toEqual({ verdict: "accepted" });
	const runs = [{ from: undefined, to: (example.records[0] as DirectoryRecord).hash }];
	state.add([example.adminRevoke("recovery", "root", { directory: runs }, { after: [made] })]);
	expect(verdict(state, pardon)).toMatchObject({ verdict: "refused" });
	expect(verdict(state, lost)).toMatchObject({ reason: "administrator-revoked" });
	expect(state.isMember(keyOf("mia"))).toBe(false);
});

test("what cannot be read is locked, and counts when its key comes", () => {
	const example = new Example().begin();
	const grant = example.adminGrant("root", "ada");
	const byAda = example.grant("ada", "mia");
	const state = newState();
	state.add(example.records.map((record) => (record === grant ? { ...record, contents: { kind: "locked" } } : record)));
	expect(verdict(state, grant)).toEqual({ verdict: "locked", commitment: firstCommitment });
	expect(verdict(state, byAda)).toMatchObject({ verdict: "pending", lockedDirectory: [grant.hash] });
	expect(state.heads()).toEqual([grant.hash]);
	const changes = state.add([grant]);
	expect(verdict(state, grant)).toEqual({ verdict: "accepted" });
	expect(verdict(state, byAda)).toEqual({ verdict: "accepted" });
	expect(changes.known).toEqual([grant.hash]);
	expect(state.add([{ ...grant, contents: { kind: "locked" } }]).verdicts).toEqual([]);
	expect(verdict(state, grant)).toEqual({ verdict: "accepted" });
});

test("what breaks the format is refused, what a newer version wrote is unsupported", () => {
	const example = new Example().begin();
	const broken = example.write("root", undefined, { contents: { kind: "malformed" } });
	const newer = example.write("root", undefined, { entryType: undefined });
	const upon = example.grant("root", "mia");
	const state = fold(example);
	expect(verdict(state, broken)).toEqual({ verdict: "refused", rule: 1, reason: "malformed" });
	expect(verdict(state, newer)).toEqual({ verdict: "unsupported" });
	expect(verdict(state, upon)).toMatchObject({ verdict: "pending", missingDirectory: [newer.hash] });
	expect(state.missing()).toEqual([]);
});

test("several keys of one name are several members, and each is revoked alone", () => {
	const example = new Example().begin();
	example.grant("root", "mia");
	const laptop = { ...grantOf("mia's laptop"), username: "mia" } as ReturnType<typeof grantOf>;
	example.write("root", laptop);
	const end = example.revoke("root", "mia");
	const members = fold(example).members();
	expect(members.map(({ username }) => username)).toEqual(["mia", "mia"]);
	const revoked = members.filter((member) => member.revoked !== undefined);
	expect(revoked.map(({ signingKey }) => signingKey)).toEqual([keyOf("mia")]);
	expect(revoked[0]?.revoked).toEqual({ hash: end.hash, by: rootKey, at: end.createdAt, requestDataWipe: false });
});

test("a writer with more than 64 heads states those that know its own grant", () => {
	const example = new Example().begin();
	const [begun] = example.records as [DirectoryRecord];
	for (let i = 0; i < 80; i++) example.grant("root", `member ${i}`, { after: [begun] });
	const state = fold(example);
	expect(state.heads()).toHaveLength(80);
	for (const i of [0, 41, 79]) {
		const heads = state.headsFor(keyOf(`member ${i}`));
		expect(heads).toHaveLength(64);
		expect(heads).toContain(example.records[i + 1]?.hash);
	}
});

test("the causal past is found for entries of members too", () => {
	const example = new Example().begin();
	const grant = example.grant("root", "mia");
	const byMia = example.grant("mia", "friend");
	const alsoByMia = example.grant("mia", "other");
	const state = fold(example);
	expect(state.isInPast(grant.hash, [alsoByMia.hash])).toBe(true);
	expect(state.isInPast(byMia.hash, [alsoByMia.hash])).toBe(true);
	expect(state.isInPast(alsoByMia.hash, [byMia.hash])).toBe(false);
	expect(state.isInPast(byMia.hash, [grant.hash, hashOf("unknown")])).toBe(false);
	expect(state.isInPast(byMia.hash, [byMia.hash])).toBe(true);
});

test("someone whose entries came first becomes an administrator later", () => {
	const example = new Example().begin();
	const [begun] = example.records as [DirectoryRecord];
	const early = example.grant("ada", "one");
	const made = example.adminGrant("root", "ada", { after: [begun] });
	const late = example.grant("ada", "two", { after: [made, early] });
	const state = newState();
	state.add([begun, early]);
	const changes = state.add([made, late]);
	expect(verdict(state, early)).toMatchObject({ reason: "not-administrator" });
	expect(verdict(state, late)).toEqual({ verdict: "accepted" });
	expect(state.isInPast(early.hash, [late.hash])).toBe(true);
	expect(changes.authors).toEqual([keyOf("two")]);
	expect(changes.verdicts).toEqual([made.hash, late.hash].sort());
});

test("the forms that count are listed", () => {
	const example = new Example().begin();
	example.grant("root", "mia");
	example.grant("mia", "friend");
	const forms = fold(example).forms();
	expect(forms.map(({ form }) => form).sort()).toEqual(["grantaccess", "keyversion"]);
});
