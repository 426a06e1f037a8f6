/** What stands in a message of a handshake (Noise framework, revision 34, §7.1, and §9.3 for `psk`). */
export type Token = "e" | "s" | "ee" | "es" | "se" | "psk";

export interface Pattern {
	readonly protocolName: string;
	/** Messages in turn, the initiator's first. */
	readonly messages: readonly (readonly Token[])[];
}

/** §7.5: both sides send a static key, encrypted. */
export const patternXX: Pattern = {
	protocolName: "Noise_XX_25519_AESGCM_SHA256",
	messages: [["e"], ["e", "ee", "s", "es"], ["s", "se"]],
};

/** §9.4: both sides know a key of 32 bytes, and have no static ones. */
export const patternNNpsk0: Pattern = {
	protocolName: "Noise_NNpsk0_25519_AESGCM_SHA256",
	messages: [
		["psk", "e"],
		["e", "ee"],
	],
};
