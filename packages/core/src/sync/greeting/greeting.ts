/**
 * What may come before the session on a connection to a server: it tells the key that `directory` is wrapped for, and takes a tenant to keep.
 * Each side knows the other's signing key by then, and nobody else reads along. Source: docs/sync.md, "The conversation on the wire".
 */
import { FormatError, MindooError, VerifyError } from "../../errors.js";
import type { Duplex } from "../../transport.js";
import { FirstMessages, sendMessage } from "./first-messages.js";

/** A server, as far as it greets. */
export interface Greeter {
	/** SPKI DER. */
	readonly encryptionKey: Uint8Array;
	/** Takes the channel's tenant. What it throws the other side is told, if it is a `MindooError`. */
	readonly keep: (request: Uint8Array) => Promise<void>;
}

/** Why a connection is ended before a session, in a word that tells a stranger nothing. */
export interface Ending {
	readonly reason: "unknown" | "limit";
	/** Whether it makes sense to come again. @default false */
	readonly retry?: boolean;
	/** Milliseconds to wait before that. @default 0 */
	readonly after?: number;
}

/** Messages before the session: more than one introduction and one request nobody needs. */
const mostMessages = 4;

/**
 * The server's side.
 * @returns the connection from the first message of a session on. @throws {MindooError} when the other side's request was refused, after
 * it was told so; the connection is closed then. @throws {TransportError}
 */
export async function greet(duplex: Duplex, { encryptionKey, keep }: Greeter): Promise<Duplex> {
	const messages = new FirstMessages(duplex);
	for (let i = 0; ; i++) {
		const message = await messages.next(["introduce", "keepTenant"]);
		if (message === undefined) return messages.rest();
		if (i >= mostMessages) throw new FormatError("greeting: too many messages", { code: "limit" });
		if (message.case === "introduce") await sendMessage(duplex, { case: "introduced", value: { encryptionKey } });
		if (message.case === "keepTenant") {
			const refusal = await refusalOf(keep, message.value.request);
			await sendMessage(duplex, { case: "tenantKept", value: { refusal: refusal?.words ?? "" } });
			if (refusal === undefined) continue;
			await duplex.close();
			throw refusal.error;
		}
	}
}

/** @returns `undefined` when the tenant is kept. */
async function refusalOf(keep: Greeter["keep"], request: Uint8Array) {
	try {
		await keep(request);
		return undefined;
	} catch (error) {
		return { error, words: error instanceof MindooError ? error.message : "the request could not be carried out" };
	}
}

/**
 * Has a server keep the channel's tenant.
 * @param duplex a channel to the server's key, for the tenant. @param makeRequest gets the server's encryption key, SPKI DER.
 * @returns the connection, on which a session can begin. @throws {VerifyError} `trust` with the server's reason when it refuses.
 */
export async function askToKeep(
	duplex: Duplex,
	makeRequest: (encryptionKey: Uint8Array) => Promise<Uint8Array>,
): Promise<Duplex> {
	const messages = new FirstMessages(duplex);
	const answer = async (sent: Promise<void>) => {
		// A server that has had enough may have said so before.
		sent.catch(() => undefined);
		const message = await messages.next(["introduced", "tenantKept", "close"]);
		if (message?.case === "close") throw new VerifyError(`the server refuses: ${printable(message.value.reason)}`);
		if (message?.case === "tenantKept" && message.value.refusal !== "") {
			throw new VerifyError(`the server refuses: ${printable(message.value.refusal)}`);
		}
		if (message === undefined) throw new FormatError("greeting: expected an answer");
		return message;
	};
	const introduced = await answer(sendMessage(duplex, { case: "introduce", value: {} }));
	if (introduced.case !== "introduced") throw new FormatError("greeting: expected the server's key");
	const request = await makeRequest(introduced.value.encryptionKey.slice());
	if ((await answer(sendMessage(duplex, { case: "keepTenant", value: { request } }))).case !== "tenantKept")
		throw new FormatError("greeting: expected an answer to the request");
	return messages.rest();
}

/** Says why and closes. Never throws. */
export async function dismiss(duplex: Duplex, { reason, retry = false, after = 0 }: Ending): Promise<void> {
	await sendMessage(duplex, { case: "close", value: { reason, retry, after } }).catch(() => undefined);
	await duplex.close();
}

/** A server's words for people: one line of them. */
function printable(text: string): string {
	return text.replace(/\p{C}/gu, " ").slice(0, 200);
}
