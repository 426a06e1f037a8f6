/** Makes directories for the tests of this folder: records with made-up addresses, since the fold is pure logic. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { fromHex } from "../bytes/hex.js";
import type { DirectoryRecord, RecordContents } from "./directory-record.js";
import { DirectoryState } from "./directory-state.js";
import type { ChainRun } from "./form-codecs.js";
import type { DirectoryForm } from "./forms.js";
import type { AuthoredEntry, ChainReader } from "./judge.js";

/** 64 hex digits that look random and are always the same for a name. */
export function hashOf(name: string): string {
	return createHash("sha256").update(name).digest("hex");
}

export const tenantRoot = hashOf("tenant");
export const rootKey = hashOf("key root");
export const recoveryKey = hashOf("key recovery");
/** The version of the key `directory` under which example entries are written. */
export const firstCommitment = hashOf("directory key 1");

export function keyOf(name: string): string {
	if (name === "root") return rootKey;
	return name === "recovery" ? recoveryKey : hashOf(`key ${name}`);
}

export function newState(): DirectoryState {
	return DirectoryState.create({
		administrationKey: fromHex(rootKey),
		recoveryKey: fromHex(recoveryKey),
		tenantRoot,
	});
}

export interface RecordOptions {
	/** @default the entry that was written before */
	readonly after?: readonly DirectoryRecord[];
	readonly dependencies?: readonly DirectoryRecord[];
	/** @default the author's last entry */
	readonly previous?: DirectoryRecord | undefined;
	readonly createdAt?: number;
	readonly keyCommitment?: string;
	readonly contents?: RecordContents;
	readonly entryType?: DirectoryRecord["entryType"];
}

/** Writes a directory, one entry after another. Authors go by name: "root", "recovery", or any other. */
export class Example {
	readonly records: DirectoryRecord[] = [];
	readonly #last = new Map<string, DirectoryRecord>();
	readonly #name: string;

	constructor(name = "example") {
		this.#name = name;
	}

	write(author: string, form: DirectoryForm | undefined, options: RecordOptions = {}): DirectoryRecord {
		const last = this.records.at(-1);
		const after = options.after ?? (last === undefined ? [] : [last]);
		const previous = "previous" in options ? options.previous : this.#last.get(author);
		const record: DirectoryRecord = {
			hash: hashOf(`${this.#name} ${this.records.length}`),
			entryType: "entryType" in options ? options.entryType : "doc_create",
			docId: `document-${this.records.length}`,
			signer: keyOf(author),
			parents: after.map(({ hash }) => hash).sort(),
			dependencies: (options.dependencies ?? []).map(({ hash }) => hash).sort(),
			previousByAuthor: previous?.hash,
			createdAt: options.createdAt ?? 1_700_000_000_000 + this.records.length,
			keyCommitment: options.keyCommitment ?? firstCommitment,
			contents: options.contents ?? (form === undefined ? { kind: "nothing" } : { kind: "form", form }),
		};
		this.records.push(record);
		this.#last.set(author, record);
		return record;
	}

	grant(author: string, member: string, options: RecordOptions = {}): DirectoryRecord {
		return this.write(author, grantOf(member), options);
	}

	revoke(author: string, member: string, accepted: Accepted = {}, options: RecordOptions = {}): DirectoryRecord {
		return this.write(author, revocationOf("revokeaccess", member, accepted), options);
	}

	adminGrant(author: string, admin: string, options: RecordOptions = {}): DirectoryRecord {
		return this.write(author, { form: "admingrant", username: admin, signingKey: keyOf(admin) }, options);
	}

	adminRevoke(author: string, admin: string, accepted: Accepted = {}, options: RecordOptions = {}): DirectoryRecord {
		return this.write(author, revocationOf("adminrevoke", admin, accepted), options);
	}

	keyVersion(author: string, keyId: string, commitment: string, options: RecordOptions = {}): DirectoryRecord {
		return this.write(author, { form: "keyversion", keyId, commitment }, options);
	}

	pardon(author: string, dbId: string, entries: readonly string[], runs: readonly ChainRun[] = []): DirectoryRecord {
		return this.write(author, { form: "acceptentries", dbId, entries, runs });
	}

	adminOnly(author: string, dbId: string, options: RecordOptions = {}): DirectoryRecord {
		const contents: RecordContents = {
			kind: "settings",
			settings: { form: "dbsettings", dbId, setsAdminOnly: true },
		};
		return this.write(author, undefined, { entryType: "doc_change", contents, ...options });
	}

	/** Announces the first version of `directory`, as a new tenant does. */
	begin(): this {
		this.keyVersion("root", "directory", firstCommitment);
		return this;
	}
}

export type Accepted = Readonly<Record<string, readonly ChainRun[]>>;

export function grantOf(member: string): DirectoryForm {
	return {
		form: "grantaccess",
		username: member,
		signingKey: keyOf(member),
		encryptionKey: fromHex(hashOf(`encryption ${member}`)),
	};
}

export function revocationOf(form: "revokeaccess" | "adminrevoke", member: string, accepted: Accepted): DirectoryForm {
	return {
		form,
		username: member,
		signingKey: keyOf(member),
		requestDataWipe: false,
		accepted: new Map(Object.entries(accepted)),
	};
}

/** Entries of a database and their chains, as a store would give them. */
export class ExampleDatabase implements ChainReader {
	readonly entries: AuthoredEntry[] = [];
	readonly #last = new Map<string, AuthoredEntry>();
	readonly #arrived: AuthoredEntry[] = [];
	readonly #name: string;
	/** Links read so far. */
	reads = 0;

	constructor(name = "db") {
		this.#name = name;
	}

	/** @param heads directory entries that the author knew. */
	write(
		author: string,
		heads: readonly DirectoryRecord[],
		options: { previous?: AuthoredEntry | undefined; arrives?: boolean } = {},
	) {
		const previous = "previous" in options ? options.previous : this.#last.get(author);
		const entry: AuthoredEntry = {
			hash: hashOf(`${this.#name} entry ${this.entries.length}`),
			signer: keyOf(author),
			directoryHeads: heads.map(({ hash }) => hash),
			previousByAuthor: previous?.hash,
		};
		this.entries.push(entry);
		this.#last.set(author, entry);
		if (options.arrives !== false) this.#arrived.push(entry);
		return entry;
	}

	arrive(entry: AuthoredEntry): void {
		this.#arrived.push(entry);
	}

	async *linksOfAuthor(publicKey: string, after: number) {
		for (const [i, entry] of this.#arrived.entries()) {
			if (entry.signer !== publicKey || i < after) continue;
			this.reads++;
			yield [{ hash: entry.hash, previousByAuthor: entry.previousByAuthor, arrival: i + 1 }];
		}
	}

	async authorsOf(hashes: readonly string[]) {
		return hashes.map((hash) => this.#arrived.find((entry) => entry.hash === hash)?.signer);
	}
}

test("an example writes distinct entries, each behind the one before", () => {
	const example = new Example().begin();
	const grant = example.grant("root", "mia");
	expect(grant.parents).toEqual([example.records[0]?.hash]);
	expect(grant.previousByAuthor).toBe(example.records[0]?.hash);
	expect(new Set(example.records.map(({ hash }) => hash)).size).toBe(2);
});
