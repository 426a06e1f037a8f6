import { aliceAndBob, cheapKdf, type TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { combine } from "shamir-secret-sharing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeCbor } from "../../bytes/cbor.js";
import { concatBytes } from "../../bytes/concat.js";
import { asciiBytes } from "../../bytes/text.js";
import { hkdfExpand, hkdfExtract } from "../../crypto/hkdf.js";
import type { Env } from "../../env.js";
import { unlockUserId } from "../../keys/user-id.js";
import { TenantFactory } from "../tenant-factory.js";
import { makeRecoveryShares, openRecoveryShares } from "./recovery-copy.js";
import { decodeRecoveryShare, encodeRecoveryShare } from "./recovery-share.js";

let fixture: TenantFixture;
let alice: TestReplica;
let env: Env;

beforeEach(async () => {
	({ fixture, alice } = await aliceAndBob({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) }));
	const platform = await nodeEnv();
	env = { ...platform, stores: memoryStores(platform.crypto) };
});

afterEach(() => fixture.close());

const opening = { password: "new", ...cheapKdf };

function makeShares(k = 3, n = 5, change: object = {}) {
	const { key, password } = fixture.administrator.administrator;
	const { keyBag } = alice;
	const made = { identity: fixture.identity, administrationKey: key, password, keyBag, k, n, ...cheapKdf, ...change };
	return makeRecoveryShares(alice.env, made);
}

it("three of five shares bring back a tenant that has lost everything else", async () => {
	alice.keyBag.set("vault", new Uint8Array(32).fill(1), 7);
	alice.keyBag.set("vault", new Uint8Array(32).fill(2), 7);
	const notes = await alice.db();
	const open = await notes.createDocument({ title: "open" });
	const hidden = await notes.createEncryptedDocument("vault", { title: "hidden" });
	const relay = await fixture.relay();
	await relay.level(alice);
	const shares = await makeShares();
	const keys = alice.keyBag.listKeys().map((keyId) => [keyId, alice.keyBag.getVersions(keyId)]);
	// Nobody of the tenant is left: no identity, no KeyBag, no store but the relay's, which reads nothing.

	const held = [shares[4], shares[0], shares[2]] as Uint8Array[];
	const { identity, administrationKey, keyBag } = await openRecoveryShares(env, held, opening);
	expect(identity).toEqual(fixture.identity);
	expect(keyBag.listKeys().map((keyId) => [keyId, keyBag.getVersions(keyId)])).toEqual([...keys].sort());

	const factory = new TenantFactory(env);
	const id = await factory.createUserId("ada", "password", cheapKdf);
	const user = await unlockUserId(env, id, { password: "password", ...cheapKdf });
	const tenant = await factory.openTenant({ identity, keyBag, user });
	const directory = await tenant.openDirectory();
	await directory.db.pullChangesFrom((await relay.directory()).store);
	const administrator = { key: administrationKey, ...opening };
	await directory.registerUser(factory.toPublicUserId(id), { administrator });
	await directory.grantAdministrator("ada", { administrator });
	await directory.revokeAdministrator("alice", { administrator });
	const db = await tenant.openDB("notes");
	await db.pullChangesFrom((await relay.db()).store);
	expect((await db.getDocument(open.id))?.getData()).toEqual({ title: "open" });
	expect((await db.getDocument(hidden.id))?.getData()).toEqual({ title: "hidden" });
	await db.changeDoc(hidden.id, (draft) => {
		draft.title = "ours again";
	});
	expect((await directory.listUsers()).find(({ username }) => username === "ada")).toMatchObject({
		isAdministrator: true,
	});
	await tenant.close();
});

describe("shares", () => {
	it("that are too few say how many are needed; the same one twice counts once", async () => {
		const [first, second] = (await makeShares()) as [Uint8Array, Uint8Array];
		for (const few of [[], [first], [first, second], [first, second, first]]) {
			await expect(openRecoveryShares(env, few, opening)).rejects.toMatchObject({ code: "key-missing" });
		}
		await expect(openRecoveryShares(env, [first, second], opening)).rejects.toMatchObject({
			data: { expected: 3, found: 2 },
		});
	});

	it("of two sets are not mixed", async () => {
		const [one, other] = [await makeShares(2, 3), await makeShares(2, 3)];
		const mixed = [one[0], other[1]] as Uint8Array[];
		await expect(openRecoveryShares(env, mixed, opening)).rejects.toMatchObject({ code: "key-mismatch" });
	});

	it("that were damaged are found each by itself, wherever the byte is", async () => {
		const [first, second] = (await makeShares(2, 2)) as [Uint8Array, Uint8Array];
		for (let at = 0; at < second.length; at += 7) {
			const damaged = second.slice();
			damaged[at] = (damaged[at] as number) ^ 1;
			await expect(openRecoveryShares(env, [first, damaged], opening)).rejects.toMatchObject({ code: "format" });
		}
	});

	it("that were altered with care open nothing", async () => {
		const shares = await makeShares(2, 3);
		const [first, second] = await Promise.all(
			shares.slice(0, 2).map((share) => decodeRecoveryShare(env.crypto, share)),
		);
		if (first === undefined || second === undefined) throw new Error("there are two");
		const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
		const changes = [
			{ share: flipped(second.share, 0) },
			// The place at which the library's polynomial was evaluated, another one and the first share's.
			{ share: flipped(second.share, 32) },
			{ share: second.share.map((byte, i) => (i === 32 ? (first.share[32] as number) : byte)) },
			{ check: flipped(second.check, 3) },
			{ sealed: flipped(second.sealed, 40) },
			{ n: 4 },
			{ number: 1 },
			{ set: flipped(second.set, 0) },
		];
		for (const change of changes) {
			const altered = await encodeRecoveryShare(env.crypto, { ...second, ...change });
			const together = [shares[0] as Uint8Array, altered];
			await expect(openRecoveryShares(env, together, opening)).rejects.toMatchObject({ code: "key-mismatch" });
		}
		// By who knows the secret: the copy opens, and the check value is not its own.
		const secret = await combine([first.share, second.share]);
		const prk = await hkdfExtract(env.crypto, asciiBytes("mindoodb/1"), secret);
		const key = await hkdfExpand(env.crypto, prk, encodeCbor(["recovery-copy"]));
		const check = new Uint8Array(32);
		const data = (value: Uint8Array) => encodeCbor(["recovery-copy", first.set, first.k, first.n, value]);
		const iv = first.sealed.slice(0, 12);
		const copy = await env.crypto.open(key, iv, first.sealed.subarray(12), data(first.check));
		const sealed = concatBytes(iv, await env.crypto.seal(key, iv, copy as Uint8Array, data(check)));
		const forged = await Promise.all(
			[first, second].map((each) => encodeRecoveryShare(env.crypto, { ...each, check, sealed })),
		);
		await expect(openRecoveryShares(env, forged, opening)).rejects.toMatchObject({ code: "key-mismatch" });
		// In all of them alike.
		for (const change of [{ sealed: flipped(first.sealed, 40) }, { check: flipped(first.check, 3) }, { n: 9 }]) {
			const all = await Promise.all(
				[first, second].map((each) => encodeRecoveryShare(env.crypto, { ...each, ...change })),
			);
			await expect(openRecoveryShares(env, all, opening)).rejects.toMatchObject({ code: "key-mismatch" });
		}
	});

	it("are made of the tenant's own key alone, and of numbers that make sense", async () => {
		await expect(makeShares(1, 3)).rejects.toMatchObject({ code: "usage" });
		await expect(makeShares(3, 2)).rejects.toMatchObject({ code: "usage" });
		await expect(makeShares(2, 256)).rejects.toMatchObject({ code: "usage" });
		await expect(makeShares(2, 3, { password: "wrong" })).rejects.toMatchObject({ code: "password" });
		const other = await otherTenant("other");
		await expect(makeShares(2, 3, { identity: other.identity })).rejects.toMatchObject({ code: "key-mismatch" });
		await other.close();
	});
});

async function otherTenant(creator: string): Promise<TenantFixture> {
	const { fixture: made } = await aliceAndBob({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto),
		creator,
		seed: 77,
	});
	return made;
}
