/**
 * The keys of a server, in one file that only its owner may read, made at the first start:
 * `{"signingKey": …, "encryptionKey": …}`, each PKCS#8 DER in base64. Who has it can pass for this server and learn who is a member of its
 * tenants; documents it does not open.
 */
import {
	type Crypto,
	FormatError,
	fromBase64,
	readJson,
	type SigningKey,
	toBase64,
	toHex,
	type UnwrappingKey,
	writeJsonDurably,
} from "mindoodb";

export interface ServerKeys {
	readonly signingKey: SigningKey;
	readonly unwrappingKey: UnwrappingKey;
	/** What clients accept the server by: its public signing key, 64 hex digits. */
	readonly publicKey: string;
}

/** Reads the file, or makes it. @throws {FormatError} when it is damaged. @throws {StoreError} when it cannot be read or written. */
export async function openServerKeys(crypto: Crypto, path: string): Promise<ServerKeys> {
	const found = await readJson(path);
	if (found !== undefined) return importKeys(crypto, found);
	const file = await makeFile(crypto);
	await writeJsonDurably(path, file);
	return importKeys(crypto, file);
}

/** Keys that are kept nowhere. */
export async function makeServerKeys(crypto: Crypto): Promise<ServerKeys> {
	return importKeys(crypto, await makeFile(crypto));
}

async function makeFile(crypto: Crypto): Promise<{ readonly signingKey: string; readonly encryptionKey: string }> {
	const signing = await crypto.generateSigningKeyPair();
	const wrapping = await crypto.generateWrappingKeyPair();
	return { signingKey: toBase64(signing.privateKey), encryptionKey: toBase64(wrapping.privateKey) };
}

async function importKeys(crypto: Crypto, file: unknown): Promise<ServerKeys> {
	const { signingKey, encryptionKey } = (typeof file === "object" && file !== null ? file : {}) as Record<
		string,
		unknown
	>;
	if (typeof signingKey !== "string" || typeof encryptionKey !== "string") {
		throw new FormatError("server keys: expected signingKey and encryptionKey");
	}
	const imported = await crypto.importSigningKey(fromBase64(signingKey));
	return {
		signingKey: imported,
		unwrappingKey: await crypto.importUnwrappingKey(fromBase64(encryptionKey)),
		publicKey: toHex(imported.publicKey),
	};
}
