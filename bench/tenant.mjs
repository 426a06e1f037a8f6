// A tenant in a folder: made in one process, opened in another, as an application does it. Passwords are derived at full cost.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { folderStores, KeyBag, nodeCrypto, nodeEnv, TenantFactory, unlockUserId } from "mindoodb";

const password = "correct horse battery staple";
const sessionFile = "session.json";

/**
 * @param {string} folder
 * @returns {Promise<import("mindoodb").Env>}
 */
const envOf = (folder) => nodeEnv({ stores: folderStores(join(folder, "stores"), nodeCrypto()) });

/**
 * Makes a user and a tenant and leaves them in the folder, closed.
 * @param {string} folder
 * @param {(tenant: import("mindoodb").MindooTenant) => Promise<void>} [fill]
 */
export async function makeTenant(folder, fill) {
	const env = await envOf(folder);
	const factory = new TenantFactory(env);
	const user = await factory.createUserId("ada", password);
	const keyBag = factory.createKeyBag();
	const { tenant } = await factory.createTenant({
		tenantId: "bench",
		adminPassword: `${password}, administration`,
		tenantKeyPassword: `${password}, tenant key`,
		user,
		userPassword: password,
		keyBag,
	});
	await fill?.(tenant);
	const { passwordKey } = await unlockUserId(env, user, { password });
	const keys = Buffer.from(await keyBag.save(passwordKey)).toString("base64");
	await writeFile(join(folder, sessionFile), JSON.stringify({ identity: tenant.identity, user, keys }));
	await tenant.close();
}

/**
 * Opens the tenant of a folder with one password.
 * @param {string} folder
 * @returns {Promise<{ tenant: import("mindoodb").MindooTenant, figures: { wasmMs: number, passwordMs: number, tenantMs: number } }>}
 * `wasmMs`: loading Automerge's WebAssembly; `passwordMs`: one Argon2id and what it opens; `tenantMs`: opening the directory
 */
export async function openTenant(folder) {
	const start = performance.now();
	const env = await envOf(folder);
	const loaded = performance.now();
	const { identity, user, keys } = JSON.parse(await readFile(join(folder, sessionFile), "utf8"));
	const unlocked = await unlockUserId(env, user, { password });
	const keyBag = await KeyBag.load(env, Buffer.from(keys, "base64"), unlocked.passwordKey);
	const known = performance.now();
	const tenant = await new TenantFactory(env).openTenant({ identity, keyBag, user: unlocked });
	const figures = {
		wasmMs: loaded - start,
		passwordMs: known - loaded,
		tenantMs: performance.now() - known,
	};
	return { tenant, figures };
}

/**
 * Carries out `count` calls, at most `width` at a time.
 * @param {number} count
 * @param {number} width
 * @param {(index: number) => Promise<unknown>} call
 */
export async function inFlight(count, width, call) {
	let next = 0;
	const worker = async () => {
		while (next < count) await call(next++);
	};
	await Promise.all(Array.from({ length: width }, worker));
}

/**
 * @param {import("mindoodb").MindooDB} db
 * @returns {Promise<import("mindoodb").MindooDoc>}
 */
export async function firstDocument(db) {
	for await (const doc of db.iterateDocuments({ limit: 1 })) return doc;
	throw new Error("the database shows no document");
}

/**
 * A wrong answer is worth no figure.
 * @param {string} what
 * @param {unknown} expected
 * @param {unknown} found
 */
export function demand(what, expected, found) {
	if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`);
}
