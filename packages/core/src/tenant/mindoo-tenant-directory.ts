import { fromHex, toHex } from "../bytes/hex.js";
import type { SigningKey } from "../crypto/crypto.js";
import type { MindooDB } from "../database/mindoo-db.js";
import type { MindooDoc } from "../database/mindoo-doc.js";
import type { Author } from "../database/writing/commit-queue.js";
import type { DocumentWriter } from "../database/writing/document-writer.js";
import { checkId } from "../entry/header.js";
import { limits } from "../entry/limits.js";
import { KeyError, UsageError } from "../errors.js";
import { unlockSigningKeyPair } from "../keys/key-pair.js";
import { type PublicUserId, type UserPublicKeys, userPublicKeys } from "../keys/user-id.js";
import type { ContentAddressedStore } from "../store/store.js";
import { directoryId } from "../trust/directory-record.js";
import type { ChainRun } from "../trust/form-codecs.js";
import { type DirectoryForm, formData, joinData } from "../trust/forms.js";
import { type Administrator, type Member, membersNamed, type SyncServer } from "../trust/people.js";
import { administratorGrants, administratorRevocations, checkRootKey } from "./administrators.js";
import type {
	AdministratorOptions,
	DirectoryContext,
	Revoked,
	RevokeOptions,
	TenantUser,
} from "./directory-context.js";
import type { KeyMaintenance, WriteForms } from "./directory-keys.js";
import { readSettings, type Settings, type SettingsPlace, writeSettings } from "./directory-settings.js";
import {
	checkHeldKeys,
	checkRequestWords,
	type InviteOptions,
	type MadeInvitation,
	makeInvitation,
} from "./joining/admission.js";
import { type JoinRequest, readJoinRequest } from "./joining/join-request.js";
import { bringAllLevel } from "./reachable-peers.js";
import { ServerCalls } from "./serving/server-calls.js";
import { usersOf } from "./tenant-users.js";

/** The tenant's directory: who belongs, who administers, which keys and settings hold. Only administrators write it. */
export class MindooTenantDirectory extends ServerCalls {
	readonly #context: DirectoryContext;

	/** For `MindooTenant`. */
	constructor(context: DirectoryContext) {
		super();
		this.#context = context;
	}

	/** The directory as a database: to sync it, to explain it. */
	get db(): MindooDB {
		return this.#context.db;
	}

	/** What other replicas pull from and push to. */
	get store(): ContentAddressedStore {
		return this.#context.db.store;
	}

	/**
	 * Makes somebody a member, and hands over every version of `default` and `directory` that this replica holds, in the same write.
	 * @throws {UsageError} `not-administrator`. @throws {KeyError} on a wrong administration password.
	 */
	async registerUser(user: PublicUserId, options: AdministratorOptions = {}): Promise<void> {
		const { username, signingKey, encryptionKey } = userPublicKeys(user);
		const grant = { form: "grantaccess", username, signingKey: toHex(signingKey), encryptionKey } as const;
		await this.#context.keys.grant(grant, await this.#writing(options));
	}

	/** What somebody asks who wants to join, and its words to compare. @throws {FormatError} @throws {VerifyError} */
	readJoinRequest(request: Uint8Array): Promise<JoinRequest> {
		return readJoinRequest(this.#context.env.crypto, request);
	}

	/**
	 * Makes the author of a join-request a member, and answers it with all that the newcomer needs.
	 * @throws {VerifyError} `trust` when the words are not those of this request; nothing is written then. @throws {KeyError} when a
	 * named key is not held. @throws {UsageError} `not-administrator`.
	 */
	async inviteUser(request: Uint8Array, options: InviteOptions & AdministratorOptions): Promise<MadeInvitation> {
		const { env, identity, keyBag, log } = this.#context;
		const read = await this.readJoinRequest(request);
		checkRequestWords(read, options.words);
		const keyIds = [...new Set([directoryId, "default", ...(options.keyIds ?? [])])];
		checkHeldKeys(keyBag, keyIds);
		await this.registerUser(read.user, options);
		const signingKey = await this.#signingKey(options);
		return makeInvitation({ crypto: env.crypto, identity, keyBag, state: log.state }, read, { signingKey, keyIds });
	}

	/**
	 * Ends a member's access. What it wrote before, as far as it has arrived here, stays; everything else of it is refused by all
	 * replicas, whatever its clock says. So every known database is brought level first with the peers that the tenant was given, and
	 * new versions of the keys are handed to everybody else, so that the user cannot read what is written from now on.
	 * @throws {UsageError} `not-found` when nobody of this name is a member; `not-administrator` for an administrator without the
	 * administration key, whose right only that key can end; `not-level` with the `databases` that could not be brought level;
	 * `limit` when a key has as many versions as a KeyBag holds. @throws {KeyError} when this replica lacks the present version of
	 * `directory`.
	 */
	async revokeUser(username: string, options: RevokeOptions = {}): Promise<Revoked> {
		const { requestDataWipe = false, rotateKeys = true, withoutDatabases = [] } = options;
		const write = await this.#writing(options);
		await bringAllLevel(this.#context, withoutDatabases);
		const { state } = this.#context.log;
		const name = username.normalize("NFC");
		const keys = this.#members(username).filter(({ revoked }) => revoked === undefined);
		if (keys.length === 0) throw new UsageError("revokeUser: expected the name of a member", { code: "not-found" });
		const signingKeys = keys.map(({ signingKey }) => signingKey);
		if (options.administrator === undefined && signingKeys.some((key) => state.isAdministrator(key))) {
			throw new UsageError("revokeUser: an administrator is revoked with the administration key and its password", {
				code: "not-administrator",
			});
		}
		const revocations = async () => {
			const forms: DirectoryForm[] = [];
			for (const signingKey of signingKeys) {
				const accepted = await this.#acceptedRuns(signingKey);
				forms.push({ form: "revokeaccess", username: name, signingKey, requestDataWipe, accepted });
				if (!state.isAdministrator(signingKey)) continue;
				forms.push({ form: "adminrevoke", username: name, signingKey, requestDataWipe, accepted });
			}
			return forms;
		};
		if (rotateKeys) return { rotatedKeys: await this.#context.keys.revoke(signingKeys, revocations, write) };
		await write(await revocations());
		return { rotatedKeys: [] };
	}

	/**
	 * Makes a new version of a key that the directory governs, and hands it to everybody who has the key. What is there stays under the
	 * versions it was written under.
	 * @throws {UsageError} `not-administrator`, `not-governed`, `limit`. @throws {KeyError} without the key `directory`.
	 */
	async rotateKey(keyId: string, options: AdministratorOptions = {}): Promise<void> {
		await this.#context.keys.rotate(keyId, await this.#writing(options));
	}

	/**
	 * Puts a named key that the KeyBag holds under the directory: from then on nobody but administrators can bring a version of it into
	 * use. The version that is newest here is written under from now on; entries under versions that are not here are pending until an
	 * administrator announces them.
	 * @param keyId not `default` or `directory`, which are governed always. @throws {KeyError} `key-missing`.
	 * @throws {UsageError} `not-administrator`; `not-found` for a name of no member.
	 */
	async governKey(
		keyId: string,
		{ usernames = [], ...options }: AdministratorOptions & { readonly usernames?: readonly string[] } = {},
	): Promise<void> {
		await this.#context.keys.govern(keyId, usernames, await this.#writing(options));
	}

	/**
	 * Hands all versions of a governed key to members. They get the later ones too, and a member who is revoked ends the present one.
	 * @throws {UsageError} `not-administrator`, `not-governed`, `not-found`. @throws {KeyError} when none of it is held here.
	 */
	async handKey(keyId: string, usernames: readonly string[], options: AdministratorOptions = {}): Promise<void> {
		await this.#context.keys.hand(keyId, usernames, await this.#writing(options));
	}

	/**
	 * Makes new versions of keys whose present one is in the hands of somebody who left, and hands out versions that somebody lacks. An
	 * administrator's client does it by itself when it opens the tenant, and when it receives entries of the directory.
	 */
	async maintainKeys(options: AdministratorOptions = {}): Promise<KeyMaintenance> {
		return this.#context.keys.maintain(await this.#writing(options));
	}

	/**
	 * Makes a member an administrator, who can do everything but make and unmake administrators.
	 * @throws {UsageError} `not-administrator` without the administration or recovery key, `not-found`.
	 */
	async grantAdministrator(username: string, options: AdministratorOptions): Promise<void> {
		checkRootKey(options.administrator);
		await this.write(administratorGrants(this.#context.log.state, username), options);
	}

	/**
	 * Ends somebody's right to administer; as a member it stays. What it did before, as far as it has arrived here, counts.
	 * @param administrator a name, or a signing key in hex. The administration key itself is revoked by the recovery key alone.
	 * @throws {UsageError} `not-administrator`, `not-found`.
	 */
	async revokeAdministrator(administrator: string, options: AdministratorOptions): Promise<void> {
		checkRootKey(options.administrator);
		const { state } = this.#context.log;
		const isRecoveryKey = options.administrator?.purpose === "recovery";
		const runs = (key: string) => this.#acceptedRuns(key);
		await this.write(await administratorRevocations(state, administrator, isRecoveryKey, runs), options);
	}

	/**
	 * Lets refused entries count, with everything that they build on. `refusedDocuments` of the database lists candidates.
	 * @param pardon `entries`: hashes; `runs`: pieces of an author's chain.
	 */
	async acceptEntries(
		pardon: { readonly dbId: string; readonly entries?: readonly string[]; readonly runs?: readonly ChainRun[] },
		options: AdministratorOptions = {},
	): Promise<void> {
		const { dbId, entries = [], runs = [] } = pardon;
		if (entries.length + runs.length === 0) throw new UsageError("acceptEntries: expected at least one entry or run");
		await this.write([{ form: "acceptentries", dbId, entries: [...entries].sort(), runs }], options);
	}

	/**
	 * Has a document erased everywhere: every replica and server that learns of it erases contents, headers and what it shows, keeps
	 * only what chains need (docs/entry-format.md, "stub"), and refuses the return of the rest. Nothing takes it back.
	 * @throws {UsageError} for a document of the directory, or an id of no bytes or too many. @throws {UsageError} `not-administrator`.
	 */
	async requestPurge(
		place: { readonly dbId: string; readonly docId: string },
		options: AdministratorOptions = {},
	): Promise<void> {
		const { dbId, docId } = place;
		if (dbId === directoryId) {
			throw new UsageError("requestPurge: what the directory says cannot be erased", { field: "dbId" });
		}
		checkId(dbId, "dbId");
		checkId(docId, "docId");
		await this.write([{ form: "purgerequest", dbId, docId }], options);
	}

	/** Everybody who was ever granted access, by name. */
	async listUsers(): Promise<TenantUser[]> {
		return usersOf(this.#context.log.state);
	}

	async listAdministrators(): Promise<readonly Administrator[]> {
		return this.#context.log.state.administrators();
	}

	async listServers(): Promise<readonly SyncServer[]> {
		return this.#context.log.state.servers();
	}

	/** Ids of the databases of this tenant that are known here, without the directory. */
	async listDatabases(): Promise<readonly string[]> {
		return this.#context.listDatabases();
	}

	/** Public keys of the member with this name; of several the newest that is not revoked. */
	async getUserPublicKeys(username: string): Promise<UserPublicKeys | undefined> {
		const members = this.#members(username);
		const member = members.findLast(({ revoked }) => revoked === undefined) ?? members.at(-1);
		if (member === undefined) return undefined;
		return {
			username: member.username,
			signingKey: fromHex(member.signingKey, 32),
			encryptionKey: member.encryptionKey.slice(),
		};
	}

	/** Whether a user of this name was a member and no key of it is any more. */
	async isUserRevoked(username: string): Promise<boolean> {
		const members = this.#members(username);
		return members.length > 0 && members.every(({ revoked }) => revoked !== undefined);
	}

	/** Settings of the whole tenant; `undefined` when nobody made any. */
	async getTenantSettings(): Promise<Settings | undefined> {
		return readSettings(this.#context, { form: "tenantsettings", dbId: undefined });
	}

	/** Settings of one database; `undefined` when nobody made any. */
	async getDBSettings(dbId: string): Promise<Settings | undefined> {
		return readSettings(this.#context, { form: "dbsettings", dbId });
	}

	/** Edits the tenant's settings; changes that two administrators make apart merge key by key. */
	async changeTenantSettings(edit: (settings: Settings) => void, options: AdministratorOptions = {}): Promise<void> {
		await this.#changeSettings({ form: "tenantsettings", dbId: undefined }, edit, options);
	}

	/**
	 * Edits a database's settings. `adminOnly: true` lets only administrators write from then on, for good, and refuses what others
	 * wrote before until it is pardoned.
	 */
	async changeDBSettings(
		dbId: string,
		edit: (settings: Settings) => void,
		options: AdministratorOptions = {},
	): Promise<void> {
		await this.#changeSettings({ form: "dbsettings", dbId }, edit, options);
	}

	/** Writes forms as documents of the directory, one after the other in one group. */
	async write(forms: readonly DirectoryForm[], options: AdministratorOptions = {}): Promise<MindooDoc[]> {
		return (await this.#writing(options))(forms);
	}

	/** Checks the right to write, and the key to write under, before anything is prepared. */
	async #writing(options: AdministratorOptions): Promise<WriteForms> {
		const { keyring, log, settled } = this.#context;
		const writer = await this.#writer(options);
		const version = log.state.writeVersion(directoryId);
		if (version !== undefined && keyring.get(directoryId, version) === undefined) {
			throw new KeyError("this replica lacks the present version of this key; sync first", { keyId: directoryId });
		}
		return async (forms, under) => {
			const sealedUnder = under !== undefined && keyring.get(directoryId, under) !== undefined ? under : undefined;
			await this.#joinHeads(writer);
			// All of them take their key at once: where they announce a new one, they are still sealed under the one before.
			const docs = await Promise.all(forms.map((form) => writer.create(directoryId, formData(form), sealedUnder)));
			await settled();
			return docs;
		};
	}

	async #changeSettings(
		place: SettingsPlace,
		edit: (settings: Settings) => void,
		options: AdministratorOptions,
	): Promise<void> {
		const writer = await this.#writer(options);
		await this.#joinHeads(writer);
		await writeSettings(this.#context, writer, place, edit);
		await this.#context.settled();
	}

	/** All of an author's chains in all databases known here, up to what has arrived. */
	async #acceptedRuns(signingKey: string): Promise<ReadonlyMap<string, readonly ChainRun[]>> {
		const accepted = new Map<string, ChainRun[]>();
		for (const dbId of [directoryId, ...(await this.#context.listDatabases())]) {
			const db = await this.#context.openDB(dbId);
			const heads = await db.chainHeadsOf(signingKey);
			if (heads.length > 0)
				accepted.set(
					dbId,
					heads.map((to) => ({ from: undefined, to })),
				);
		}
		return accepted;
	}

	#members(username: string): readonly Member[] {
		return membersNamed(this.#context.log.state.members(), username);
	}

	protected get serving() {
		const signingKey = (options: AdministratorOptions) => this.#signingKey(options);
		return { ...this.#context, signingKey, writing: (options: AdministratorOptions) => this.#writing(options) };
	}

	async #signingKey({ administrator }: AdministratorOptions): Promise<SigningKey> {
		const { env, user } = this.#context;
		const signingKey =
			administrator === undefined
				? user?.signingKey
				: await unlockSigningKeyPair(env, administrator.key, { purpose: "administration", ...administrator });
		if (signingKey === undefined) throw new UsageError("this replica has no user and cannot write");
		return signingKey;
	}

	async #writer(options: AdministratorOptions): Promise<DocumentWriter> {
		const { db, log } = this.#context;
		const signingKey = await this.#signingKey(options);
		const author: Author = { publicKey: toHex(signingKey.publicKey), signingKey };
		if (!log.state.isAdministrator(author.publicKey)) {
			throw new UsageError("only administrators write the directory; give the administration key and its password", {
				code: "not-administrator",
			});
		}
		return db.writerFor(author);
	}

	/** So that what is written next knows all that this replica knows of the directory. */
	async #joinHeads(writer: DocumentWriter): Promise<void> {
		const { state } = this.#context.log;
		let before = Number.POSITIVE_INFINITY;
		// Each join has to be folded before the next one; one that does not count ends it.
		for (let heads = state.heads().length; heads > limits.directoryHeads && heads < before; ) {
			await writer.create(directoryId, joinData);
			before = heads;
			heads = state.heads().length;
		}
	}
}
