/**
 * What a run of changes has to keep to before it counts. Source: docs/entry-format.md, "Payload" and "Automerge, kept on a leash".
 */
import { fromHex, toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import type { Entry } from "../entry/entry.js";
import type { HeaderFields } from "../entry/header.js";
import { contentTag, openPayload } from "../entry/payload.js";
import { FormatError } from "../errors.js";
import type { TenantSubkeys } from "../keys/subkeys.js";
import { actorPrefix } from "./actor.js";
import type { CausalIndex } from "./causal-index.js";
import { type ChangeRule, checkRunForm, readRun } from "./change-check.js";
import type { DecodedChange } from "./change-chunk.js";
import { hashedFrom } from "./change-head.js";
import { decodeRun } from "./run.js";

/** Why a run can never count. */
export type RunFault = "run" | "actor" | "change" | "operations";

/** A run that was opened, `unfit` when the payload is not what the header promised, or the reason why it can never count. */
export type OpenedRun =
	| { readonly kind: "run"; readonly changes: readonly DecodedChange[] }
	| { readonly kind: "unfit" }
	| { readonly kind: "refused"; readonly reason: RunFault };

/** Decrypts a create, change or delete, reads its changes, and compares the last one with `contentTag`. */
export async function openRun(
	crypto: Crypto,
	place: { readonly dbId: string; readonly docId: string },
	entry: Entry,
	fields: HeaderFields,
	subkeys: TenantSubkeys,
): Promise<OpenedRun> {
	if (entry.payload === undefined) return { kind: "unfit" };
	const key = await subkeys.documentKey(place.dbId, place.docId);
	const plaintext = await openFitting(crypto, fields, entry.payload, key);
	if (plaintext === undefined) return { kind: "unfit" };
	if (fields.entryType === "doc_delete") return { kind: "run", changes: [] };
	const run = await readRun(crypto, plaintext);
	if (!run.ok) return { kind: "refused", reason: reasonOf(run.rule) };
	const last = run.changes.at(-1) as DecodedChange;
	const tagKey = await subkeys.contentTagKey(place.dbId, place.docId);
	if ((await contentTag(crypto, tagKey, last.hash)) !== fields.contentTag) return { kind: "unfit" };
	return { kind: "run", changes: run.changes };
}

/** Changes of a run, for Automerge. */
export interface AcceptedRun {
	readonly changes: readonly Uint8Array[];
	/** Hash of the last one. */
	readonly last: string;
}

/**
 * As `openRun`, for a create or change that was accepted before: the same bytes keep to the same rules, so no operation is read.
 * @returns `undefined` when the payload is not what the header promised.
 */
export async function openAcceptedRun(
	crypto: Crypto,
	place: { readonly dbId: string; readonly docId: string },
	{ payload }: Entry,
	fields: HeaderFields,
	subkeys: TenantSubkeys,
): Promise<AcceptedRun | undefined> {
	if (payload === undefined) return undefined;
	const plaintext = await openFitting(crypto, fields, payload, await subkeys.documentKey(place.dbId, place.docId));
	if (plaintext === undefined) return undefined;
	let changes: readonly Uint8Array[];
	try {
		changes = decodeRun(plaintext);
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
	const last = toHex(await crypto.sha256((changes.at(-1) as Uint8Array).subarray(hashedFrom)));
	const tag = await contentTag(crypto, await subkeys.contentTagKey(place.dbId, place.docId), last);
	return tag === fields.contentTag ? { changes, last } : undefined;
}

/** What a run is checked against. */
export interface Surroundings {
	readonly causal: CausalIndex;
	/** Hash of the accepted entry whose last change this is. */
	readonly entryOfChange: (change: string) => string | undefined;
	readonly isDelete: (hash: string) => boolean;
}

/** @returns why the run does not count, `undefined` when it does. Adds nothing to the index. */
export async function checkRun(
	crypto: Crypto,
	changes: readonly DecodedChange[],
	fields: HeaderFields,
	{ causal, entryOfChange, isDelete }: Surroundings,
): Promise<RunFault | undefined> {
	const form = checkRunForm(changes, await actorPrefix(crypto, fromHex(fields.createdByPublicKey, 32)));
	if (!form.ok) return reasonOf(form.rule);
	const [first] = changes as [DecodedChange];
	const builtOn = fields.dependencyHashes.filter((hash) => !isDelete(hash));
	const stated = new Set(builtOn);
	const named = new Set(first.deps.map(entryOfChange));
	if (stated.size !== named.size || [...named].some((hash) => hash === undefined || !stated.has(hash))) return "change";
	const past = causal.checkRun(changes);
	return past.ok ? undefined : reasonOf(past.rule);
}

async function openFitting(
	crypto: Crypto,
	fields: HeaderFields,
	payload: Uint8Array,
	key: Uint8Array,
): Promise<Uint8Array | undefined> {
	try {
		return await openPayload(crypto, fields, payload, key);
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}

function reasonOf(rule: ChangeRule): RunFault {
	switch (rule) {
		case "run":
			return "run";
		case "actor":
			return "actor";
		case "d":
			return "operations";
		default:
			return "change";
	}
}
