// What two people send each other so that one can join the other's tenant, random and damaged: requests and invitations. Each is refused with
// a typed error; none that was touched is read.
import { MindooError, unlockUserId } from "@mindoodb/core";
import { memoryStores, nodeCrypto, nodeEnv, TenantFactory } from "mindoodb";
import { makeRandom } from "./random.mjs";

const crypto = nodeCrypto();

/**
 * @param {number} runs
 * @param {number} seed
 * @returns {Promise<void>} fails on the first input that is treated wrongly
 */
export async function fuzz(runs, seed) {
	const random = makeRandom(seed);
	const env = await nodeEnv({ stores: memoryStores(crypto) });
	const factory = new TenantFactory(env);
	const user = await factory.createUserId("ada", "password");
	const { tenant, administrationKey } = await factory.createTenant({
		...{ tenantId: "fuzz", adminPassword: "administration", tenantKeyPassword: "tenant key" },
		...{ user, userPassword: "password", keyBag: factory.createKeyBag() },
	});
	const newcomer = await unlockUserId(env, await factory.createUserId("ben", "password"), { password: "password" });
	const { request, words } = await factory.makeJoinRequest(newcomer);
	const directory = await tenant.openDirectory();
	const administrator = { key: administrationKey, password: "administration" };
	const { response } = await directory.inviteUser(request, { words, administrator });
	const damaged = (/** @type {Uint8Array} */ genuine) =>
		random.number(20) === 0 ? random.bytes(random.number(100)) : random.damage(genuine);
	for (let run = 0; run < runs; run++) {
		const asked = damaged(request);
		if ((await isRead(() => directory.readJoinRequest(asked))) && !equal(asked, request)) {
			throw new Error(`run ${run}: a request was read that nobody signed`);
		}
		const answered = damaged(response);
		if ((await isRead(() => factory.readInvitation({ request, response: answered }))) && !equal(answered, response)) {
			throw new Error(`run ${run}: an invitation was read that nobody signed`);
		}
	}
	await tenant.close();
}

/** @param {() => Promise<unknown>} work @returns {Promise<boolean>} */
async function isRead(work) {
	try {
		await work();
		return true;
	} catch (error) {
		if (!(error instanceof MindooError)) throw error;
		return false;
	}
}

/** @param {Uint8Array} a @param {Uint8Array} b */
const equal = (a, b) => Buffer.from(a).equals(b);
