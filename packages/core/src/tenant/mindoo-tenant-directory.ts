import { fromHex, toHex } from "../bytes/hex.js";
import type { MindooDB } from "../database/mindoo-db.js";
import type { MindooDoc } from "../database/mindoo-doc.js";
import type { Author } from "../database/writing/commit-queue.js";
import type { DocumentWriter } from "../database/writing/document-writer.js";
import { checkId } from "../entry/header.js";
import { type SettingsForm, settingsDocumentId } from "../entry/ids.js";
import { limits } from "../entry/limits.js";
import type { Env } from "../env.js";
import { UsageError } from "../errors.js";
import type { KeyBag } from "../keys/key-bag.js";
import { type EncryptedKeyPair, type UnlockOptions, unlockSigningKeyPair } from "../keys/key-pair.js";
import type { Keyring } from "../keys/keyring.js";
import { tenantSubkeys } from "../keys/subkeys.js";
import { type PublicUserId, type UnlockedUser, type UserPublicKeys, userPublicKeys } from "../keys/user-id.js";
import type { ContentAddressedStore } from "../store/store.js";
import type { DirectoryLog } from "../trust/directory-log.js";
import { directoryId } from "../trust/directory-record.js";
import type { ChainRun } from "../trust/form-codecs.js";
import { type DirectoryForm, formData, joinData } from "../trust/forms.js";
import type { Administrator, Member, SyncServer } from "../trust/people.js";
import { wrapKey } from "./key-release.js";
import type { TenantIdentity } from "./tenant-identity.js";

/** Signs with the tenant's administration key instead of the user's own. */
export interface AdministratorOptions {
	/** @default the user's own key, which must be an administrator's */
	readonly administrator?: { readonly key: EncryptedKeyPair } & UnlockOptions;
}

export interface RevokeOptions extends AdministratorOptions {
	/** Whether the user's own replicas erase themselves when they learn of it. @default false */
	readonly requestDataWipe?: boolean;
}

/** A member by name, with all signing keys that were granted under it. */
export interface TenantUser {
	readonly username: string;
	readonly isRevoked: boolean;
	readonly isAdministrator: boolean;
	readonly keys: readonly Member[];
}

/** Flat values; each key merges by itself. */
export type Settings = Record<string, string | number | boolean | null>;

export interface DirectoryContext {
	readonly env: Env;
	readonly identity: TenantIdentity;
	readonly db: MindooDB;
	readonly log: DirectoryLog;
	readonly keyring: Keyring;
	readonly keyBag: KeyBag;
	readonly user: UnlockedUser | undefined;
	readonly listDatabases: () => Promise<readonly string[]>;
	readonly openDB: (dbId: string) => Promise<MindooDB>;
	readonly settled: () => Promise<void>;
}

/** The tenant's directory: who belongs, who administers, which keys and settings hold. Only administrators write it. */
export class MindooTenantDirectory {
	readonly #context: DirectoryContext;

	/** For `MindooTenant`. */
	constructor(context: DirectoryContext) {
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
		const grant: DirectoryForm = { form: "grantaccess", username, signingKey: toHex(signingKey), encryptionKey };
		await this.write([grant, ...(await this.#releases([encryptionKey]))], options);
	}

	/**
	 * Ends a member's access. What it wrote before, as far as it has arrived here, stays; everything else of it is refused by all
	 * replicas, whatever its clock says. Sync first, so that honest work is not cut off.
	 * @throws {UsageError} `not-found` when nobody of this name is a member; `not-administrator` for an administrator without the
	 * administration key, whose right only that key can end.
	 */
	async revokeUser(username: string, options: RevokeOptions = {}): Promise<void> {
		const { requestDataWipe = false } = options;
		const keys = this.#members(username).filter(({ revoked }) => revoked === undefined);
		if (keys.length === 0) throw new UsageError("revokeUser: expected the name of a member", { code: "not-found" });
		const name = username.normalize("NFC");
		const { state } = this.#context.log;
		const forms: DirectoryForm[] = [];
		for (const { signingKey } of keys) {
			const accepted = await this.#acceptedRuns(signingKey);
			forms.push({ form: "revokeaccess", username: name, signingKey, requestDataWipe, accepted });
			if (!state.isAdministrator(signingKey)) continue;
			if (options.administrator === undefined) {
				throw new UsageError("revokeUser: an administrator is revoked with the administration key and its password", {
					code: "not-administrator",
				});
			}
			forms.push({ form: "adminrevoke", username: name, signingKey, requestDataWipe, accepted });
		}
		await this.write(forms, options);
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
		const { state } = this.#context.log;
		const byName = new Map<string, Member[]>();
		for (const member of state.members()) {
			const known = byName.get(member.username);
			if (known === undefined) byName.set(member.username, [member]);
			else known.push(member);
		}
		return [...byName].map(([username, keys]) => ({
			username,
			isRevoked: keys.every(({ revoked }) => revoked !== undefined),
			isAdministrator: keys.some(({ signingKey }) => state.isAdministrator(signingKey)),
			keys,
		}));
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
		return this.#settings("tenantsettings", undefined);
	}

	/** Settings of one database; `undefined` when nobody made any. */
	async getDBSettings(dbId: string): Promise<Settings | undefined> {
		return this.#settings("dbsettings", dbId);
	}

	/** Edits the tenant's settings; changes that two administrators make apart merge key by key. */
	async changeTenantSettings(edit: (settings: Settings) => void, options: AdministratorOptions = {}): Promise<void> {
		await this.#changeSettings("tenantsettings", undefined, edit, options);
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
		await this.#changeSettings("dbsettings", dbId, edit, options);
	}

	/** Writes forms as documents of the directory, one after the other in one group. */
	async write(forms: readonly DirectoryForm[], options: AdministratorOptions = {}): Promise<MindooDoc[]> {
		const writer = await this.#writer(options);
		const docs = await Promise.all(forms.map((form) => writer.create(directoryId, formData(form))));
		await this.#context.settled();
		return docs;
	}

	async #changeSettings(
		form: SettingsForm,
		dbId: string | undefined,
		edit: (settings: Settings) => void,
		options: AdministratorOptions,
	): Promise<void> {
		const { env, identity, db } = this.#context;
		const writer = await this.#writer(options);
		const docId = await settingsDocumentId(env.crypto, identity.tenantRoot, form, dbId);
		const fill = (settings: Settings) => {
			edit(settings);
			checkFlat(settings);
			if (settings.form !== form) settings.form = form;
			if (dbId !== undefined && settings.dbid !== dbId) settings.dbid = dbId;
		};
		const existing = await db.getDocument(docId);
		const change = fill as (draft: Record<string, unknown>) => void;
		if (existing === undefined) await writer.createSettings(docId, directoryId, change);
		else await writer.change(docId, change);
		await this.#context.settled();
	}

	async #settings(form: SettingsForm, dbId: string | undefined): Promise<Settings | undefined> {
		const { env, identity, db } = this.#context;
		const docId = await settingsDocumentId(env.crypto, identity.tenantRoot, form, dbId);
		return (await db.getDocument(docId))?.getData<Settings>();
	}

	/** Hands every version of `default` and `directory` that is held here to these receivers. */
	async #releases(receivers: readonly Uint8Array[]): Promise<DirectoryForm[]> {
		const { env, identity, keyBag, log } = this.#context;
		const { tenantRoot } = identity;
		const forms: DirectoryForm[] = [];
		for (const keyId of ["default", directoryId]) {
			const announced = new Set(log.state.announcedCommitments(keyId));
			for (const key of keyBag.getAllKeys(keyId)) {
				const commitment = await (await tenantSubkeys(env.crypto, key, tenantRoot)).keyCommitment(keyId);
				if (!announced.has(commitment)) continue;
				const wraps = await wrapKey(env.crypto, { tenantRoot, keyId, commitment }, key, receivers);
				forms.push({ form: "keyrelease", keyId, commitment, wraps });
			}
		}
		return forms;
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
		const name = username.normalize("NFC");
		return this.#context.log.state.members().filter((member) => member.username === name);
	}

	async #writer({ administrator }: AdministratorOptions): Promise<DocumentWriter> {
		const { env, db, log, user } = this.#context;
		const signingKey =
			administrator === undefined
				? user?.signingKey
				: await unlockSigningKeyPair(env, administrator.key, { ...administrator, purpose: "administration" });
		if (signingKey === undefined) throw new UsageError("this replica has no user and cannot write");
		const author: Author = { publicKey: toHex(signingKey.publicKey), signingKey };
		if (!log.state.isAdministrator(author.publicKey)) {
			throw new UsageError("only administrators write the directory; give the administration key and its password", {
				code: "not-administrator",
			});
		}
		const writer = await db.writerFor(author);
		await this.#joinHeads(writer);
		return writer;
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

function checkFlat(settings: Settings): void {
	for (const [key, value] of Object.entries(settings)) {
		if (value !== null && typeof value === "object") {
			throw new UsageError("settings are flat: expected text, number, boolean or null", { field: key });
		}
	}
}
