/** Keys of the directory that come after the entries which they open. */
import { setField, TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import { tenantSubkeys } from "../keys/subkeys.js";

/** What is closed while the key comes. */
const closed = ["nothing", "the database", "the tenant"] as const;

it.each(closed)("a revocation that a later key opens is followed, with %s closed when the key comes", async (what) => {
	const fixture = await TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	const { creator } = fixture;
	const bob = await fixture.member("bob");
	const { id } = await (await creator.db()).createDocument({ title: "shared" });
	await creator.level(bob);
	const reader = await fixture.relay("reader", ["directory", "default"]);
	await reader.level(creator);
	const key = new Uint8Array(32).fill(9);
	const subkeys = await tenantSubkeys(creator.env.crypto, key, fixture.identity.tenantRoot);
	const directory = await creator.directory();
	creator.keyBag.set("directory", key, creator.clock.now() + 1);
	await creator.keyBag.settled();
	const commitment = await subkeys.keyCommitment("directory");
	await directory.write([{ form: "keyversion", keyId: "directory", commitment }]);
	await directory.revokeUser("bob");
	await (await bob.db()).changeDoc(id, setField("late", true));
	await reader.level(bob);
	await reader.level(creator);
	const shown = async () => (await (await reader.db()).getDocument(id))?.getData();
	// The revocation is there, and cannot be read yet.
	expect(await shown()).toEqual({ title: "shared", late: true });

	if (what === "the database") await (await reader.db()).close();
	if (what === "the tenant") await reader.tenant.close();
	await creator.handOver("directory", reader);
	if (what === "nothing") await expect.poll(shown).toEqual({ title: "shared" });
	await reader.reopen();
	expect(await (await reader.directory()).isUserRevoked("bob")).toBe(true);
	expect(await shown()).toEqual({ title: "shared" });
	await reader.reopen();
	expect(await shown()).toEqual({ title: "shared" });
	await fixture.close();
});
