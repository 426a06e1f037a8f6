import {
	type Crypto,
	type Entry,
	type EntryType,
	type HeaderInput,
	makeDocumentId,
	makeEntry,
	type SigningKey,
	signEntries,
	toHex,
} from "@mindoodb/core";

export interface EntryMakerOptions {
	readonly crypto: Crypto;
	/** @default random */
	readonly tenantRoot?: string;
	/** @default "notes" */
	readonly dbId?: string;
	/** Time of the first entry; each further one is a millisecond later. @default 1_700_000_000_000 */
	readonly createdAt?: number;
	/** @default that of a new author */
	readonly signingKey?: SigningKey | undefined;
}

/** What an entry differs in from the one that its maker would make by itself. */
export interface EntryWish extends Partial<HeaderInput> {
	/** @default 100 random bytes */
	readonly payload?: Uint8Array;
	/** @default true */
	readonly signed?: boolean;
	/** Whether the entry goes behind the author's newest one. @default true, false for chunks */
	readonly chained?: boolean;
}

/** One author, with a chain that goes on from entry to entry. */
export interface EntryMaker {
	/** Hex. */
	readonly publicKey: string;
	readonly signingKey: SigningKey;
	readonly tenantRoot: string;
	readonly dbId: string;
	/** Another author of the same database. */
	another(): Promise<EntryMaker>;
	/** A valid entry whose payload is opaque; without wishes a `doc_create`, signed, at the end of the chain. */
	make(wish?: EntryWish): Promise<Entry>;
	/** A document: a `doc_create` and changes, each upon the one before; the last one is signed, the others as wished. */
	document(entries: number, wish?: EntryWish): Promise<Entry[]>;
	/** Forgets or moves the end of the chain. */
	continueFrom(previous: string | undefined): void;
}

/** Makes signed entries that pass every check of a store. Their payloads are random: a store never decrypts. */
export async function entryMaker(options: EntryMakerOptions): Promise<EntryMaker> {
	const { crypto, tenantRoot = toHex(crypto.randomBytes(32)), dbId = "notes", createdAt = 1_700_000_000_000 } = options;
	const { signingKey = await crypto.importSigningKey((await crypto.generateSigningKeyPair()).privateKey) } = options;
	const publicKey = toHex(signingKey.publicKey);
	const keyCommitment = toHex(crypto.randomBytes(32));
	let previous: string | undefined;
	let clock = createdAt;

	async function make(wish: EntryWish = {}): Promise<Entry> {
		const { payload = crypto.randomBytes(100), signed = true, ...fields } = wish;
		const entryType = fields.entryType ?? "doc_create";
		const chained = wish.chained ?? entryType !== "attachment_chunk";
		const origin = { tenantRoot, dbId, decryptionKeyId: "default", createdByPublicKey: publicKey };
		const { chained: _, ...wished } = fields as EntryWish;
		const header: HeaderInput = {
			entryType,
			tenantRoot,
			dbId,
			docId: wish.docId ?? (await makeDocumentId(crypto, origin, crypto.randomBytes(12))),
			dependencyHashes: [],
			createdAt: clock++,
			createdByPublicKey: publicKey,
			decryptionKeyId: "default",
			keyCommitment,
			contentHash: toHex(await crypto.sha256(payload)),
			originalSize: entryType === "doc_delete" ? 0 : 1,
			directoryHeads: [],
			contentTag: isTagged(entryType) ? toHex(crypto.randomBytes(32)) : undefined,
			previousByAuthor: chained ? previous : undefined,
			extensions: new Map(),
			...wished,
		};
		const entry = await makeEntry(crypto, header, payload);
		if (chained) previous = entry.hash;
		return signed ? ((await signEntries(crypto, signingKey, [entry]))[0] as Entry) : entry;
	}

	return {
		publicKey,
		signingKey,
		tenantRoot,
		dbId,
		make,
		another: () => entryMaker({ crypto, tenantRoot, dbId, createdAt: clock }),
		async document(count, wish = {}) {
			const entries: Entry[] = [];
			for (let i = 0; i < count; i++) {
				const before = entries[i - 1];
				const position: EntryWish =
					before === undefined
						? {}
						: { entryType: "doc_change", docId: before.common.docId, dependencyHashes: [before.hash] };
				entries.push(await make({ ...wish, ...position, ...(i === count - 1 && { signed: true }) }));
			}
			return entries;
		},
		continueFrom(hash) {
			previous = hash;
		},
	};
}

function isTagged(entryType: EntryType): boolean {
	return entryType === "doc_create" || entryType === "doc_change";
}
