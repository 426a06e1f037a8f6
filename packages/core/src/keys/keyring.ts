import type { Crypto } from "../crypto/crypto.js";
import type { KeyBag } from "./key-bag.js";
import { type TenantSubkeys, tenantSubkeys } from "./subkeys.js";

/** A version of a key that this replica holds, with everything that is derived from it. */
export interface HeldKey {
	readonly decryptionKeyId: string;
	/** Hex. */
	readonly keyCommitment: string;
	readonly subkeys: TenantSubkeys;
}

/**
 * The keys of a KeyBag as one tenant uses them: found by their commitment, never by trial. Follows the KeyBag when it changes.
 */
export class Keyring {
	readonly #crypto: Crypto;
	readonly #tenantRoot: string;
	readonly #keyBag: KeyBag;
	readonly #held = new Map<string, HeldKey>();
	readonly #newest = new Map<string, HeldKey>();
	#generation = 0;

	private constructor(crypto: Crypto, tenantRoot: string, keyBag: KeyBag) {
		this.#crypto = crypto;
		this.#tenantRoot = tenantRoot;
		this.#keyBag = keyBag;
	}

	static async open(crypto: Crypto, tenantRoot: string, keyBag: KeyBag): Promise<Keyring> {
		const keyring = new Keyring(crypto, tenantRoot, keyBag);
		await keyring.refresh();
		return keyring;
	}

	/** Grows whenever keys come or go. */
	get generation(): number {
		return this.#generation;
	}

	/** The version of a key with this commitment, `undefined` when it is not held. */
	get(decryptionKeyId: string, keyCommitment: string): HeldKey | undefined {
		const held = this.#held.get(keyCommitment);
		return held?.decryptionKeyId === decryptionKeyId ? held : undefined;
	}

	/** By commitment alone: it names key id and version. */
	byCommitment(keyCommitment: string): HeldKey | undefined {
		return this.#held.get(keyCommitment);
	}

	/** The newest version of a key in the KeyBag. */
	newest(decryptionKeyId: string): HeldKey | undefined {
		return this.#newest.get(decryptionKeyId);
	}

	/** Commitments of all versions that are held. */
	commitments(): string[] {
		return [...this.#held.keys()];
	}

	/** Takes over what the KeyBag holds now. @returns commitments that became known. */
	async refresh(): Promise<string[]> {
		this.#generation++;
		const fresh: string[] = [];
		const seen = new Set<string>();
		this.#newest.clear();
		for (const keyId of this.#keyBag.listKeys()) {
			for (const key of this.#keyBag.getAllKeys(keyId)) {
				const subkeys = await tenantSubkeys(this.#crypto, key, this.#tenantRoot);
				const keyCommitment = await subkeys.keyCommitment(keyId);
				const known = this.#held.get(keyCommitment);
				const held = known ?? { decryptionKeyId: keyId, keyCommitment, subkeys };
				if (known === undefined) {
					this.#held.set(keyCommitment, held);
					fresh.push(keyCommitment);
				}
				if (!this.#newest.has(keyId)) this.#newest.set(keyId, held);
				seen.add(keyCommitment);
			}
		}
		for (const commitment of this.#held.keys()) if (!seen.has(commitment)) this.#held.delete(commitment);
		return fresh;
	}
}
