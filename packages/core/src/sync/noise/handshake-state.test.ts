import { nodeCrypto } from "mindoodb";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { CipherState } from "./cipher-state.js";
import { HandshakeState, type Transport } from "./handshake-state.js";
import published from "./noise.vectors.json" with { type: "json" };
import { type Pattern, patternNNpsk0, patternXX } from "./patterns.js";

const crypto = nodeCrypto();
const nothing = new Uint8Array(0);
const patterns: readonly Pattern[] = [patternXX, patternNNpsk0];

interface Vector {
	readonly protocolName: string;
	readonly prologue: string;
	readonly initiatorStatic?: string;
	readonly responderStatic?: string;
	readonly psk?: string;
	readonly initiatorEphemeral: string;
	readonly responderEphemeral: string;
	readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

async function startBoth(vector: Vector): Promise<readonly [HandshakeState, HandshakeState]> {
	const pattern = patterns.find(({ protocolName }) => protocolName === vector.protocolName) as Pattern;
	const start = async (initiator: boolean) => {
		const ephemeral = initiator ? vector.initiatorEphemeral : vector.responderEphemeral;
		const staticKey = initiator ? vector.initiatorStatic : vector.responderStatic;
		return HandshakeState.start({
			crypto,
			random: { randomBytes: () => fromHex(ephemeral) },
			pattern,
			initiator,
			prologue: fromHex(vector.prologue),
			...(staticKey === undefined ? {} : { staticKey: await crypto.importAgreementKey(fromHex(staticKey)) }),
			...(vector.psk === undefined ? {} : { psk: fromHex(vector.psk) }),
		});
	};
	return [await start(true), await start(false)];
}

async function encrypt({ outgoing }: Transport, plaintext: Uint8Array): Promise<Uint8Array> {
	const target = new Uint8Array(plaintext.length + 16);
	await outgoing.encryptInto(target, plaintext, nothing);
	return target;
}

/** The state of the side that reads message `index` of the handshake, with everything before it exchanged, and that message. */
async function before(vector: Vector, index: number): Promise<readonly [HandshakeState, Uint8Array]> {
	const sides = await startBoth(vector);
	for (let i = 0; ; i++) {
		const [writer, reader] = i % 2 === 0 ? sides : [sides[1], sides[0]];
		const message = await writer.writeMessage(fromHex(vector.messages[i]?.payload ?? ""));
		if (i === index) return [reader, message];
		await reader.readMessage(message);
	}
}

const handshakeMessages = published.vectors.flatMap((vector) => {
	const count = patterns.find(({ protocolName }) => protocolName === vector.protocolName)?.messages.length ?? 0;
	return Array.from({ length: count }, (_, index) => ({ name: vector.protocolName, vector, index }));
});

describe("published vectors", () => {
	it.each(published.vectors)("$protocolName", async (vector) => {
		const sides = await startBoth(vector);
		const handshakes = vector.psk === undefined ? 3 : 2;
		let transports: readonly Transport[] = [];
		for (const [i, { payload, ciphertext }] of vector.messages.entries()) {
			const [from, to] = i % 2 === 0 ? [0, 1] : [1, 0];
			if (i < handshakes) {
				const message = await (sides[from] as HandshakeState).writeMessage(fromHex(payload));
				expect(toHex(message)).toBe(ciphertext);
				expect(toHex(await (sides[to] as HandshakeState).readMessage(message))).toBe(payload);
				continue;
			}
			if (i === handshakes) {
				expect(sides.map((side) => toHex(side.handshakeHash))).toEqual([vector.handshakeHash, vector.handshakeHash]);
				transports = await Promise.all(sides.map((side) => side.split()));
			}
			const message = await encrypt(transports[from] as Transport, fromHex(payload));
			expect(toHex(message)).toBe(ciphertext);
			expect(toHex((await transports[to]?.incoming.decrypt(message, nothing)) ?? nothing)).toBe(payload);
		}
	});

	it("are there for both protocols, with messages of both directions after the handshake", () => {
		expect(published.vectors.map((vector) => [vector.protocolName, vector.messages.length])).toEqual([
			["Noise_XX_25519_AESGCM_SHA256", 6],
			["Noise_NNpsk0_25519_AESGCM_SHA256", 6],
		]);
	});
});

describe("a handshake", () => {
	it.each(handshakeMessages)(
		"of $name refuses message $index with any byte changed where it can tell, and any part of it",
		async ({ vector, index }) => {
			const [reader, message] = await before(vector, index);
			expect(toHex(await reader.readMessage(message))).toBe(vector.messages[index]?.payload);
			for (let at = 0; at < message.length; at++) {
				// The first message of XX is in clear: a change shows when the next one does not open.
				if (vector.psk === undefined && index === 0) continue;
				const changed = message.slice();
				changed[at] = (changed[at] as number) ^ 0x10;
				const [side] = await before(vector, index);
				await expect(side.readMessage(changed)).rejects.toMatchObject({ code: "signature" });
			}
			for (const length of [0, 31, 32, 47, 48, 63, message.length - 1].filter((each) => each < message.length)) {
				const [side] = await before(vector, index);
				if (vector.psk === undefined && index === 0 && length >= 32) continue;
				await expect(side.readMessage(message.slice(0, length))).rejects.toMatchObject({
					name: /FormatError|VerifyError/,
				});
			}
		},
	);

	it("whose first message was changed on the way fails at the second", async () => {
		const vector = published.vectors[0] as Vector;
		for (const changed of [0, 31, 40]) {
			const [initiator, responder] = await startBoth(vector);
			const first = await initiator.writeMessage(fromHex("0102030405060708090a0b0c0d0e0f10"));
			first[changed] = (first[changed] as number) ^ 1;
			await responder.readMessage(first);
			await expect(initiator.readMessage(await responder.writeMessage(nothing))).rejects.toMatchObject({
				code: "signature",
			});
		}
	});

	it("fails when the two sides see another prologue or another pre-shared key", async () => {
		const vector = published.vectors[1] as Vector;
		for (const other of [
			{ ...vector, prologue: "00" },
			{ ...vector, psk: "00".repeat(32) },
		]) {
			const [initiator] = await startBoth(vector);
			const [, responder] = await startBoth(other);
			await expect(responder.readMessage(await initiator.writeMessage(nothing))).rejects.toMatchObject({
				code: "signature",
			});
		}
	});

	it("takes no ephemeral key of small order", async () => {
		for (const vector of published.vectors) {
			const [, responder] = await startBoth(vector);
			// The pre-shared key would not let a stranger come that far, so the attacker here has it.
			const attacker = await HandshakeState.start({
				crypto: { ...crypto, importAgreementKey: async () => ({ publicKey: new Uint8Array(32) }) },
				random: crypto,
				pattern: patterns.find(({ protocolName }) => protocolName === vector.protocolName) as Pattern,
				initiator: true,
				prologue: fromHex(vector.prologue),
				...(vector.psk === undefined ? {} : { psk: fromHex(vector.psk) }),
			});
			await responder.readMessage(await attacker.writeMessage(nothing));
			await expect(responder.writeMessage(nothing)).rejects.toMatchObject({ code: "signature" });
		}
	});

	it("takes messages in turn alone, and splits when it is done", async () => {
		const [initiator, responder] = await startBoth(published.vectors[0] as Vector);
		const outOfTurn = { code: "usage" };
		await expect(initiator.readMessage(new Uint8Array(96))).rejects.toMatchObject(outOfTurn);
		await expect(responder.writeMessage(nothing)).rejects.toMatchObject(outOfTurn);
		await expect(initiator.split()).rejects.toMatchObject(outOfTurn);
		await responder.readMessage(await initiator.writeMessage(nothing));
		await initiator.readMessage(await responder.writeMessage(nothing));
		await responder.readMessage(await initiator.writeMessage(nothing));
		await expect(initiator.writeMessage(nothing)).rejects.toMatchObject(outOfTurn);
		await expect(responder.readMessage(new Uint8Array(96))).rejects.toMatchObject(outOfTurn);
	});

	it("keeps to 65,535 bytes a message", async () => {
		const [initiator, responder] = await startBoth(published.vectors[0] as Vector);
		await expect(responder.readMessage(new Uint8Array(65_536))).rejects.toMatchObject({ code: "format" });
		await expect(initiator.writeMessage(new Uint8Array(65_504))).rejects.toMatchObject({ code: "usage" });
	});
});

describe("a cipher", () => {
	const key = new Uint8Array(32).fill(1);

	it("numbers messages in the order of the calls, and refuses them in another one, twice, or mirrored", async () => {
		const [writer, reader] = [new CipherState(crypto, key), new CipherState(crypto, key)];
		const messages = [0, 1, 2].map(() => new Uint8Array(17));
		await Promise.all(messages.map((target, i) => writer.encryptInto(target, Uint8Array.of(i), nothing)));
		const [first, second, third] = messages as [Uint8Array, Uint8Array, Uint8Array];
		await expect(reader.decrypt(second, nothing)).rejects.toMatchObject({ code: "signature" });
		expect(await reader.decrypt(first, nothing)).toEqual(Uint8Array.of(0));
		await expect(reader.decrypt(first, nothing)).rejects.toMatchObject({ code: "signature" });
		await expect(reader.decrypt(third, nothing)).rejects.toMatchObject({ code: "signature" });
		expect(await reader.decrypt(second, nothing)).toEqual(Uint8Array.of(1));
	});

	it("counts on through all four bytes, and stops at 2^32 messages", async () => {
		const [writer, reader] = [new CipherState(crypto, key, 2 ** 32 - 1), new CipherState(crypto, key, 2 ** 32 - 1)];
		const last = new Uint8Array(17);
		await writer.encryptInto(last, Uint8Array.of(7), nothing);
		const nonce = fromHex("0000000000000000ffffffff");
		expect(last).toEqual(await crypto.seal(key, nonce, Uint8Array.of(7), nothing));
		expect(await reader.decrypt(last, nothing)).toEqual(Uint8Array.of(7));
		const exhausted = { code: "transport", retryable: true };
		await expect(writer.encryptInto(last, Uint8Array.of(7), nothing)).rejects.toMatchObject(exhausted);
		await expect(reader.decrypt(concatBytes(last), nothing)).rejects.toMatchObject(exhausted);
	});
});
