/**
 * Who may have the keys that the directory governs, and who has them: told by grants, revocations and releases alone, so that every
 * administrator's client comes to the same answer. Source: docs/trust.md, "Keys"; docs/decisions/0027-keys-over-time.md.
 */
import { toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import { directoryId } from "../trust/directory-record.js";
import type { DirectoryState } from "../trust/directory-state.js";
import type { Member } from "../trust/people.js";

/** Somebody to whom keys are handed. */
export interface Receiver {
	/** SHA-256 of the encryption key, 64 hex digits. */
	readonly id: string;
	/** SPKI DER. */
	readonly encryptionKey: Uint8Array;
	/**
	 * The version of `directory` under which the receiver can be reached who was never handed the present one; what is sealed under the
	 * present one reaches all others.
	 */
	readonly readsUnder: string | undefined;
}

/** Whom to hand which version of a key, by its commitment. */
export type Handing = ReadonlyMap<string, readonly Receiver[]>;

export class KeyHolders {
	readonly #state: DirectoryState;
	readonly #members: ReadonlyMap<string, Receiver>;
	readonly #servers: ReadonlyMap<string, Receiver>;
	/** Signing keys, hex, of those who were members. */
	readonly #former: ReadonlySet<string>;

	private constructor(
		state: DirectoryState,
		members: ReadonlyMap<string, Receiver>,
		servers: ReadonlyMap<string, Receiver>,
		former: ReadonlySet<string>,
	) {
		this.#state = state;
		this.#members = members;
		this.#servers = servers;
		this.#former = former;
	}

	/** @param leaving signing keys, hex, that are about to be revoked: they count as no members any more. */
	static async read(crypto: Crypto, state: DirectoryState, leaving: readonly string[] = []): Promise<KeyHolders> {
		const members: Member[] = [];
		const former = new Set<string>();
		for (const member of state.members()) {
			if (member.revoked === undefined && !leaving.includes(member.signingKey)) members.push(member);
			else former.add(member.signingKey);
		}
		const servers = await receiversOf(crypto, state, state.servers());
		return new KeyHolders(state, await receiversOf(crypto, state, members), servers, former);
	}

	/** Who gets every version of a key: of `default` all members, of `directory` servers too, of a named key the members who had one. */
	of(keyId: string): Receiver[] {
		if (keyId === directoryId) return [...new Map([...this.#servers, ...this.#members]).values()];
		if (keyId === "default") return [...this.#members.values()];
		const had = this.#everHeld(keyId);
		return [...this.#members.values()].filter(({ id }) => had.has(id));
	}

	/** Governed keys whose version to write under was made by, or is in the hands of, somebody who is neither member nor server any more. */
	outdated(): string[] {
		return this.#state.governedKeys().filter((keyId) => {
			const commitment = this.#state.writeVersion(keyId);
			if (commitment === undefined) return false;
			if (this.#state.announcersOf(keyId, commitment).some((signer) => this.#former.has(signer))) return true;
			const holders = [...this.#state.receiversOf(keyId, commitment)];
			return holders.some((id) => !this.#members.has(id) && !this.#servers.has(id));
		});
	}

	/** Who was never handed a version of a key that others in the same place have, by key. O(versions × receivers). */
	missing(): Map<string, Handing> {
		const missing = new Map<string, Handing>();
		for (const keyId of this.#state.governedKeys()) {
			const entitled = this.of(keyId);
			const lacking = new Map<string, readonly Receiver[]>();
			for (const commitment of this.#state.announcedCommitments(keyId)) {
				const handed = this.#state.receiversOf(keyId, commitment);
				const without = entitled.filter(({ id }) => !handed.has(id));
				if (without.length > 0) lacking.set(commitment, without);
			}
			if (lacking.size > 0) missing.set(keyId, lacking);
		}
		return missing;
	}

	#everHeld(keyId: string): ReadonlySet<string> {
		const held = new Set<string>();
		for (const commitment of this.#state.announcedCommitments(keyId)) {
			for (const id of this.#state.receiversOf(keyId, commitment)) held.add(id);
		}
		return held;
	}
}

/** Receivers by their id. */
export async function receiversOf(
	crypto: Crypto,
	state: DirectoryState,
	people: readonly { readonly encryptionKey: Uint8Array }[],
): Promise<ReadonlyMap<string, Receiver>> {
	const ids = await crypto.sha256Many(people.map(({ encryptionKey }) => encryptionKey));
	const present = state.writeVersion(directoryId);
	const reached = present === undefined ? new Set<string>() : state.receiversOf(directoryId, present);
	return new Map(
		people.map(({ encryptionKey }, i) => {
			const id = toHex(ids[i] as Uint8Array);
			return [id, { id, encryptionKey, readsUnder: reached.has(id) ? undefined : state.firstReadable(id) }];
		}),
	);
}
