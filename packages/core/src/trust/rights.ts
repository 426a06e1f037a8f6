/**
 * Grants and revocations of keys, by key: once for members, once for administrators. Holds only what counts.
 * Source: docs/trust.md, rules 3 and 4.
 */
import type { CausalOrder } from "./causal-order.js";
import type { AcceptedRuns } from "./form-codecs.js";

/** A revocation that counts. */
export interface CountedRevocation {
	/** Number in the causal order. */
	readonly index: number;
	readonly hash: string;
	readonly accepted: AcceptedRuns;
}

/** How a key stands in a causal past. */
export type Standing =
	| { readonly kind: "granted" }
	| { readonly kind: "not-granted" }
	/** That past holds a revocation and no grant after it. */
	| { readonly kind: "revoked-before"; readonly by: string }
	/** These apply from outside that past: their runs decide. Sorted by hash. */
	| { readonly kind: "revoked"; readonly by: readonly CountedRevocation[] };

const granted: Standing = { kind: "granted" };
const notGranted: Standing = { kind: "not-granted" };

interface KeyRights {
	readonly grants: Set<number>;
	readonly revocations: Map<number, CountedRevocation>;
}

export class Rights {
	readonly #order: CausalOrder;
	readonly #keys = new Map<string, KeyRights>();

	constructor(order: CausalOrder) {
		this.#order = order;
	}

	grant(key: string, index: number): void {
		this.#of(key).grants.add(index);
	}

	withdrawGrant(key: string, index: number): void {
		this.#of(key).grants.delete(index);
	}

	revoke(key: string, revocation: CountedRevocation): void {
		this.#of(key).revocations.set(revocation.index, revocation);
	}

	withdrawRevocation(key: string, index: number): void {
		this.#of(key).revocations.delete(index);
	}

	/** Keys that a grant or a revocation ever named. */
	keys(): Iterable<string> {
		return this.#keys.keys();
	}

	/** Numbers of the grants of a key. */
	grantsOf(key: string): ReadonlySet<number> {
		return this.#keys.get(key)?.grants ?? nothing;
	}

	hasRevocations(key: string): boolean {
		return (this.#keys.get(key)?.revocations.size ?? 0) > 0;
	}

	/**
	 * O(grants × heads) for a key that was never revoked: a microsecond.
	 * @param past numbers of the heads of the past that the author knew.
	 * @param born whether the key needs no grant: the root key.
	 */
	standing(key: string, past: readonly number[], born = false): Standing {
		const rights = this.#keys.get(key);
		if (rights === undefined) return born ? granted : notGranted;
		if (!born && !this.#some(rights.grants, past)) return notGranted;
		if (rights.revocations.size === 0) return granted;
		return this.#againstRevocations(rights, past);
	}

	/** A revocation applies unless that past holds a grant that has the revocation in its own past. */
	#againstRevocations({ grants, revocations }: KeyRights, past: readonly number[]): Standing {
		const applying: CountedRevocation[] = [];
		let before: string | undefined;
		for (const revocation of revocations.values()) {
			let lifted = false;
			for (const grant of grants) {
				lifted ||= this.#order.isInPast(revocation.index, [grant]) && this.#order.isInPast(grant, past);
			}
			if (lifted) continue;
			applying.push(revocation);
			// The lowest hash, so that the answer does not depend on the order of arrival.
			if (this.#order.isInPast(revocation.index, past) && (before === undefined || revocation.hash < before)) {
				before = revocation.hash;
			}
		}
		if (before !== undefined) return { kind: "revoked-before", by: before };
		if (applying.length === 0) return granted;
		return { kind: "revoked", by: applying.sort((a, b) => (a.hash < b.hash ? -1 : 1)) };
	}

	#some(grants: ReadonlySet<number>, past: readonly number[]): boolean {
		for (const grant of grants) if (this.#order.isInPast(grant, past)) return true;
		return false;
	}

	#of(key: string): KeyRights {
		let rights = this.#keys.get(key);
		if (rights === undefined) {
			rights = { grants: new Set(), revocations: new Map() };
			this.#keys.set(key, rights);
		}
		return rights;
	}
}

const nothing: ReadonlySet<number> = new Set();
