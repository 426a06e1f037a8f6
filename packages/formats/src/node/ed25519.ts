import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import type { Ed25519 } from "../dm3/keys/profile-keys.js";

/** Ed25519 of node:crypto. */
export const nodeEd25519: Ed25519 = {
	async publicKey(seed) {
		const { x } = createPublicKey(privateKey(seed)).export({ format: "jwk" });
		return Uint8Array.from(Buffer.from(x as string, "base64url"));
	},
	async sign(seed, message) {
		return Uint8Array.from(sign(null, message, privateKey(seed)));
	},
};

/** The seed behind the fixed beginning of its PKCS #8 form (RFC 8410 §7). */
function privateKey(seed: Uint8Array): KeyObject {
	const prefix = Buffer.from("302e020100300506032b657004220420", "hex");
	return createPrivateKey({ key: Buffer.concat([prefix, seed]), format: "der", type: "pkcs8" });
}
