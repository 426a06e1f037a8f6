import { concatBytes } from "../../bytes/concat.js";
import { toHex } from "../../bytes/hex.js";
import { FormatError } from "../../errors.js";
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
	takeMessage,
} from "./handshake.js";
import { preambleKinds, preambleRest, prologueOf } from "./preamble.js";
import { checkProof, makeProof } from "./proof.js";

/**
 * The responder's side. It goes through the whole handshake whatever tenant it is asked for: whether it keeps that one, a stranger
 * does not learn.
 */
export async function* accept(options: HandshakeEnv): Handshake {
	const preamble = yield* takePreamble(nothing);
	if (preamble[0] === preambleKinds.full) return yield* prove(options, preamble);
	const resumed = yield* resume(options, preamble);
	if (resumed !== undefined) return resumed;
	// An empty message: no Noise message is that short.
	const second = yield* takePreamble(framed(nothing));
	if (second[0] !== preambleKinds.full) throw new FormatError("channel: expected a handshake with proofs");
	return yield* prove(options, second);
}

async function* takePreamble(send: Uint8Array): AsyncGenerator<Step, Uint8Array, Uint8Array> {
	const kind = (yield { send, want: 1 }).slice();
	return concatBytes(kind, yield { send: nothing, want: preambleRest(kind[0] as number) });
}

/** @returns `undefined` when there is no such ticket. One whose message does not open is used up too. */
async function* resume(
	{ env, identity, tickets }: HandshakeEnv,
	preamble: Uint8Array,
): AsyncGenerator<Step, Established | undefined, Uint8Array> {
	const message = yield* takeMessage(nothing, messageLengths.resumption);
	const ticket = tickets?.redeem(preamble.subarray(1), toHex(identity.signingKey.publicKey));
	if (ticket === undefined) return undefined;
	const noise = await HandshakeState.start({
		...env,
		pattern: patternNNpsk0,
		initiator: false,
		prologue: prologueOf(preamble),
		psk: ticket.secret,
	});
	await noise.readMessage(message);
	const send = framed(await noise.writeMessage(nothing));
	return { ...(await noise.split()), send, peer: ticket.peer, tenantRoot: ticket.tenantRoot, resumed: true };
}

async function* prove({ env, identity }: HandshakeEnv, preamble: Uint8Array): Handshake {
	const tenantRoot = toHex(preamble.subarray(1));
	const noise = await HandshakeState.start({
		...env,
		pattern: patternXX,
		initiator: false,
		prologue: prologueOf(preamble),
		staticKey: identity.staticKey,
	});
	await noise.readMessage(yield* takeMessage(nothing, messageLengths.first));
	const second = framed(await noise.writeMessage(await makeProof(env.crypto, identity, "responder", tenantRoot)));
	const proof = await noise.readMessage(yield* takeMessage(second, messageLengths.third));
	const peer = await checkProof(env.crypto, proof, "initiator", tenantRoot, noise.remoteStatic ?? nothing);
	return { ...(await noise.split()), send: nothing, peer, tenantRoot, resumed: false };
}
