/** What an administrator can do to everybody by announcing versions of a key without end. */
import { aliceAndBob } from "@mindoodb/testing";
import { memoryStores, nodeCrypto, nodeEnv } from "mindoodb";
import { expect, it, vi } from "vitest";
import type { Crypto } from "../crypto/crypto.js";
import { KeyBag } from "../keys/key-bag.js";
import { Keyring } from "../keys/keyring.js";
import { tenantSubkeys } from "../keys/subkeys.js";
import type { UnlockedUser } from "../keys/user-id.js";
import { CausalOrder } from "../trust/causal-order.js";
import { Example, hashOf, newState, tenantRoot } from "../trust/directory-example.test.js";
import { KeyImport } from "./key-import.js";
import { wrapKey } from "./key-release.js";

const many = 10_000;
const keyId = "secret";

/** Counts what the private key is used for. */
function countingCrypto() {
	const inner = nodeCrypto();
	const counts = { unwrapped: 0 };
	const crypto: Crypto = {
		...inner,
		unwrap(...args) {
			counts.unwrapped++;
			return inner.unwrap(...args);
		},
	};
	return { inner, crypto, counts };
}

it("10,000 versions of one key: the one to write under is found in as many looks as there are versions", () => {
	const example = new Example().begin();
	for (let i = 0; i < many; i++) example.keyVersion("root", keyId, hashOf(`version ${i}`));
	const state = newState();
	state.add(example.records);
	const looks = vi.spyOn(CausalOrder.prototype, "isInPast");
	expect(state.writeVersion(keyId)).toBe(hashOf(`version ${many - 1}`));
	expect(looks.mock.calls.length).toBeLessThanOrEqual(many);
	looks.mockRestore();
});

it("10,000 versions of one key that are all released: a KeyBag takes what it can hold, the present one too, and opens no more", async () => {
	const { inner, crypto, counts } = countingCrypto();
	const pair = await inner.generateWrappingKeyPair();
	const example = new Example().begin();
	let present = "";
	for (let i = 0; i < many; i++) {
		const key = new Uint8Array(32);
		new DataView(key.buffer).setUint32(0, i);
		present = await (await tenantSubkeys(inner, key, tenantRoot)).keyCommitment(keyId);
		example.keyVersion("root", keyId, present);
		const wraps = await wrapKey(inner, { tenantRoot, keyId, commitment: present }, key, [pair.publicKey]);
		example.write("root", { form: "keyrelease", keyId, commitment: present, wraps });
	}
	const state = newState();
	state.add(example.records);
	const env = { ...(await nodeEnv()), crypto };
	const keyBag = new KeyBag(env);
	const keyring = await Keyring.open(inner, tenantRoot, keyBag);
	let changes = 0;
	keyBag.onChange(async () => {
		changes++;
		await keyring.refresh();
	});
	const user = { unwrappingKey: await inner.importUnwrappingKey(pair.privateKey) } as UnlockedUser;
	const keyImport = new KeyImport({ env, tenantRoot, state, keyring, keyBag, user });
	for (let i = 0; i < 3; i++) await keyImport.run();
	expect([counts.unwrapped, keyBag.getAllKeys(keyId).length, changes]).toEqual([1_000, 1_000, 1]);
	expect(keyring.get(keyId, present)).toBeDefined();
}, 60_000);

it("a release that holds nothing for its receiver is opened once", async () => {
	const { inner, crypto, counts } = countingCrypto();
	const pair = await inner.generateWrappingKeyPair();
	const example = new Example().begin();
	const commitment = hashOf("another version than the wrap holds");
	example.keyVersion("root", keyId, commitment);
	const wraps = await wrapKey(inner, { tenantRoot, keyId, commitment }, new Uint8Array(32), [pair.publicKey]);
	example.write("root", { form: "keyrelease", keyId, commitment, wraps });
	const state = newState();
	state.add(example.records);
	const env = { ...(await nodeEnv()), crypto };
	const keyBag = new KeyBag(env);
	const keyring = await Keyring.open(inner, tenantRoot, keyBag);
	const user = { unwrappingKey: await inner.importUnwrappingKey(pair.privateKey) } as UnlockedUser;
	const keyImport = new KeyImport({ env, tenantRoot, state, keyring, keyBag, user });
	for (let i = 0; i < 3; i++) await keyImport.run();
	expect([counts.unwrapped, keyBag.has(keyId)]).toEqual([1, false]);
});

it("a key with as many versions as a KeyBag holds is not rotated: a typed error, and nothing is written", async () => {
	const { fixture, alice } = await aliceAndBob({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto),
	});
	const versions = Array.from({ length: alice.keyBag.roomFor("default") }, (_, i) => {
		const key = new Uint8Array(32).fill(1);
		new DataView(key.buffer).setUint32(0, i);
		return { key, createdAt: 1 };
	});
	alice.keyBag.setMany("default", versions);
	await alice.keyBag.settled();
	const directory = await alice.directory();
	const before = await directory.store.position();
	const full = { code: "limit", data: { keyId: "default" } };
	await expect(directory.rotateKey("default")).rejects.toMatchObject(full);
	await expect(directory.revokeUser("bob")).rejects.toMatchObject(full);
	expect(await directory.store.position()).toEqual(before);
	expect(alice.keyBag.getAllKeys("directory")).toHaveLength(1);
	await directory.revokeUser("bob", { rotateKeys: false });
	expect(await directory.isUserRevoked("bob")).toBe(true);
	await fixture.close();
});
