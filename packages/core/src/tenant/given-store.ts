import { UsageError } from "../errors.js";
import type { LocalStore, StoreIdentity } from "../store/store.js";

/** @throws {UsageError} when the store holds something else than the database that is to be opened over it. */
export async function checkGivenStore(
	store: LocalStore | undefined,
	{ tenantRoot, dbId }: Pick<StoreIdentity, "tenantRoot" | "dbId">,
): Promise<void> {
	const found = await store?.identity();
	if (found === undefined || (found.tenantRoot === tenantRoot && found.dbId === dbId)) return;
	throw new UsageError("the store given holds another tenant or database", { field: "docStore" });
}
