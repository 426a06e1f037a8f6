// Values, keys and ciphertexts of the reference: C1 stringify, C2 keys, C3 encryption, C5 stored values, C7 an envelope.
import { createPublicKey, verify } from "node:crypto";
import {
	ConversationStorage,
	chunkKey,
	conversationKey,
	decodeStorageKey,
	decryptText,
	defaultStorageNonce,
	deriveSigningKeys,
	deriveStorageKey,
	deriveStorageKeys,
	encryptText,
	getSize,
	MemoryContainerStore,
	rootKey,
	sha256Text,
	storageKeyMessage,
	stringify,
} from "@mindoodb/formats/dm3";
import { nodeEd25519 } from "@mindoodb/formats/node";
import { crypto, each, throws, unknownParts } from "./dm3-cases.mjs";
import { jsValue } from "./dm3-js-values.mjs";
import { demandKnown, digest, mayRefuse, outcomeOf, realValue, textOf } from "./stand-ins.mjs";

/** @typedef {import("./stand-ins.mjs").Fields} Fields */
/** @typedef {import("./stand-ins.mjs").Comparison} Comparison */
/** @typedef {import("@mindoodb/formats/dm3").Envelope} Envelope */
/** @typedef {import("./dm3-cases.mjs").Work} Work */
/** @typedef {import("./dm3-cases.mjs").Works} Works */

/** @param {Fields} content @returns {Works} */
export function stringifyWorks(content) {
	return [
		...unknownParts(content, "cases", "jsValues"),
		...each(content.cases, "cases/", (fields) => {
			demandKnown(fields, "input*", "ok", "size");
			return compareText(JSON.parse(textOf(fields, "inputJson")), fields);
		}),
		...each(content.jsValues, "jsValues/", (fields) => {
			demandKnown(fields, "js", "ok", "size", "thrownString", "error");
			return compareText(jsValue(fields.js), fields);
		}),
	];
}

/** @param {unknown} value @param {Fields} fields @returns {Promise<Comparison[]>} */
async function compareText(value, fields) {
	const { value: text, error } = await outcomeOf(() => stringify(value));
	if (fields.ok === undefined) {
		const expected = fields.thrownString ?? fields.error;
		if (expected === undefined) throw new Error("nothing is expected");
		return [["error", expected, error?.message]];
	}
	/** @type {Comparison[]} */
	const compared = [["ok", realValue(fields.ok), text ?? String(error)]];
	if (fields.size !== undefined) compared.push(["size", fields.size, getSize(value)]);
	return compared;
}

/** @param {Fields} content @returns {Works} */
export function keyWorks(content) {
	const { storageKeyCreation: creation, profileKeys: profile, chain, sha256, loneSurrogate } = content;
	/** @type {[string, Work][]} */
	const works = [
		[
			"storageKeyCreation",
			() => {
				demandKnown(creation, "address", "walletPrivateKeyHex", "nonce", "message", "signature", "storageKey");
				return [
					["default nonce", creation.nonce, defaultStorageNonce],
					["message", creation.message, storageKeyMessage(creation.address, creation.nonce)],
					["storageKey", creation.storageKey, base64(deriveStorageKey(creation.signature))],
				];
			},
		],
		[
			"profileKeys",
			async () => {
				const fields = ["encryptionKeyPair", "signingKeyPair", "storageEncryptionKey", "storageEncryptionNonce"];
				demandKnown(profile, ...fields);
				const pair = await deriveSigningKeys(decodeStorageKey(profile.storageEncryptionKey), nodeEd25519);
				return [
					["storage key", profile.storageEncryptionKey, base64(deriveStorageKey(creation.signature))],
					["nonce", profile.storageEncryptionNonce, creation.nonce],
					["signingKeyPair", profile.signingKeyPair, pair],
				];
			},
		],
	];
	if (loneSurrogate !== undefined) {
		const text = loneSurrogate.textUtf16Units === undefined ? "\ud800" : textOf(loneSurrogate, "text");
		works.push(["loneSurrogate", async () => [["throws", true, await throws(() => sha256Text(text))]]]);
	}
	return [
		...unknownParts(content, "storageKeyCreation", "profileKeys", "chain", "sha256", "loneSurrogate"),
		...works,
		...each(sha256, "sha256/", async (fields) => {
			demandKnown(fields, "text*", "hash", "error", "loneSurrogate");
			const text = fields.loneSurrogate === undefined ? textOf(fields, "text") : "\ud800";
			if (fields.hash === undefined) return [["throws", true, await throws(() => sha256Text(text))]];
			return [["hash", fields.hash, sha256Text(text)]];
		}),
		...(chain ?? []).flatMap((/** @type {Fields} */ link) => chainWorks(link, creation.signature)),
	];
}

/** @param {Fields} link @param {string} walletSignature @returns {Works} */
function chainWorks(link, walletSignature) {
	const name = textOf(link, "ownEnsName");
	const keys = deriveStorageKeys(walletSignature, name, nodeEd25519);
	/** @type {Works} */
	const own = [
		[
			`chain/${name}`,
			async () => {
				demandKnown(link, "ownEnsName*", "signatureBase64", "rootKey", "listPage0Key_refOnly", "contacts");
				const { signature } = await keys;
				return [
					["signature", link.signatureBase64, signature],
					["rootKey", link.rootKey, rootKey(signature)],
				];
			},
		],
	];
	const contacts = each(link.contacts, `chain/${name}/`, async (fields) => {
		const list = "seedChunkKeys_derivedFromReferenceFunctions";
		demandKnown(fields, "contact*", "conversationKey", list, "refMessageChunkKeys");
		const conversation = conversationKey(rootKey((await keys).signature), textOf(fields, "contact"));
		/** @type {Comparison[]} */
		const compared = [["conversationKey", fields.conversationKey, conversation]];
		for (const chunk of fields[list] ?? []) {
			demandKnown(chunk, "identifier", "stringified", "key");
			compared.push(["stringified", chunk.stringified, stringify(chunk.identifier)]);
			compared.push(["chunk", chunk.key, chunkKey(conversation, chunk.identifier)]);
		}
		return compared;
	});
	return [...own, ...contacts];
}

/** @param {Fields} content @returns {Works} */
export function encryptionWorks(content) {
	const key = decodeStorageKey(content.keyBase64);
	return [
		...unknownParts(content, "keyBase64", "encrypt", "decrypt", "classNote"),
		...each(content.encrypt, "encrypt/", async (fields) => {
			demandKnown(fields, "plaintext*", "nonce", "ciphertextLength", "payloadText", "payloadSha256OfText", "tagHex");
			const plaintext = textOf(fields, "plaintext");
			const nonce = Uint8Array.from(Buffer.from(fields.nonce.slice(2), "hex"));
			const value = await encryptText(plaintext, key, { ...crypto, random: { randomBytes: () => nonce } });
			const ciphertext = Buffer.from(JSON.parse(value).ciphertext, "base64");
			/** @type {Comparison[]} */
			const compared = [["decrypts to", plaintext, await decryptText(value, key, crypto.aead)]];
			const { ciphertextLength, payloadText, payloadSha256OfText, tagHex } = fields;
			if (ciphertextLength !== undefined) compared.push(["length", ciphertextLength, ciphertext.length]);
			if (payloadText !== undefined) compared.push(["payload", payloadText, value]);
			if (payloadSha256OfText !== undefined) compared.push(["sha256", payloadSha256OfText, digest(value)]);
			if (tagHex !== undefined) compared.push(["tag", tagHex, ciphertext.subarray(-16).toString("hex")]);
			return compared;
		}),
		...each(content.decrypt, "decrypt/", async (fields) => {
			demandKnown(fields, "keyBase64", "payload", "outcome");
			demandKnown(fields.outcome, "ok", "error");
			const value = stringify(realValue(fields.payload));
			const given = Uint8Array.from(Buffer.from(fields.keyBase64, "base64"));
			const got = await outcomeOf(() => decryptText(value, given, crypto.aead));
			if (got.error !== undefined && mayRefuse(fields)) return [];
			if (fields.outcome.ok === undefined) return [["throws", true, got.error !== undefined]];
			return [["ok", realValue(fields.outcome.ok), got.value ?? String(got.error)]];
		}),
	];
}

/** @param {Fields} content @returns {Works} */
export function referenceWorks(content) {
	return [
		...unknownParts(content, "scenarios"),
		...each(content.scenarios, "", ({ finalStore }) =>
			Object.entries(finalStore)
				// A value of which only length and hash are given has no text to compare.
				.filter(([, value]) => typeof value === "string")
				.map(([key, value]) => [key, value, stringify(JSON.parse(value))]),
		),
	];
}

/** @param {Fields} content @returns {Works} */
export function envelopeWorks(content) {
	const { message, messageSignatureInput, messageSignatureValid, messageHash, transport, transportSize } = content;
	return [
		...unknownParts(
			content,
			"sender*",
			"message*",
			"getId",
			"transport*",
			"deliveryInformation",
			"receiverDecrypts",
			"keys",
		),
		[
			"signature",
			() => {
				const { signature, ...signed } = message;
				const key = createPublicKey({
					key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(content.senderSigning, "base64").toString("base64url") },
					format: "jwk",
				});
				const text = stringify(signed);
				const valid = verify(null, Buffer.from(text), key, Buffer.from(signature, "base64"));
				return [
					["input", messageSignatureInput, text],
					["valid", messageSignatureValid, valid],
				];
			},
		],
		["messageHash", () => [["hash", messageHash, sha256Text(stringify(message))]]],
		["transportSize", () => [["size", transportSize, getSize(transport)]]],
		...["senderStores", "receiverDecrypts"].map((form) => /** @type {const} */ ([form, () => survives(content[form])])),
	];
}

/** @param {Envelope} envelope @returns {Promise<Comparison[]>} */
async function survives(envelope) {
	const keys = { storageKey: new Uint8Array(32).fill(7), signature: "signature" };
	const storage = new ConversationStorage({ store: new MemoryContainerStore(), keys, crypto });
	await storage.append("bob.eth", envelope);
	const [reading] = await storage.readConversation("bob.eth");
	return [["envelope", stringify([envelope]), stringify(reading?.messages ?? [])]];
}

/** @param {Uint8Array} bytes */
const base64 = (bytes) => Buffer.from(bytes).toString("base64");
