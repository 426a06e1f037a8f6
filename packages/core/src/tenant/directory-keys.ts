import { equalBytes } from "../bytes/compare.js";
import type { MindooDoc } from "../database/mindoo-doc.js";
import { checkId } from "../entry/header.js";
import { KeyError, UsageError } from "../errors.js";
import { directoryId } from "../trust/directory-record.js";
import type { DirectoryForm, GrantAccess, ServerForm } from "../trust/forms.js";
import { type Member, membersNamed } from "../trust/people.js";
import { KeyDrafts, type KeyDraftsContext } from "./key-drafts.js";
import { type Handing, KeyHolders, type Receiver, receiversOf } from "./key-holders.js";

/**
 * Writes forms into the directory, one behind the other in one group.
 * @param under another version of the key `directory` than the one to write under; of no effect when it is not held.
 */
export type WriteForms = (forms: readonly DirectoryForm[], under?: string) => Promise<MindooDoc[]>;

export interface DirectoryKeysContext extends KeyDraftsContext {
	/** Of this replica's user, hex. */
	readonly publicKey: string | undefined;
}

/** What an administrator's client made up for. */
export interface KeyMaintenance {
	/** Keys that have a new version, because somebody who is no member any more holds the one before. */
	readonly rotated: readonly string[];
	/** How many versions of keys were handed to somebody who lacked them. */
	readonly released: number;
}

/**
 * The keys that the directory governs, for administrators: new versions, and who is handed which. One thing at a time, so that nothing
 * is handed out twice, and nobody decides by what is about to change. Source: docs/trust.md, "Keys".
 */
export class DirectoryKeys {
	readonly #context: DirectoryKeysContext;
	readonly #drafts: KeyDrafts;
	#turn: Promise<unknown> = Promise.resolve();

	constructor(context: DirectoryKeysContext) {
		this.#context = context;
		this.#drafts = new KeyDrafts(context);
	}

	/** A new version of a governed key, handed to all who have the key. @throws {UsageError} `not-governed`, `limit`. */
	rotate(keyId: string, write: WriteForms): Promise<void> {
		return this.#inTurn(async () => {
			this.#checkGoverned(keyId);
			const holders = await this.#holders();
			await write(await this.#drafts.newVersions([keyId], () => holders.of(keyId)));
		});
	}

	/**
	 * Puts a named key under the directory: from then on only announced versions of it count.
	 * @param usernames members who get it, besides this replica's user, who has it: so that everybody knows who does. @throws {KeyError} when the KeyBag does not hold it. @throws {UsageError} `not-found`.
	 */
	govern(keyId: string, usernames: readonly string[], write: WriteForms): Promise<void> {
		return this.#inTurn(async () => {
			checkId(keyId, "keyId");
			const { state, publicKey } = this.#context;
			if (state.governs(keyId)) throw new UsageError("the directory governs this key already", { keyId });
			const announcements = await this.#drafts.announcements(keyId);
			const own = this.#members().filter(({ signingKey }) => signingKey === publicKey);
			const receivers = await this.#receivers([...this.#named(usernames), ...own]);
			const handing = new Map(announcements.map(({ commitment }) => [commitment, receivers]));
			await write([...announcements, ...(await this.#drafts.releases(keyId, handing))]);
		});
	}

	/** Hands all versions of a governed key to members. @throws {UsageError} `not-governed`, `not-found`. @throws {KeyError} */
	hand(keyId: string, usernames: readonly string[], write: WriteForms): Promise<void> {
		return this.#inTurn(async () => {
			this.#checkGoverned(keyId);
			const handing = this.#allVersions(keyId, await this.#receivers(this.#named(usernames)));
			const releases = await this.#drafts.releases(keyId, handing);
			if (releases.length === 0)
				throw new KeyError("the KeyBag holds no version that the directory announces", { keyId });
			await write(releases);
		});
	}

	/** A grant, with every version of `default` and `directory` that the KeyBag holds. */
	grant(grant: GrantAccess, write: WriteForms): Promise<void> {
		return this.#inTurn(async () => {
			const receivers = await this.#receivers([grant]);
			const releases: DirectoryForm[] = [];
			for (const keyId of ["default", directoryId]) {
				releases.push(...(await this.#drafts.releases(keyId, this.#allVersions(keyId, receivers))));
			}
			// Who writes the directory holds its key, so this is not for want of one.
			if (releases.length === 0) {
				throw new KeyError("the new member's encryption key is none that a key can be wrapped for", {
					code: "key-mismatch",
				});
			}
			const under = receivers[0]?.readsUnder;
			if (under === undefined) await write([grant, ...releases]);
			else {
				// A former member cannot read the grant before the releases are read.
				await write([grant]);
				await write(releases, under);
			}
		});
	}

	/** Names a sync server, with every version of `directory` that the KeyBag holds. One that is named so already is left as it is. */
	admit(server: ServerForm, write: WriteForms): Promise<void> {
		return this.#inTurn(async () => {
			if (this.#context.state.servers().some((each) => sameServer(each, server))) return;
			const handing = this.#allVersions(directoryId, await this.#receivers([server]));
			await write([server, ...(await this.#drafts.releases(directoryId, handing))]);
		});
	}

	/**
	 * Revocations, with new versions of `default`, `directory` and every other key whose present version those who leave have. What is
	 * written together is sealed under the version of `directory` before, so that they can still read that they were revoked.
	 * @param revocations asked for when nothing else is being written. @returns the keys that have a new version.
	 */
	revoke(
		signingKeys: readonly string[],
		revocations: () => Promise<readonly DirectoryForm[]>,
		write: WriteForms,
	): Promise<string[]> {
		return this.#inTurn(async () => {
			const holders = await this.#holders(signingKeys);
			const keyIds = [...new Set(["default", directoryId, ...holders.outdated()])].sort();
			const versions = await this.#drafts.newVersions(keyIds, (keyId) => holders.of(keyId));
			await write([...versions, ...(await revocations())]);
			return keyIds;
		});
	}

	/** Whether `maintain` finds something to do. */
	async isBehind(): Promise<boolean> {
		const holders = await this.#holders();
		return holders.outdated().length > 0 || holders.missing().size > 0;
	}

	/**
	 * Makes up for what others could not: rotates keys whose present version is in the hands of somebody who left (two rotations made apart
	 * exclude neither one's user), and hands out what somebody lacks (a grant and a rotation made apart). Nothing to do costs no write.
	 */
	maintain(write: WriteForms): Promise<KeyMaintenance> {
		return this.#inTurn(async () => {
			const holders = await this.#holders();
			const missing = holders.missing();
			let released = 0;
			for (const under of readings(missing)) {
				const releases: DirectoryForm[] = [];
				for (const [keyId, handing] of missing) {
					releases.push(...(await this.#drafts.releases(keyId, thoseWhoRead(handing, under))));
				}
				if (releases.length > 0) await write(releases, under);
				released += releases.length;
			}
			// Last, under the version that everybody has by now.
			const rotated = holders.outdated();
			const versions = await this.#drafts.newVersions(rotated, (keyId) => holders.of(keyId));
			if (versions.length > 0) await write(versions);
			return { rotated, released };
		});
	}

	#inTurn<T>(task: () => Promise<T>): Promise<T> {
		const turn = this.#turn.then(task);
		this.#turn = turn.catch(() => undefined);
		return turn;
	}

	#holders(leaving: readonly string[] = []): Promise<KeyHolders> {
		return KeyHolders.read(this.#context.env.crypto, this.#context.state, leaving);
	}

	#members(): Member[] {
		return this.#context.state.members().filter(({ revoked }) => revoked === undefined);
	}

	#named(usernames: readonly string[]): Member[] {
		const members = this.#members();
		return usernames.flatMap((username) => {
			const found = membersNamed(members, username);
			if (found.length === 0) throw new UsageError("expected the names of members", { code: "not-found" });
			return found;
		});
	}

	async #receivers(people: readonly { readonly encryptionKey: Uint8Array }[]): Promise<Receiver[]> {
		const { env, state } = this.#context;
		return [...(await receiversOf(env.crypto, state, people)).values()];
	}

	#allVersions(keyId: string, receivers: readonly Receiver[]): Handing {
		return new Map(this.#context.state.announcedCommitments(keyId).map((commitment) => [commitment, receivers]));
	}

	#checkGoverned(keyId: string): void {
		if (this.#context.state.governs(keyId)) return;
		throw new UsageError("the directory does not govern this key", { code: "not-governed", keyId });
	}
}

/** The versions of `directory` under which receivers can be reached. */
function readings(missing: ReadonlyMap<string, Handing>): Set<string | undefined> {
	const receivers = [...missing.values()].flatMap((handing) => [...handing.values()].flat());
	return new Set(receivers.map(({ readsUnder }) => readsUnder));
}

function thoseWhoRead(handing: Handing, under: string | undefined): Handing {
	return new Map(
		[...handing].map(([commitment, receivers]) => [
			commitment,
			receivers.filter(({ readsUnder }) => readsUnder === under),
		]),
	);
}

function sameServer(one: Omit<ServerForm, "form">, other: Omit<ServerForm, "form">): boolean {
	const describe = ({ signingKey, addresses }: Omit<ServerForm, "form">) => JSON.stringify([signingKey, addresses]);
	return describe(one) === describe(other) && equalBytes(one.encryptionKey, other.encryptionKey);
}
