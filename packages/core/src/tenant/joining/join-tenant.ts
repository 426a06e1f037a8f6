/** The newcomer's side of an invitation. */
import { concatBytes } from "../../bytes/concat.js";
import { fromHex } from "../../bytes/hex.js";
import type { Crypto } from "../../crypto/crypto.js";
import { KeyError, VerifyError } from "../../errors.js";
import type { KeyBag } from "../../keys/key-bag.js";
import type { UnlockedUser } from "../../keys/user-id.js";
import { unwrapKey } from "../key-release.js";
import type { TenantIdentity } from "../tenant-identity.js";
import { decodeJoinResponse, type InvitationServer, type JoinResponse } from "./join-response.js";
import { sameWords, wordsOfHash } from "./words.js";

/** How the newcomer knows that it is the right tenant: the administrator told these by another way than the files took. */
export type TenantConfirmation = { readonly words: string } | { readonly tenantRoot: string };

/** What an answer offers. Nothing of it is trusted before its words, or its tenantRoot, are confirmed. */
export interface Invitation {
	readonly identity: TenantIdentity;
	/** What the administrator sees too. */
	readonly words: string;
	/** Until these are there, everything is pending. Hex. */
	readonly directoryHeads: readonly string[];
	readonly servers: readonly InvitationServer[];
}

/**
 * The words of SHA-256(tenantRoot ‖ SHA-256(join-request)): the same on both sides only for this tenant and this newcomer.
 * @param requestHash 32 bytes.
 */
export async function invitationWords(crypto: Crypto, tenantRoot: string, requestHash: Uint8Array): Promise<string> {
	return wordsOfHash(await crypto.sha256(concatBytes(fromHex(tenantRoot, 32), requestHash)));
}

/**
 * Reads the answer to one's own request.
 * @throws {FormatError} @throws {VerifyError} `signature` when it answers another request or was altered.
 */
export async function readJoinResponse(
	crypto: Crypto,
	{ request, response }: { readonly request: Uint8Array; readonly response: Uint8Array },
): Promise<Invitation & JoinResponse> {
	const requestHash = await crypto.sha256(request);
	const read = await decodeJoinResponse(crypto, response, requestHash);
	return { ...read, words: await invitationWords(crypto, read.identity.tenantRoot, requestHash) };
}

/** @throws {VerifyError} when it is another tenant, or somebody stood between. */
export function checkConfirmation({ identity, words }: Invitation, confirmation: TenantConfirmation): void {
	const holds =
		"words" in confirmation
			? sameWords(words, confirmation.words)
			: confirmation.tenantRoot.trim().toLowerCase() === identity.tenantRoot;
	if (!holds) throw new VerifyError("join: this is not the tenant that was confirmed", { code: "trust" });
}

/** Puts the keys of an answer into a KeyBag, all or none. @throws {KeyError} `key-mismatch` when one is for somebody else. */
export async function takeKeys(
	crypto: Crypto,
	{ identity: { tenantRoot }, keys }: JoinResponse,
	{ user, keyBag }: { readonly user: UnlockedUser; readonly keyBag: KeyBag },
): Promise<void> {
	const opened: { readonly keyId: string; readonly key: Uint8Array; readonly createdAt: number }[] = [];
	for (const { keyId, commitment, createdAt, wrap } of keys) {
		const key = await unwrapKey(crypto, { tenantRoot, keyId, commitment }, wrap, user.unwrappingKey);
		if (key === undefined) {
			throw new KeyError("join: a key of the answer does not open for this identity", { code: "key-mismatch", keyId });
		}
		opened.push({ keyId, key, createdAt });
	}
	for (const { keyId, key, createdAt } of opened) keyBag.set(keyId, key, createdAt);
	await keyBag.settled();
}
