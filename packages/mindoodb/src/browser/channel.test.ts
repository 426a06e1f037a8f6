import { Channel, type Crypto, createChannelIdentity, toHex } from "@mindoodb/core";
import { describe, expect, it } from "vitest";
import { nodeCrypto } from "../node/crypto.js";
import { webCrypto } from "./crypto.js";
import { composeX25519, nobleX25519 } from "./x25519.js";

const web = await webCrypto();
const kinds: readonly { readonly name: string; readonly crypto: Crypto }[] = [
	{ name: "node", crypto: nodeCrypto() },
	{ name: "web", crypto: web },
	{ name: "web with noble's X25519", crypto: { ...web, ...composeX25519(nobleX25519()) } },
];
const pairs = kinds.flatMap((from) => kinds.map((to) => ({ from, to })));

describe("a channel", () => {
	it.each(pairs)("from $from.name to $to.name", async ({ from, to }) => {
		const [near, far] = await Promise.all(
			[from, to].map(async ({ crypto }) => {
				const key = await crypto.importSigningKey((await crypto.generateSigningKeyPair()).privateKey);
				const env = { crypto, random: crypto };
				return { env, identity: await createChannelIdentity(env, key) };
			}),
		);
		if (near === undefined || far === undefined) throw new Error("two sides");
		const initiator = Channel.initiate({ ...near, tenantRoot: "11".repeat(32) });
		const responder = Channel.accept(far);
		await responder.start();
		const { reply } = await responder.receive(await initiator.start());
		const last = (await initiator.receive(reply)).reply;
		await responder.receive(last);
		expect(initiator.established?.peer).toBe(toHex(far.identity.signingKey.publicKey));
		expect(responder.established?.peer).toBe(toHex(near.identity.signingKey.publicKey));
		for (const [writer, reader] of [
			[initiator, responder],
			[responder, initiator],
		] as const) {
			const bytes = from.crypto.randomBytes(200_000);
			const read = (await reader.receive(await writer.encrypt(bytes))).plaintext;
			expect(toHex(Uint8Array.from(read.flatMap((piece) => [...piece])))).toBe(toHex(bytes));
		}
	});
});
