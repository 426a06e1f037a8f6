/** The administrator's side of an invitation. */
import { toHex } from "../../bytes/hex.js";
import type { Crypto, SigningKey } from "../../crypto/crypto.js";
import { KeyError, VerifyError } from "../../errors.js";
import type { KeyBag } from "../../keys/key-bag.js";
import { tenantSubkeys } from "../../keys/subkeys.js";
import { userPublicKeys } from "../../keys/user-id.js";
import type { DirectoryState } from "../../trust/directory-state.js";
import { wrapKey } from "../key-release.js";
import type { TenantIdentity } from "../tenant-identity.js";
import type { JoinRequest } from "./join-request.js";
import { encodeJoinResponse, type InvitationServer, type WrappedKey } from "./join-response.js";
import { invitationWords } from "./join-tenant.js";
import { sameWords } from "./words.js";

export interface InviteOptions {
	/** The words of the request, as the newcomer told them by another way than the request took. */
	readonly words: string;
	/** Named keys that the newcomer gets, besides all versions of `default` and `directory`. @default none */
	readonly keyIds?: readonly string[];
}

export interface MadeInvitation {
	/** The join-response, for the newcomer. */
	readonly response: Uint8Array;
	/** To be confirmed on both sides: the newcomer sees the same. */
	readonly words: string;
}

export interface AdmissionContext {
	readonly crypto: Crypto;
	readonly identity: TenantIdentity;
	readonly keyBag: KeyBag;
	readonly state: DirectoryState;
}

/** @throws {VerifyError} when it is another request than the one that the newcomer made. */
export function checkRequestWords(request: JoinRequest, words: string): void {
	if (!sameWords(request.words, words)) throw new VerifyError("invite: these are not the words of this request");
}

/** @throws {KeyError} `key-missing` when the KeyBag lacks a key that is to be handed over. */
export function checkHeldKeys(keyBag: KeyBag, keyIds: readonly string[]): void {
	const keyId = keyIds.find((each) => !keyBag.has(each));
	if (keyId !== undefined) throw new KeyError("invite: the KeyBag does not hold this key", { keyId });
}

/** Answers a request of somebody who has been registered already, so that the heads named know of the grant. */
export async function makeInvitation(
	{ crypto, identity, keyBag, state }: AdmissionContext,
	request: JoinRequest,
	{ signingKey, keyIds }: { readonly signingKey: SigningKey; readonly keyIds: readonly string[] },
): Promise<MadeInvitation> {
	const { tenantRoot } = identity;
	const { encryptionKey } = userPublicKeys(request.user);
	const keys: WrappedKey[] = [];
	for (const keyId of new Set(keyIds)) {
		for (const { key, createdAt } of keyBag.getVersions(keyId)) {
			const commitment = await (await tenantSubkeys(crypto, key, tenantRoot)).keyCommitment(keyId);
			if (state.judgeKey(keyId, commitment).verdict !== "accepted") continue;
			const [wrapped] = await wrapKey(crypto, { tenantRoot, keyId, commitment }, key, [encryptionKey]);
			if (wrapped !== undefined) keys.push({ keyId, createdAt, commitment, wrap: wrapped.wrap });
		}
	}
	const servers = new Map<string, InvitationServer>(
		state
			.servers()
			.map(({ signingKey: key, encryptionKey: spki, addresses }) => [
				key,
				{ signingKey: key, encryptionKey: spki, addresses },
			]),
	);
	const body = {
		identity,
		directoryHeads: state.headsFor(toHex(signingKey.publicKey)),
		keys,
		servers: [...servers.values()],
	};
	const response = await encodeJoinResponse(crypto, body, { signingKey, requestHash: request.hash });
	return { response, words: await invitationWords(crypto, tenantRoot, request.hash) };
}
