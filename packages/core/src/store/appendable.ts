import { linkOf, type StoredEntry } from "../entry/entry.js";
import { UsageError, VerifyError } from "../errors.js";
import { mayBeStaged } from "./record.js";
import type { StoreIdentity } from "./store.js";

/** @throws {VerifyError} `wrong-database`. @throws {UsageError} for an entry whose payload is neither with it nor staged. */
export function checkAppendable(entries: readonly StoredEntry[], identity: StoreIdentity): void {
	const { tenantRoot, dbId } = identity;
	for (const entry of entries) {
		const link = linkOf(entry);
		if (link.tenantRoot !== tenantRoot || link.dbId !== dbId) {
			throw new VerifyError("store: the entry belongs to another tenant or database", {
				code: "wrong-database",
				hash: entry.hash,
			});
		}
		if (entry.kind === "entry" && entry.payload === undefined && !mayBeStaged(entry)) {
			throw new UsageError("store: expected an entry with its payload, found none", { hash: entry.hash });
		}
	}
}
