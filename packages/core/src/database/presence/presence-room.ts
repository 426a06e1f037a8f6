import { toHex } from "../../bytes/hex.js";
import { decodeUtf8, encodeUtf8 } from "../../bytes/text.js";
import type { Env } from "../../env.js";
import { UsageError } from "../../errors.js";
import type { HeldKey, Keyring } from "../../keys/keyring.js";
import { PresenceGate } from "../../sync/presence/presence-gate.js";
import { type PresenceMessage, presenceData, signPresence } from "../../sync/presence/presence-message.js";
import type { DatabaseContext } from "../context.js";
import type { Documents } from "../documents/documents.js";
import type { Author } from "../writing/commit-queue.js";
import { keyToWrite } from "../writing/writing-key.js";

/** What somebody shows of itself in a document: anything that JSON can say, some 3 KiB at most. */
export type PresenceState =
	| null
	| boolean
	| number
	| string
	| readonly PresenceState[]
	| { readonly [key: string]: PresenceState };

/** Somebody who is in a document now. */
export interface Present {
	readonly docId: string;
	/** Public signing key, hex. */
	readonly author: string;
	/** Differs for each window and device of one author: 32 hex digits. */
	readonly instance: string;
	readonly state: PresenceState;
	/** Milliseconds, by the author's clock. */
	readonly at: number;
}

export type PresenceListener = (present: Present) => void;

export interface PresenceRoomParts {
	readonly env: Pick<Env, "crypto" | "clock" | "random">;
	/** Hex. */
	readonly tenantRoot: string;
	readonly dbId: string;
	readonly keyring: Pick<Keyring, "byCommitment">;
	readonly author: Author | undefined;
	/** The version of the document's key to write under. @throws {KeyError} @throws {VerifyError} */
	readonly keyToWrite: (decryptionKeyId: string) => HeldKey;
	/** Id of the key that guards a document. */
	readonly keyIdOf: (docId: string) => Promise<string | undefined>;
	readonly isGranted: (publicKey: string) => boolean;
}

/** Who is where in a database, as far as connected replicas tell. Nothing of it is stored. */
export class PresenceRoom {
	readonly #parts: PresenceRoomParts;
	readonly #gate: PresenceGate;
	readonly #instance: string;
	#counter = 0;
	readonly #listeners = new Set<PresenceListener>();
	readonly #senders = new Set<(message: Uint8Array) => void>();

	constructor(parts: PresenceRoomParts) {
		this.#parts = parts;
		const { env, tenantRoot, dbId, isGranted } = parts;
		this.#instance = toHex(env.random.randomBytes(16));
		const { crypto, clock } = env;
		this.#gate = new PresenceGate({ crypto, clock, place: { tenantRoot, dbId }, isGranted });
	}

	/** Shows something to everybody who is connected and may read the document. @throws {UsageError} `not-found`. @throws {KeyError} without the document's key. */
	async publish(docId: string, state: PresenceState): Promise<void> {
		const { env, tenantRoot, dbId, author, keyIdOf, keyToWrite } = this.#parts;
		if (author === undefined) throw new UsageError("this replica has no user and cannot show its presence");
		const keyId = await keyIdOf(docId);
		if (keyId === undefined) throw new UsageError("presence: there is no such document here", { code: "not-found" });
		const held = keyToWrite(keyId);
		const { keyCommitment } = held;
		const head = {
			docId,
			author: author.publicKey,
			instance: this.#instance,
			counter: ++this.#counter,
			at: env.clock.now(),
			keyCommitment,
		};
		const iv = env.random.randomBytes(12);
		const key = await held.subkeys.presenceKey(dbId, docId);
		const ciphertext = await env.crypto.seal(key, iv, encodeUtf8(JSON.stringify(state)), presenceData(head));
		const place = { tenantRoot, dbId };
		const by = { place, signingKey: author.signingKey };
		const message = await signPresence(env.crypto, { ...head, iv, ciphertext }, by);
		for (const send of this.#senders) send(message);
	}

	/** Told of what others show. @returns a function that ends it. */
	onPresence(listener: PresenceListener): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Names a connection that what is published here goes to. @returns a function that ends it. */
	addConnection(send: (message: Uint8Array) => void): () => void {
		this.#senders.add(send);
		return () => this.#senders.delete(send);
	}

	/** Takes what came over a connection; what is not genuine, old or not readable here is dropped. */
	async receive(bytes: Uint8Array): Promise<void> {
		const message = await this.#gate.pass(bytes);
		if (message === undefined || message.instance === this.#instance) return;
		const state = await this.#open(message);
		if (state === undefined) return;
		const { docId, author, instance, at } = message;
		for (const listener of this.#listeners) listener({ docId, author, instance, state, at });
	}

	async #open(message: PresenceMessage): Promise<PresenceState | undefined> {
		const { env, dbId, keyring, keyIdOf } = this.#parts;
		const { docId, iv, ciphertext, keyCommitment } = message;
		const held = keyring.byCommitment(keyCommitment);
		// Another key would show that its holder may read what it may not.
		if (held === undefined || held.decryptionKeyId !== (await keyIdOf(docId))) return undefined;
		const key = await held.subkeys.presenceKey(dbId, docId);
		const plaintext = await env.crypto.open(key, iv, ciphertext, presenceData(message));
		return plaintext === undefined ? undefined : parsed(plaintext);
	}
}

/** The room of a database. */
export function makePresenceRoom(context: DatabaseContext, documents: Documents): PresenceRoom {
	const { author, trust } = context;
	return new PresenceRoom({
		...context,
		keyToWrite: (decryptionKeyId) => keyToWrite(context, { author: author?.publicKey ?? "", decryptionKeyId }),
		keyIdOf: async (docId) => (await documents.read(docId))?.decryptionKeyId,
		isGranted: (publicKey) => trust.isMember(publicKey),
	});
}

function parsed(plaintext: Uint8Array): PresenceState | undefined {
	try {
		return JSON.parse(decodeUtf8(plaintext)) as PresenceState;
	} catch {
		// Its author may write what it wants; nobody has to show it.
		return undefined;
	}
}
