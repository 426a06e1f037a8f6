import { TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import { tenantSubkeys } from "../keys/subkeys.js";

it("what was written under a version of a key ceases to count where the announcement of that version does", async () => {
	const fixture = await TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	const { creator } = fixture;
	const { tenantRoot } = creator.tenant.identity;
	const key = new Uint8Array(32).fill(9);
	const commitment = await (await tenantSubkeys(creator.env.crypto, key, tenantRoot)).keyCommitment("default");
	const directory = await creator.directory();
	const before = await (await creator.db()).createDocument({ title: "before" });
	creator.keyBag.set("default", key, creator.clock.now());
	await creator.keyBag.settled();
	await directory.write([{ form: "keyversion", keyId: "default", commitment }]);
	const notes = await creator.db();
	const { id } = await notes.createDocument({ title: "under the new version" });
	expect(await notes.getAllDocumentIds()).toEqual([before.id, id]);
	const revocation = {
		form: "adminrevoke",
		username: "admin",
		signingKey: creator.publicKey,
		requestDataWipe: false,
		accepted: new Map(),
	} as const;
	await directory.write([revocation], fixture.administrator);
	expect(await notes.getAllDocumentIds()).toEqual([before.id]);
	expect(await notes.explain(id)).toMatchObject({
		entries: [{ verdict: { kind: "pending", reason: "key-unannounced", missing: [commitment] } }],
	});
	await creator.reopen();
	expect(await (await creator.db()).getAllDocumentIds()).toEqual([before.id]);
	await fixture.close();
});
