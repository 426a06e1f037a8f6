import { toHex } from "../bytes/hex.js";
import type { Crypto, Random } from "../crypto/crypto.js";

/** Bytes of an actor that name its author, and bytes that name one opening of a store. */
const prefixBytes = 16;
const sessionBytes = 8;

/**
 * The first 32 hex digits of every actor of an author: SHA-256(public signing key)[0..16].
 * Source: docs/entry-format.md, "Automerge, kept on a leash".
 */
export async function actorPrefix(crypto: Pick<Crypto, "sha256">, publicKey: Uint8Array): Promise<string> {
	return toHex((await crypto.sha256(publicKey)).subarray(0, prefixBytes));
}

/** A new actor of an author, 48 hex digits: the prefix and 8 random bytes, drawn each time a store is opened. */
export async function makeActor(
	crypto: Pick<Crypto, "sha256">,
	random: Random,
	publicKey: Uint8Array,
): Promise<string> {
	return (await actorPrefix(crypto, publicKey)) + toHex(random.randomBytes(sessionBytes));
}

/** Another actor of the same author. */
export function renewActor(random: Random, actor: string): string {
	return actor.slice(0, 2 * prefixBytes) + toHex(random.randomBytes(sessionBytes));
}

/** Whether an actor (hex) may appear in changes of the author whose prefix is given. */
export function isActorOf(actor: string, prefix: string): boolean {
	return actor.length === 2 * (prefixBytes + sessionBytes) && actor.startsWith(prefix);
}
