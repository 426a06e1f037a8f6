/**
 * The identity row: CBOR[format version, store id (16 bytes), tenantRoot, dbId].
 *
 * A store that an earlier version of the format wrote is upgraded when it is opened, version by version, each in one batch that
 * also moves the version; one of a later version is refused untouched.
 */
import { type CborValue, decodeCbor, encodeCbor } from "../bytes/cbor.js";
import { fromHex, toHex } from "../bytes/hex.js";
import type { Random } from "../crypto/crypto.js";
import { StoreError } from "../errors.js";
import { metaKeys } from "./row-keys.js";
import type { RowWrite } from "./rows.js";
import type { StoreIdentity } from "./store.js";
import type { Table } from "./table.js";

export const storeFormatVersion = 3;

/** Turns the rows of version `from` into those of version `from + 1`: the writes of one batch. */
export interface StoreUpgrade {
	readonly from: number;
	readonly rows: (table: Table) => Promise<readonly RowWrite[]>;
}

/**
 * Version 2 keeps the stubs of what was purged. A purge under version 1 left places alone: they stay what they are. Version 3 has payloads
 * in packs. What lies in rows stays there.
 */
const storeUpgrades: readonly StoreUpgrade[] = [
	{ from: 1, rows: async () => [] },
	{ from: 2, rows: async () => [] },
];

export interface IdentityOptions {
	readonly random: Random;
	readonly tenantRoot: string;
	readonly dbId: string;
	/** @default those to the newest version */
	readonly upgrades?: readonly StoreUpgrade[];
	/** Version that this code reads and writes. @default storeFormatVersion */
	readonly version?: number;
}

/**
 * Reads the identity of a store, makes it in an empty one, upgrades an older one.
 * @throws {StoreError} `store-version`, `store-damaged`, or `store-io` when the store holds another database.
 */
export async function openIdentity(table: Table, options: IdentityOptions): Promise<StoreIdentity> {
	const { random, tenantRoot, dbId, version = storeFormatVersion, upgrades = storeUpgrades } = options;
	const row = await table.get(metaKeys.identity);
	if (row === undefined) {
		const identity = { storeId: toHex(random.randomBytes(16)), tenantRoot, dbId };
		await table.write([identityRow(version, identity)], true);
		return identity;
	}
	const found = decodeIdentity(row, version);
	if (found.tenantRoot !== tenantRoot || found.dbId !== dbId) {
		throw new StoreError("store: holds another database than expected", { code: "store-io", field: "dbId" });
	}
	const { version: from, ...identity } = found;
	if (from < version) await upgrade(table, identity, from, version, upgrades);
	return identity;
}

async function upgrade(
	table: Table,
	identity: StoreIdentity,
	from: number,
	to: number,
	upgrades: readonly StoreUpgrade[],
): Promise<void> {
	for (let version = from; version < to; version++) {
		const step = upgrades.find((each) => each.from === version);
		if (step === undefined) throw versionError(version, to);
		await table.write([...(await step.rows(table)), identityRow(version + 1, identity)], true);
	}
}

function versionError(from: number, to: number): StoreError {
	return new StoreError(`store: no way leads from format version ${from} to ${to}`, {
		code: "store-version",
		expected: to,
		found: from,
	});
}

function identityRow(version: number, identity: StoreIdentity): RowWrite {
	const value = encodeCbor([version, fromHex(identity.storeId, 16), fromHex(identity.tenantRoot, 32), identity.dbId]);
	return { type: "put", key: metaKeys.identity, value };
}

/** The version comes first and alone decides how the rest is read. */
function decodeIdentity(row: Uint8Array, newest: number): StoreIdentity & { readonly version: number } {
	let items: CborValue;
	try {
		items = decodeCbor(row);
	} catch (cause) {
		throw new StoreError("store: the identity row cannot be read", { code: "store-damaged", cause });
	}
	const [version, storeId, tenantRoot, dbId] = Array.isArray(items) ? (items as readonly CborValue[]) : [];
	if (typeof version === "number" && version > newest) {
		throw new StoreError(`store: written by format version ${version}, this program knows up to ${newest}`, {
			code: "store-version",
			expected: newest,
			found: version,
		});
	}
	if (
		typeof version !== "number" ||
		!(storeId instanceof Uint8Array) ||
		!(tenantRoot instanceof Uint8Array) ||
		typeof dbId !== "string"
	) {
		throw new StoreError("store: the identity row cannot be read", { code: "store-damaged" });
	}
	return { version, storeId: toHex(storeId), tenantRoot: toHex(tenantRoot), dbId };
}
