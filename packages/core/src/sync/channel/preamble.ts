/**
 * What the initiator sends in clear before the first Noise message.
 *
 * | offset | size | meaning                                              |
 * |--------|------|------------------------------------------------------|
 * | 0      | 1    | 01: a handshake with proofs; 02: one with a ticket   |
 * | 1      | 32   | 01: tenantRoot                                       |
 * | 1      | 16   | 02: id of the ticket                                 |
 */
import { concatBytes } from "../../bytes/concat.js";
import { fromHex } from "../../bytes/hex.js";
import { encodeUtf8 } from "../../bytes/text.js";
import { FormatError } from "../../errors.js";

export const preambleKinds = { full: 1, resume: 2 } as const;
export const ticketIdLength = 16;
const rootLength = 32;

/** @param tenantRoot hex. @throws {FormatError} unless it has 32 bytes. */
export function fullPreamble(tenantRoot: string): Uint8Array {
	return concatBytes(Uint8Array.of(preambleKinds.full), fromHex(tenantRoot, rootLength));
}

/** @param ticketId 16 bytes. */
export function resumePreamble(ticketId: Uint8Array): Uint8Array {
	return concatBytes(Uint8Array.of(preambleKinds.resume), ticketId);
}

/** How many bytes follow the first one. @throws {FormatError} `unsupported` when it is none that this version knows. */
export function preambleRest(kind: number): number {
	if (kind === preambleKinds.full) return rootLength;
	if (kind === preambleKinds.resume) return ticketIdLength;
	throw new FormatError("channel: expected a preamble of version 1", { code: "unsupported", found: kind });
}

/** What both sides put under the handshake first, so that a changed preamble lets it fail. */
export function prologueOf(preamble: Uint8Array): Uint8Array {
	return concatBytes(encodeUtf8("mindoodb/1/noise"), Uint8Array.of(0), preamble);
}
