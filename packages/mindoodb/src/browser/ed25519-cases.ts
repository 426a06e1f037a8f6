import { fromHex } from "@mindoodb/core";

/** A signature on which libraries differ, and what docs/entry-format.md says of it. */
export interface Ed25519Case {
	readonly publicKey: Uint8Array;
	readonly message: Uint8Array;
	readonly signature: Uint8Array;
	readonly valid: boolean;
}

const keys = {
	ordinary: "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
	mixedOrdinary: "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
	mixed: "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
};

/**
 * Cases 3 to 9 of ed25519-speccheck ("Taming the many EdDSAs", Chalkias, Garillot, Nikolaenko; Apache-2.0). Its points of small
 * order are left out: our own checks refuse them before the platform sees them.
 */
export function ed25519Cases(): readonly Ed25519Case[] {
	return [
		// A and R of mixed order, which the equation without cofactor takes.
		makeCase(
			keys.mixed,
			"9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
			"9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
			true,
		),
		// Holds with the cofactor alone.
		makeCase(
			keys.mixed,
			"e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
			"160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
			false,
		),
		// Holds when 8k is reduced before it is multiplied.
		makeCase(
			keys.mixed,
			"e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
			"21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
			false,
		),
		// S is not below the group order.
		makeCase(
			keys.ordinary,
			"85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
			"e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
			false,
		),
		// S is far above the group order.
		makeCase(
			keys.ordinary,
			"85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
			"8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
			false,
		),
		// R is not canonical; holds when R is reduced before it is hashed.
		makeCase(
			keys.mixedOrdinary,
			"9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
			"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f",
			false,
		),
		// R is not canonical; holds when R is hashed as it is.
		makeCase(
			keys.mixedOrdinary,
			"9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
			"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908",
			false,
		),
	];
}

function makeCase(publicKey: string, message: string, signature: string, valid: boolean): Ed25519Case {
	return { publicKey: fromHex(publicKey), message: fromHex(message), signature: fromHex(signature), valid };
}
