/** Directories with more heads than one entry can name. Source: docs/decisions/0015-joining-heads.md. */
import { observe, TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { DocumentExplanation } from "../database/explain.js";
import { HostileWriter, nothing } from "../database/hostile-writer.test.js";
import type { Entry } from "../entry/entry.js";
import type { HeaderFields } from "../entry/header.js";
import { settingsDocumentId } from "../entry/ids.js";
import { userPublicKeys } from "../keys/user-id.js";
import { type DirectoryForm, formData } from "../trust/forms.js";
import { TenantFactory } from "./tenant-factory.js";

let fixture: TenantFixture;
let alice: TestReplica;

beforeEach(async () => {
	fixture = await TenantFixture.create({
		env: await nodeEnv(),
		creator: "alice",
		newStores: (crypto) => memoryStores(crypto),
	});
	alice = fixture.creator;
});

afterEach(() => fixture.close());

/** Says things in the directory that know the present heads and not one another. */
async function fork(administrator: TestReplica, forms: readonly DirectoryForm[]): Promise<void> {
	const writer = await HostileWriter.of(administrator, "directory");
	const directoryHeads = await writer.directoryHeads();
	const actor = await writer.actor();
	const entries: Entry[] = [];
	for (const form of forms) {
		const change = writer.change(nothing, actor, (draft) => Object.assign(draft, formData(form)));
		const docId = await writer.newDocumentId("directory");
		entries.push(
			await writer.seal({
				entryType: "doc_create",
				docId,
				changes: [change],
				decryptionKeyId: "directory",
				directoryHeads,
			}),
		);
	}
	expect((await (await administrator.directory()).store.putEntries(entries)).refused).toEqual([]);
}

/** What changes nothing for anybody. */
function others(count: number): DirectoryForm[] {
	return Array.from({ length: count }, (_, i) => ({ form: "purgerequest", dbId: "elsewhere", docId: `none ${i}` }));
}

function grantOf(replica: TestReplica): DirectoryForm {
	if (replica.userId === undefined) throw new Error("expected a user");
	const { username, encryptionKey } = userPublicKeys(new TenantFactory(replica.env).toPublicUserId(replica.userId));
	return { form: "grantaccess", username, signingKey: replica.publicKey, encryptionKey };
}

async function headsAt(replica: TestReplica): Promise<readonly string[]> {
	return new HostileWriter(replica, "directory").directoryHeads();
}

/** Bob, who administers too. */
async function administrator(): Promise<TestReplica> {
	const bob = await fixture.member("bob");
	const grant: DirectoryForm = { form: "admingrant", username: "bob", signingKey: bob.publicKey };
	await (await alice.directory()).write([grant], fixture.administrator);
	await alice.level(bob);
	return bob;
}

async function fieldsOf(replica: TestReplica, dbId: string, hash: string | undefined): Promise<HeaderFields> {
	const { store } = dbId === "directory" ? await replica.directory() : await replica.db(dbId);
	const [entry] = await store.getEntries(hash === undefined ? [] : [hash]);
	if (entry?.kind !== "entry" || entry.fields === undefined) throw new Error("expected an entry");
	return entry.fields;
}

async function verdictsOf(replica: TestReplica, docId: string): Promise<readonly string[]> {
	const explained = (await (await replica.db()).explain(docId)) as DocumentExplanation;
	return explained.entries.map(({ verdict }) => verdict.kind);
}

/** A replica that is levelled, and one that gets the directory backwards, say the same of it. */
async function sameDirectory(): Promise<void> {
	const here = await alice.directory();
	const entries = await here.store.getEntries(await here.store.getAllHashes());
	const [levelled, backwards] = [await fixture.relay("levelled"), await fixture.relay("backwards")];
	await (await levelled.directory()).db.pullChangesFrom(here.store);
	await (await backwards.directory()).store.putEntries(entries.reverse());
	for (const replica of [levelled, backwards]) {
		const there = await replica.directory();
		expect(await observe(there.db)).toEqual(await observe(here.db));
		expect(await headsAt(replica)).toEqual(await headsAt(alice));
		expect(await there.listUsers()).toEqual(await here.listUsers());
	}
}

it("a member whose grant lies in one of 200 heads states 64, that one among them", async () => {
	const members: TestReplica[] = [];
	for (const name of ["carol", "dave", "erin"]) members.push(await fixture.stranger(name));
	await fork(alice, [...others(99), ...members.map(grantOf), ...others(98)]);
	expect(await headsAt(alice)).toHaveLength(200);
	for (const member of members) {
		await alice.handOver("default", member);
		await alice.level(member);
		const { id } = await (await member.db()).createDocument({ title: member.name });
		const [hash] = await (await member.db()).getAllChangeHashesForDoc(id);
		expect((await fieldsOf(member, "notes", hash)).directoryHeads).toHaveLength(64);
		await alice.level(member);
		expect(await verdictsOf(alice, id)).toEqual(["accepted"]);
	}
	await sameDirectory();
});

it("an administrator joins 200 heads before it says anything, a document or a setting", async () => {
	await fork(alice, others(200));
	const directory = await alice.directory();
	const before = (await directory.store.getAllHashes()).length;
	const bob = await fixture.stranger("bob");
	await fixture.register(bob);
	const written = (await directory.store.findNewEntries([])).slice(before);
	expect(await headsAt(alice)).toHaveLength(1);
	const known = written.flatMap((entry) => (entry.kind === "entry" ? [entry.fields?.directoryHeads.length] : []));
	// 200, 137, 74, and the 11 that are left; then two keys are handed over, each upon the one before.
	expect(known).toEqual([64, 64, 64, 11, 1, 1]);
	expect((await directory.listUsers()).map(({ username }) => username)).toEqual(["alice", "bob"]);

	await fork(alice, others(100));
	await directory.changeTenantSettings((settings) => {
		settings.motto = "together";
	});
	expect(await headsAt(alice)).toHaveLength(1);
	expect(await directory.getTenantSettings()).toMatchObject({ motto: "together" });
	await sameDirectory();
});

it("the administration key joins too", async () => {
	await fork(alice, others(100));
	const directory = await alice.directory();
	await directory.changeDBSettings(
		"notes",
		(settings) => {
			settings.adminOnly = true;
		},
		fixture.administrator,
	);
	expect(await headsAt(alice)).toHaveLength(1);
	const { id } = await (await alice.db()).createDocument({ title: "by an administrator" });
	expect(await verdictsOf(alice, id)).toEqual(["accepted"]);
	await sameDirectory();
});

it("a settings document with more heads than one change can name, each a head of the directory too, is changed", async () => {
	const directory = await alice.directory();
	await directory.changeTenantSettings((settings) => {
		settings.motto = "first";
	});
	const { env } = alice;
	const docId = await settingsDocumentId(env.crypto, fixture.identity.tenantRoot, "tenantsettings", undefined);
	const writer = await HostileWriter.of(alice, "directory");
	const [base, directoryHeads] = [await writer.base(docId), await writer.directoryHeads()];
	const entries: Entry[] = [];
	for (let nth = 1; nth <= 1100; nth++) {
		const change = writer.change(base, await writer.actor(), (draft) => {
			draft[`setting ${nth}`] = nth;
		});
		const dependencyHashes = writer.dependencies(base, change);
		const wish = { docId, changes: [change], dependencyHashes, decryptionKeyId: "directory", directoryHeads };
		entries.push(await writer.seal({ ...wish, signed: nth === 1100 }));
	}
	expect((await directory.store.putEntries(entries)).refused).toEqual([]);
	expect(await headsAt(alice)).toHaveLength(1100);
	// The document in memory has an actor of the user's, this change is the administration key's.
	await directory.changeTenantSettings((settings) => {
		settings.motto = "joined";
	}, fixture.administrator);
	expect(await headsAt(alice)).toHaveLength(1);
	expect((await directory.db.getDocument(docId))?.heads).toHaveLength(1);
	expect(await directory.getTenantSettings()).toMatchObject({ motto: "joined", "setting 1": 1, "setting 1100": 1100 });
	await sameDirectory();
});

it("a revocation in one of 200 heads of two administrators counts, and a grant upon the join lifts it", async () => {
	const bob = await administrator();
	const carol = await fixture.member("carol");
	await alice.level(bob);
	const revocation: DirectoryForm = {
		form: "revokeaccess",
		username: "carol",
		signingKey: carol.publicKey,
		requestDataWipe: false,
		accepted: new Map(),
	};
	await fork(bob, [...others(50), revocation, ...others(49)]);
	await fork(alice, others(100));
	await (await carol.db()).createDocument({ title: "after the revocation, which Carol does not know" });
	await alice.level(bob);
	await alice.level(carol);
	expect(await headsAt(alice)).toHaveLength(200);
	const [refused] = await (await carol.db()).store.findNewEntries([]);
	const docId = refused?.kind === "entry" ? refused.common.docId : "";
	expect(await verdictsOf(alice, docId)).toEqual(["refused"]);
	await expect((await carol.db()).createDocument({})).rejects.toMatchObject({ name: "VerifyError" });

	await fixture.register(carol);
	expect(await headsAt(alice)).toHaveLength(1);
	for (const replica of [bob, carol]) await alice.level(replica);
	expect((await (await bob.directory()).listUsers()).find(({ username }) => username === "carol")?.isRevoked).toBe(
		false,
	);
	const { id } = await (await carol.db()).createDocument({ title: "welcome back" });
	for (const replica of [carol, bob]) await alice.level(replica);
	for (const replica of [alice, bob, carol]) {
		expect(await verdictsOf(replica, id)).toEqual(["accepted"]);
		// A grant upon the revocation forgives nothing that was written before it was known.
		expect(await verdictsOf(replica, docId)).toEqual(["refused"]);
	}
	await sameDirectory();
});

it("joins by two administrators at once are joined by the next entry", async () => {
	const bob = await administrator();
	await fork(alice, others(150));
	await alice.level(bob);
	const strangers = [await fixture.stranger("carol"), await fixture.stranger("dave")] as const;
	await (await alice.directory()).write([grantOf(strangers[0])]);
	await (await bob.directory()).write([grantOf(strangers[1])]);
	await alice.level(bob);
	expect(await headsAt(alice)).toHaveLength(2);
	await (await alice.directory()).write(others(1));
	expect(await headsAt(alice)).toHaveLength(1);
	const names = (await (await alice.directory()).listUsers()).map(({ username }) => username);
	expect(names).toEqual(["alice", "bob", "carol", "dave"]);
	await sameDirectory();
});
