/** The administrator's side of bringing a tenant to a server. */
import { fromHex } from "../../bytes/hex.js";
import type { Crypto, SigningKey } from "../../crypto/crypto.js";
import type { Clock } from "../../env.js";
import { KeyError, UsageError } from "../../errors.js";
import type { KeyBag } from "../../keys/key-bag.js";
import { tenantSubkeys } from "../../keys/subkeys.js";
import { directoryId } from "../../trust/directory-record.js";
import type { DirectoryState } from "../../trust/directory-state.js";
import type { ServerForm } from "../../trust/forms.js";
import { wrapKey } from "../key-release.js";
import type { TenantIdentity } from "../tenant-identity.js";
import { encodeTenantRequest, type ServerKey } from "./tenant-request.js";

/** A sync server, as the directory is told of it. */
export interface ServerDescription {
	/** Public signing key: what its operator gives out, and its clients accept. Hex. */
	readonly signingKey: string;
	/** SPKI DER. */
	readonly encryptionKey: Uint8Array;
	/** Where it is reached: `wss://…` */
	readonly addresses: readonly string[];
}

export interface AskServerContext {
	readonly env: { readonly crypto: Crypto; readonly clock: Clock };
	readonly identity: TenantIdentity;
	readonly keyBag: KeyBag;
	readonly state: DirectoryState;
}

/** @throws {UsageError} when a key is none that anybody could sign with. */
export function serverForm(crypto: Crypto, { signingKey, encryptionKey, addresses }: ServerDescription): ServerForm {
	if (!crypto.isValidSigningPublicKey(fromHex(signingKey, 32))) {
		throw new UsageError("server: expected a usable Ed25519 public key", { field: "signingKey" });
	}
	return { form: "server", signingKey, encryptionKey, addresses };
}

/**
 * Asks a server to keep the tenant, and hands it the versions of the key `directory` that are held here.
 * @param signingKey the tenant's administration key. @throws {KeyError} when `directory` is not held, or the server's key wraps nothing.
 */
export async function makeTenantRequest(
	{ env: { crypto, clock }, identity, keyBag, state }: AskServerContext,
	{ signingKey: server, encryptionKey }: ServerDescription,
	{ signingKey, invitation }: { readonly signingKey: SigningKey; readonly invitation: Uint8Array | undefined },
): Promise<Uint8Array> {
	const { tenantRoot } = identity;
	const keys: ServerKey[] = [];
	for (const { key, createdAt } of keyBag.getVersions(directoryId)) {
		const commitment = await (await tenantSubkeys(crypto, key, tenantRoot)).keyCommitment(directoryId);
		if (state.judgeKey(directoryId, commitment).verdict !== "accepted") continue;
		const [wrapped] = await wrapKey(crypto, { tenantRoot, keyId: directoryId, commitment }, key, [encryptionKey]);
		if (wrapped !== undefined) keys.push({ commitment, createdAt, wrap: wrapped.wrap });
	}
	if (keys.length === 0) {
		throw new KeyError("server: expected a version of this key, and a server's key to wrap it for", {
			keyId: directoryId,
		});
	}
	const request = { identity, server, createdAt: clock.now(), keys, invitation };
	return encodeTenantRequest(crypto, request, signingKey);
}
