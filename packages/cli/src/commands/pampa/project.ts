import { join } from "node:path";
import { nodeAead, nodeFolder, nodeGzip, nodeRandom } from "@mindoodb/formats/node";
import {
	encryptionKeyVariable,
	type Folder,
	PampaChunkStore,
	PampaError,
	parseEncryptionKey,
	resolveEncryptionPreference,
} from "@mindoodb/formats/pampa";
import { UsageError } from "mindoodb";
import type { Call } from "../../call.js";

/** A project whose code is stored in chunks. */
export interface PampaProject {
	/** The project's own folder, with its codemap. */
	readonly folder: Folder;
	/** The chunks; they are written as --encrypt or the key's presence says. */
	readonly store: PampaChunkStore;
}

/** @param path of the project; its chunks are in `.pampa/chunks`. @throws {UsageError, PampaError} of --encrypt and of the key. */
export function openProject(call: Call, path = ""): PampaProject {
	const mode = call.option("encrypt");
	if (mode !== undefined && mode !== "on" && mode !== "off") throw new UsageError("--encrypt: expected on or off");
	const text = call.surroundings.env[encryptionKeyVariable];
	// This throws first: a key with a slip of the pen must not mean that chunks are written in plain text.
	const key = parseEncryptionKey(text);
	const preference = resolveEncryptionPreference({ mode, key: text });
	const place = call.path(path);
	const ports = { gzip: nodeGzip, aead: nodeAead("aes-256-gcm"), random: nodeRandom };
	return {
		folder: nodeFolder(place),
		store: new PampaChunkStore(nodeFolder(join(place, ".pampa", "chunks")), {
			...ports,
			...(key === undefined ? {} : { key }),
			encrypt: preference.enabled,
		}),
	};
}

/** @throws {PampaError} `ENCRYPTION_KEY_MISSING` when the variable is not set. */
export function demandKey(call: Call, variable: string): Uint8Array {
	const key = parseEncryptionKey(call.surroundings.env[variable]);
	if (key === undefined) throw new PampaError("ENCRYPTION_KEY_MISSING", `expected a key in ${variable}`);
	return key;
}
