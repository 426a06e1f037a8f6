import { aliceAndBob, cheapKdf, type TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { changeSigningKeyPassword } from "../keys/signing-key-password.js";
import { TenantFactory } from "./tenant-factory.js";

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;

beforeEach(async () => {
	({ fixture, alice, bob } = await aliceAndBob({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) }));
});

afterEach(() => fixture.close());

it("a second administrator registers members, and makes no administrators; its work stays when its right ends", async () => {
	const { administrator } = fixture.administrator;
	const directory = await alice.directory();
	const carol = await fixture.stranger("carol");
	const dave = await fixture.stranger("dave");
	const publicId = ({ env, userId }: TestReplica) => new TenantFactory(env).toPublicUserId(userId as never);
	await expect(directory.grantAdministrator("bob", {})).rejects.toMatchObject({ code: "not-administrator" });
	await expect(directory.grantAdministrator("nobody", { administrator })).rejects.toMatchObject({ code: "not-found" });
	await expect((await bob.directory()).registerUser(publicId(carol))).rejects.toMatchObject({
		code: "not-administrator",
	});
	await directory.grantAdministrator("bob", { administrator });
	await alice.level(bob);
	await (await bob.directory()).registerUser(publicId(carol));
	await alice.level(bob);
	expect((await directory.listUsers()).map(({ username }) => username)).toEqual(["alice", "bob", "carol"]);
	expect((await directory.listUsers())[1]).toMatchObject({ username: "bob", isAdministrator: true });

	await directory.revokeAdministrator("bob", { administrator });
	await (await bob.directory()).registerUser(publicId(dave));
	await alice.level(bob);
	expect((await directory.listUsers()).map(({ username }) => username)).toEqual(["alice", "bob", "carol"]);
	expect((await directory.listUsers())[1]).toMatchObject({ isAdministrator: false, isRevoked: false });
	await expect((await bob.directory()).registerUser(publicId(dave))).rejects.toMatchObject({
		code: "not-administrator",
	});
	await expect(directory.revokeAdministrator("bob", { administrator })).rejects.toMatchObject({ code: "not-found" });
	await alice.level(bob);
	await (await bob.db()).createDocument({ title: "still a member" });
});

it("the administration key works under its new password alone", async () => {
	const { key, password } = fixture.administrator.administrator;
	const change = { oldPassword: password, newPassword: "another", ...cheapKdf };
	await expect(changeSigningKeyPassword(alice.env, key, { ...change, oldPassword: "no" })).rejects.toMatchObject({
		code: "password",
	});
	const changed = await changeSigningKeyPassword(alice.env, key, change);
	expect(changed.publicKey).toBe(key.publicKey);
	const directory = await alice.directory();
	const under = (word: string) => ({ administrator: { key: changed, password: word, ...cheapKdf } });
	await expect(directory.grantAdministrator("bob", under(password))).rejects.toMatchObject({ code: "password" });
	await directory.grantAdministrator("bob", under("another"));
	// Of one kind no key of another is made.
	await expect(changeSigningKeyPassword(alice.env, key, { ...change, purpose: "recovery" })).rejects.toMatchObject({
		code: "password",
	});
});

it("the recovery key revokes a stolen administration key, and nothing revokes it", async () => {
	const platform = await nodeEnv();
	const env = { ...platform, stores: memoryStores(platform.crypto) };
	const factory = new TenantFactory(env);
	const user = await factory.createUserId("ada", "password", cheapKdf);
	const { tenant, administrationKey, recoveryKey } = await factory.createTenant({
		tenantId: "with recovery",
		adminPassword: "admin",
		recoveryPassword: "recovery",
		tenantKeyPassword: "key",
		user,
		userPassword: "password",
		keyBag: factory.createKeyBag(),
		...cheapKdf,
	});
	if (recoveryKey === undefined) throw new Error("there is a recovery key");
	const directory = await tenant.openDirectory();
	const root = { administrator: { key: administrationKey, password: "admin", ...cheapKdf } };
	const recovery = {
		administrator: { key: recoveryKey, purpose: "recovery" as const, password: "recovery", ...cheapKdf },
	};
	const { identity } = tenant;
	expect(identity.recoveryKey).toMatch(/^[0-9a-f]{64}$/);
	await expect(directory.revokeAdministrator(identity.administrationKey, root)).rejects.toMatchObject({
		code: "not-administrator",
	});
	await expect(directory.revokeAdministrator(identity.recoveryKey as string, recovery)).rejects.toMatchObject({
		code: "not-found",
	});
	await directory.revokeAdministrator(identity.administrationKey, recovery);
	await expect(directory.grantAdministrator("ada", root)).rejects.toMatchObject({ code: "not-administrator" });
	expect((await directory.listAdministrators()).map(({ role, revoked }) => [role, revoked === undefined])).toEqual([
		["root", false],
		["recovery", true],
		["administrator", true],
	]);
	const bea = await factory.createUserId("bea", "password", cheapKdf);
	await directory.registerUser(factory.toPublicUserId(bea));
	await directory.grantAdministrator("bea", recovery);
	await tenant.close();
});
