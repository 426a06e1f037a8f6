import { concatBytes } from "../../bytes/concat.js";
import { toHex } from "../../bytes/hex.js";
import { VerifyError } from "../../errors.js";
import { HandshakeState } from "../noise/handshake-state.js";
import { patternNNpsk0, patternXX } from "../noise/patterns.js";
import {
	type Established,
	framed,
	type Handshake,
	type HandshakeEnv,
	messageLengths,
	nothing,
	type Step,
	takeLength,
	takeMessage,
	unexpectedLength,
} from "./handshake.js";
import { fullPreamble, prologueOf, resumePreamble } from "./preamble.js";
import { checkProof, makeProof } from "./proof.js";
import type { Ticket } from "./ticket-book.js";

export interface InitiateOptions extends HandshakeEnv {
	/** Tenant to speak about; hex. */
	readonly tenantRoot: string;
	/** Signing keys that the responder may have, hex; without them any, and the caller decides by what the directory says of it. */
	readonly expect?: readonly string[];
}

/** The initiator's side: with a ticket where there is one and the responder still knows it, with proofs else. */
export async function* initiate(options: InitiateOptions): Handshake {
	const { identity, tickets, tenantRoot, expect } = options;
	const ticket = tickets?.recall(toHex(identity.signingKey.publicKey), tenantRoot, expect);
	const resumed = ticket === undefined ? undefined : yield* resume(options, ticket);
	return resumed ?? (yield* prove(options));
}

/** @returns `undefined` when the responder does not know the ticket. */
async function* resume(
	{ env, tenantRoot }: InitiateOptions,
	ticket: Ticket,
): AsyncGenerator<Step, Established | undefined, Uint8Array> {
	const preamble = resumePreamble(ticket.id);
	const noise = await HandshakeState.start({
		...env,
		pattern: patternNNpsk0,
		initiator: true,
		prologue: prologueOf(preamble),
		psk: ticket.secret,
	});
	const length = yield* takeLength(concatBytes(preamble, framed(await noise.writeMessage(nothing))));
	if (length === 0) return undefined;
	if (length !== messageLengths.resumption) throw unexpectedLength(messageLengths.resumption, length);
	await noise.readMessage(yield { send: nothing, want: length });
	return { ...(await noise.split()), send: nothing, peer: ticket.peer, tenantRoot, resumed: true };
}

async function* prove({ env, identity, tenantRoot, expect }: InitiateOptions): Handshake {
	const preamble = fullPreamble(tenantRoot);
	const noise = await HandshakeState.start({
		...env,
		pattern: patternXX,
		initiator: true,
		prologue: prologueOf(preamble),
		staticKey: identity.staticKey,
	});
	const first = concatBytes(preamble, framed(await noise.writeMessage(nothing)));
	const proof = await noise.readMessage(yield* takeMessage(first, messageLengths.second));
	const peer = await checkProof(env.crypto, proof, "responder", tenantRoot, noise.remoteStatic ?? nothing);
	// Before this side's own key is told to whoever answered.
	if (expect?.includes(peer) === false) throw new VerifyError("channel: the other side has another key than expected");
	const send = framed(await noise.writeMessage(await makeProof(env.crypto, identity, "initiator", tenantRoot)));
	return { ...(await noise.split()), send, peer, tenantRoot, resumed: false };
}
