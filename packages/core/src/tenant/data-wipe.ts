import type { Env } from "../env.js";
import { nameOfError } from "../errors.js";
import type { KeyBag } from "../keys/key-bag.js";
import { directoryId } from "../trust/directory-record.js";
import type { DirectoryState } from "../trust/directory-state.js";

/**
 * Whether the revocation that ends a key's membership asks the user's replicas to erase themselves.
 * Source: docs/trust.md, "Joining, rolling back, leaving".
 * @param publicKey the replica's own signing key, hex; none is never asked.
 */
function isWipeRequested(state: DirectoryState, publicKey: string | undefined): boolean {
	return state.members().find(({ signingKey }) => signingKey === publicKey)?.revoked?.requestDataWipe === true;
}

/**
 * Erases a tenant from this device: its databases, then its keys, then the directory, which is what tells that it has to be done. So a
 * wipe that was cut short begins again when the tenant is opened, as long as anything that can be read is left. All stores must be
 * closed; those that a program gave instead of `env.stores` are its own to erase.
 */
async function wipeTenant(env: Env, tenantRoot: string, keyBag: KeyBag): Promise<void> {
	for (const dbId of await env.stores.list(tenantRoot)) {
		if (dbId !== directoryId) await env.stores.drop(tenantRoot, dbId);
	}
	for (const keyId of keyBag.listKeys()) keyBag.deleteKey(keyId);
	await keyBag.settled();
	await env.stores.drop(tenantRoot, directoryId);
}

export interface DataWipeParts {
	readonly env: Env;
	/** 64 hex digits. */
	readonly tenantRoot: string;
	readonly keyBag: KeyBag;
	readonly state: DirectoryState;
	/** Of this replica's user, hex; absent for a replica without one, which nobody revokes. */
	readonly publicKey: string | undefined;
	/** Resolves when the transfers that are under way have ended, and all that they brought is followed. */
	readonly transferred: () => Promise<void>;
	readonly close: () => Promise<void>;
}

/** The wipe of one tenant on this device: at most one, in the background. */
export class DataWipe {
	readonly #parts: DataWipeParts;
	readonly #listeners = new Set<() => Promise<void>>();
	#running: Promise<void> | undefined;

	constructor(parts: DataWipeParts) {
		this.#parts = parts;
	}

	get running(): Promise<void> | undefined {
		return this.#running;
	}

	onDone(listener: () => Promise<void>): void {
		this.#listeners.add(listener);
	}

	/** Begins when the directory asks for it. Does not wait: the very transfer that brought the request has to end first. */
	startIfAsked(): void {
		const { env, state, publicKey } = this.#parts;
		if (this.#running !== undefined || !isWipeRequested(state, publicKey)) return;
		this.#running = this.#run();
		this.#running.catch((error: unknown) => {
			env.log("error", "the tenant could not be erased; it is tried again when it is opened", {
				error: nameOfError(error),
			});
		});
	}

	async #run(): Promise<void> {
		const { env, tenantRoot, keyBag, state, publicKey, transferred, close } = this.#parts;
		// Not before whoever brought the news has put it down: a grant that lifts the revocation may come right behind it.
		await Promise.resolve();
		await transferred();
		if (!isWipeRequested(state, publicKey)) {
			this.#running = undefined;
			return;
		}
		await close();
		await wipeTenant(env, tenantRoot, keyBag);
		for (const listener of this.#listeners) await listener();
	}
}
