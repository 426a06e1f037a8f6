// A tenant with two members, Ada and Bob, each with a folder of their own, and a server that keeps it: made in one process, opened in
// another. Bob has the directory and nothing else.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { folderStores, KeyBag, nodeCrypto, nodeEnv, TenantFactory, unlockUserId } from "mindoodb";
import { startServer } from "./server-process.mjs";

const password = "correct horse battery staple";
const administration = `${password}, administration`;

/** @param {string} folder @param {string} name */
const envOf = (folder, name) => nodeEnv({ stores: folderStores(join(folder, name, "stores"), nodeCrypto()) });

/** @param {string} folder */
export const serverFolder = (folder) => join(folder, "server");

/**
 * @param {string} folder
 * @param {(ada: import("mindoodb").MindooTenant, bob: import("mindoodb").MindooTenant, server: import("./server-process.mjs").ServerProcess) => Promise<void>} fill
 * @param {{ store?: string, others?: readonly import("mindoodb").PublicUserId[] }} [options] `store`: the server's Postgres database;
 * `others`: more members
 */
export async function makeMembers(folder, fill, { store, others = [] } = {}) {
	const [adasEnv, bobsEnv] = [await envOf(folder, "ada"), await envOf(folder, "bob")];
	const [adasFactory, bobsFactory] = [new TenantFactory(adasEnv), new TenantFactory(bobsEnv)];
	const [ada, bob] = [await adasFactory.createUserId("ada", password), await bobsFactory.createUserId("bob", password)];
	const [adasKeys, bobsKeys] = [adasFactory.createKeyBag(), bobsFactory.createKeyBag()];
	const { tenant, administrationKey } = await adasFactory.createTenant({
		tenantId: "bench",
		adminPassword: administration,
		tenantKeyPassword: `${password}, tenant key`,
		user: ada,
		userPassword: password,
		keyBag: adasKeys,
	});
	const administrator = { key: administrationKey, password: administration };
	const directory = await tenant.openDirectory();
	for (const each of [bobsFactory.toPublicUserId(bob), ...others])
		await directory.registerUser(each, { administrator });
	for (const key of adasKeys.getAllKeys("directory")) bobsKeys.set("directory", key, bobsEnv.clock.now());
	const unlocked = await unlockUserId(bobsEnv, bob, { password });
	const bobs = await bobsFactory.openTenant({ identity: tenant.identity, keyBag: bobsKeys, user: unlocked });

	const server = await startServer(serverFolder(folder), { store });
	await directory.joinServer(server.address, { serverKey: server.publicKey, administrator });
	await (await bobs.openDirectory()).db.pullChangesFrom(directory.store);
	await fill(tenant, bobs, server);
	await server.stop();

	const { identity } = tenant;
	for (const [name, user, keyBag] of /** @type {const} */ ([
		["ada", ada, adasKeys],
		["bob", bob, bobsKeys],
	])) {
		const { passwordKey } = await unlockUserId(adasEnv, user, { password });
		const keys = Buffer.from(await keyBag.save(passwordKey)).toString("base64");
		await mkdir(join(folder, name), { recursive: true });
		await writeFile(join(folder, name, "session.json"), JSON.stringify({ identity, user, keys }));
	}
	await Promise.all([tenant.close(), bobs.close()]);
}

/** @param {string} folder @param {"ada" | "bob"} name @returns {Promise<import("mindoodb").MindooTenant>} */
export async function openMember(folder, name) {
	const env = await envOf(folder, name);
	const { identity, user, keys } = JSON.parse(await readFile(join(folder, name, "session.json"), "utf8"));
	const unlocked = await unlockUserId(env, user, { password });
	const keyBag = await KeyBag.load(env, Buffer.from(keys, "base64"), unlocked.passwordKey);
	return new TenantFactory(env).openTenant({ identity, keyBag, user: unlocked });
}

/** Who a member is. @param {string} folder @param {"ada" | "bob"} name */
export async function unlockMember(folder, name) {
	const env = await envOf(folder, name);
	const { user } = JSON.parse(await readFile(join(folder, name, "session.json"), "utf8"));
	return { env, user: await unlockUserId(env, user, { password }) };
}
