import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import {
	type ContainerStore,
	ConversationStorage,
	type Conversations,
	type Dm3Crypto,
	decodeExportRecord,
	decodeStorageKey,
	deriveStorageKeys,
	FolderContainerStore,
	MemoryContainerStore,
	RecordContainerStore,
	type StorageKeys,
} from "@mindoodb/formats/dm3";
import { nodeAead, nodeEd25519, nodeFolder, nodeRandom } from "@mindoodb/formats/node";
import { KeyError, UsageError } from "mindoodb";
import { DatabaseConversations } from "mindoodb/dm3";
import { type Call, openDatabase, refuseDirectory } from "../../call.js";
import type { CommandSpec } from "../../command.js";
import { parseJson } from "../../json-value.js";
import { countText } from "../../text.js";
import { withFaults } from "./faults.js";

export const storeAbout =
	"The store is a folder with one file for each container, or, when its name ends in .json, one file with all of them. " +
	"With --db it is a database of your tenant instead, which other devices can write at the same time. " +
	'The keys are JSON: {"wallet": "0x…"} with the signature of the wallet, and --name; or {"storageKey": "…", "signature": "…"}, both base64.';

export const keyOptions: NonNullable<CommandSpec["options"]> = [
	["--db", "the store is a database, by its name"],
	["--keys-file <file>", "your keys (or: MINDOODB_DM3_KEYS with the same JSON)"],
	["--name <name>", "your own ENS name, when the keys are those of a wallet"],
];

/** How commands change a store. */
export interface Opening {
	readonly dedupe?: boolean;
	readonly maxChunkSize?: number;
	/** Whether the store must be there already. */
	readonly existing: boolean;
}

const crypto: Dm3Crypto = { random: nodeRandom, aead: nodeAead("chacha20-poly1305") };

/** Opens the conversations of a store. */
export async function withConversations<T>(
	call: Call,
	name: string,
	{ existing, ...options }: Opening,
	work: (conversations: Conversations) => Promise<T>,
): Promise<T> {
	return withFaults(async () => {
		const keys = await readKeys(call);
		if (call.options.db === true) {
			refuseDirectory(name);
			return call.withTenant(async (place) => {
				const db = await (existing ? call.existing(place, name) : openDatabase(place.tenant, name));
				const conversations = new DatabaseConversations({ db, keys, crypto, ...options });
				const damaged = (await conversations.listDamaged()).length;
				if (damaged > 0) call.note(`${countText(damaged, "document")} cannot be read and are passed over.`);
				return work(conversations);
			});
		}
		return work(open(await openStore(call.path(name), existing), keys, options));
	});
}

/** The conversations of an export record, to read. */
export async function openRecord(call: Call, name: string): Promise<ConversationStorage> {
	const text = await call.readFile(name);
	return withFaults(async () => {
		const store = new MemoryContainerStore();
		for (const [key, value] of decodeExportRecord(text)) store.values.set(key, value);
		return open(store, await readKeys(call), {});
	});
}

function open(store: ContainerStore, keys: StorageKeys, options: Omit<Opening, "existing">): ConversationStorage {
	return new ConversationStorage({ store, keys, crypto, ...options });
}

async function openStore(path: string, existing: boolean): Promise<ContainerStore> {
	const found = await stat(path).catch((error: unknown) => {
		if ((error as { code?: unknown }).code !== "ENOENT") throw error;
	});
	if (found === undefined && existing) throw new UsageError("there is no such store", { code: "not-found" });
	const oneFile = found === undefined ? path.endsWith(".json") : found.isFile();
	if (!oneFile) return new FolderContainerStore(nodeFolder(path));
	return RecordContainerStore.open(nodeFolder(dirname(path)), basename(path));
}

async function readKeys(call: Call): Promise<StorageKeys> {
	const file = call.option("keysFile");
	const text = file === undefined ? call.surroundings.env.MINDOODB_DM3_KEYS : await call.readFile(file);
	if (text === undefined || text === "") throw new KeyError("expected your keys: --keys-file or MINDOODB_DM3_KEYS");
	const { wallet, storageKey, signature } = (parseJson(text, "keys") ?? {}) as Readonly<Record<string, unknown>>;
	if (typeof wallet === "string") {
		const name = call.option("name");
		if (name === undefined) throw new UsageError("expected --name: a wallet's keys need your own ENS name");
		return deriveStorageKeys(wallet, name, nodeEd25519);
	}
	if (typeof storageKey !== "string" || typeof signature !== "string") {
		throw new KeyError("keys: expected wallet, or storageKey and signature");
	}
	return { storageKey: decodeStorageKey(storageKey), signature };
}
