import type { Crypto } from "../crypto/crypto.js";
import { FormatError } from "../errors.js";
import { isActorOf } from "./actor.js";
import { type DecodedChange, decodeChanges } from "./change-chunk.js";
import { decodeRun } from "./run.js";

/**
 * What a run breaks: `run` its form, `actor` the rule of the actor's prefix, letters those of docs/entry-format.md, `dependencies`
 * that something below it is not known. Rules (b) and (c) are told by `CausalIndex.checkRun`.
 */
export type ChangeRule = "run" | "actor" | "a" | "b" | "c" | "d" | "dependencies";

export type FormVerdict =
	| { readonly ok: true }
	| { readonly ok: false; readonly rule: ChangeRule; readonly message: string };

export type RunVerdict =
	| { readonly ok: true; readonly changes: readonly DecodedChange[] }
	| { readonly ok: false; readonly rule: ChangeRule; readonly message: string };

/** Reads the plaintext of a create or change entry: the form of the run, rules (a) and (d) for every change. */
export async function readRun(crypto: Pick<Crypto, "sha256Many">, plaintext: Uint8Array): Promise<RunVerdict> {
	let chunks: Uint8Array[];
	try {
		chunks = decodeRun(plaintext);
	} catch (error) {
		return { ok: false, rule: "run", message: messageOf(error) };
	}
	try {
		return { ok: true, changes: await decodeChanges(crypto, chunks) };
	} catch (error) {
		return { ok: false, rule: isLimit(error) ? "d" : "a", message: messageOf(error) };
	}
}

/**
 * Rules for a run that need no other run: time 0, no message, one actor of the author, and each change but the first on exactly
 * the one before.
 * @param prefix of the author's actors, see `actorPrefix`.
 */
export function checkRunForm(changes: readonly DecodedChange[], prefix: string): FormVerdict {
	let before: DecodedChange | undefined;
	for (const change of changes) {
		if (change.time !== 0) return broken("run", "expected changes with time 0");
		if (change.message) return broken("run", "expected changes without a message");
		if (!isActorOf(change.actor, prefix)) return broken("actor", "expected an actor of the entry's author");
		if (before !== undefined) {
			if (change.actor !== before.actor) return broken("run", "expected one actor in a run");
			if (change.deps.length !== 1 || change.deps[0] !== before.hash) {
				return broken("run", "expected each change to depend on the one before alone");
			}
		}
		before = change;
	}
	return { ok: true };
}

function broken(rule: ChangeRule, message: string): FormVerdict {
	return { ok: false, rule, message };
}

function messageOf(error: unknown): string {
	if (error instanceof FormatError) return error.message;
	throw error;
}

function isLimit(error: unknown): boolean {
	return error instanceof FormatError && error.code === "limit";
}
