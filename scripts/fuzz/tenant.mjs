// What a tenant takes from the network beside entries, random and damaged: questions of a reconciliation and answers to them, cursors, requests to a
// server. Each is answered, dropped or refused with a typed error, and nothing that was touched counts.
import { decodeTenantRequest, MindooError, toHex, unlockUserId } from "@mindoodb/core";
import { memoryStores, nodeCrypto, nodeEnv, TenantFactory } from "mindoodb";
import { makeRandom } from "./random.mjs";

/** @typedef {import("@mindoodb/core").MindooDB} MindooDB */
/** @typedef {import("@mindoodb/core").ContentAddressedStore} Store */
/** @typedef {(message: Uint8Array) => Promise<Uint8Array>} Reconcile */

const crypto = nodeCrypto();
const longest = 2 ** 20;
/** A pull is that much more work than reading a message. */
const runsOfPull = 100;

/**
 * @param {number} runs
 * @param {number} seed
 * @returns {Promise<void>} fails on the first input that is treated wrongly
 */
export async function fuzz(runs, seed) {
	const random = makeRandom(seed);
	const { notes, others, request, cursor, close } = await twoDevices();
	const questions = await questionsOf(others, notes.store);
	const before = (await others.store.getAllHashes()).sort().join();
	let shown = 0;
	others.presence.onPresence(() => shown++);
	for (let run = 0; run < runs; run++) {
		const damaged = (/** @type {Uint8Array} */ genuine) =>
			random.number(20) === 0 ? random.bytes(random.number(100)) : random.damage(genuine);
		const answer = await orRefused(() =>
			/** @type {Reconcile} */ (reconcileOf(notes.store))(damaged(random.pick(questions))),
		);
		if (answer !== undefined && answer.length > longest) throw new Error("an answer that no message holds");
		const changed = damaged(cursor);
		await others.presence.receive(changed);
		if (shown > 0 && !equal(changed, cursor)) throw new Error("a cursor was shown that nobody signed");
		shown = 0;
		const asked = damaged(request);
		const read = await orRefused(() => decodeTenantRequest(crypto, asked));
		if (read !== undefined && !equal(asked, request)) throw new Error("a request was read that nobody signed");
		if (run % runsOfPull === 0) {
			const lying = anew(others.store, async (message) => damaged(await reconcileOf(others.store)(message)));
			await orRefused(() => notes.pullChangesFrom(lying));
		}
	}
	if ((await others.store.getAllHashes()).sort().join() !== before) throw new Error("questions changed a store");
	await close();
}

/** One member on two devices, level in the directory and apart in a database; a request to a server; a cursor. */
async function twoDevices() {
	const factory = new TenantFactory(await nodeEnv({ stores: memoryStores(crypto) }));
	const user = await factory.createUserId("ada", "password");
	const keyBag = factory.createKeyBag();
	const { tenant, administrationKey } = await factory.createTenant({
		...{ tenantId: "fuzz", adminPassword: "administration", tenantKeyPassword: "tenant key" },
		...{ user, userPassword: "password", keyBag },
	});
	const env = await nodeEnv({ stores: memoryStores(crypto) });
	const second = await new TenantFactory(env).openTenant({
		identity: tenant.identity,
		keyBag,
		user: await unlockUserId(env, user, { password: "password" }),
	});
	const directory = await tenant.openDirectory();
	await (await second.openDirectory()).db.pullChangesFrom(directory.store);
	const [notes, others] = [await tenant.openDB("notes"), await second.openDB("notes")];
	for (const db of [notes, others]) await db.createDocuments(Array.from({ length: 40 }, (_, i) => ({ i })));
	/** @type {Uint8Array[]} */
	const cursors = [];
	notes.presence.addConnection((message) => void cursors.push(message));
	const [id = ""] = await notes.getAllDocumentIds();
	await notes.presence.publish(id, { cursor: 1 });
	const { privateKey } = await crypto.generateSigningKeyPair();
	const signingKey = toHex((await crypto.importSigningKey(privateKey)).publicKey);
	const wrapping = await crypto.importUnwrappingKey((await crypto.generateWrappingKeyPair()).privateKey);
	const server = { signingKey, encryptionKey: wrapping.publicKey, addresses: [] };
	const administrator = { key: administrationKey, password: "administration" };
	const request = await directory.askServer(server, { administrator });
	return {
		...{ notes, others, request, cursor: /** @type {Uint8Array} */ (cursors[0]) },
		async close() {
			for (const each of [tenant, second]) await each.close();
		},
	};
}

/** What a side that reconciles asks of another one. @param {MindooDB} db @param {Store} remote @returns {Promise<Uint8Array[]>} */
async function questionsOf(db, remote) {
	/** @type {Uint8Array[]} */
	const questions = [];
	const listening = anew(remote, (message) => {
		questions.push(message.slice());
		return reconcileOf(remote)(message);
	});
	await db.pullChangesFrom(listening);
	if (questions.length === 0) throw new Error("nothing was asked");
	return questions;
}

/** @param {Store} store @returns {Reconcile} */
function reconcileOf(store) {
	if (store.reconcile === undefined) throw new Error("expected a store that answers");
	return store.reconcile.bind(store);
}

/** A store of which nobody remembers anything. @param {Store} store @param {Reconcile} reconcile @returns {Store} */
function anew(store, reconcile) {
	return new Proxy(store, {
		get(target, name) {
			if (name === "reconcile") return reconcile;
			if (name === "identity") {
				return async () => ({ ...(await target.identity()), storeId: toHex(crypto.randomBytes(16)) });
			}
			const value = Reflect.get(target, name);
			return typeof value === "function" ? value.bind(target) : value;
		},
	});
}

/** @template T @param {() => Promise<T>} work @returns {Promise<T | undefined>} */
async function orRefused(work) {
	try {
		return await work();
	} catch (error) {
		if (!(error instanceof MindooError)) throw error;
		return undefined;
	}
}

/** @param {Uint8Array} a @param {Uint8Array} b */
const equal = (a, b) => Buffer.from(a).equals(b);
