/** What records say of entries besides payload and signature: less than half of a record is read, and nothing is hashed. */
import { entryTypes } from "../entry/header.js";
import { MindooError } from "../errors.js";
import { Unpacker } from "./packing.js";
import type { ReaderEnv, RecordRow } from "./reading.js";
import { decodeRecordHead, headBytes, skipDocId, unpackHashes } from "./record.js";
import type { EntryOutline } from "./store.js";

interface DecodedOutline extends Omit<EntryOutline, "shared"> {
	readonly context: number;
}

/** In the order given. Stubs, entries of unknown versions and damaged records are left out. */
export async function readOutlines({ contexts }: ReaderEnv, rows: readonly RecordRow[]): Promise<EntryOutline[]> {
	const decoded = rows.flatMap(({ arrival, value }) => (value === undefined ? [] : (decode(arrival, value) ?? [])));
	const known = await contexts.getMany(decoded.map(({ context }) => context));
	return decoded.flatMap(({ context, ...outline }) => {
		const shared = known.get(context);
		return shared === undefined ? [] : { ...outline, shared };
	});
}

function decode(arrival: number, value: Uint8Array): DecodedOutline | undefined {
	try {
		const { kind, hash, createdAt } = decodeRecordHead(value);
		if (kind !== "entry") return undefined;
		const unpacker = new Unpacker(value, headBytes);
		const context = unpacker.uint();
		const entryType = entryTypes[unpacker.uint()];
		if (entryType === undefined) return undefined;
		skipDocId(unpacker);
		return { arrival, hash, entryType, createdAt, dependencyHashes: unpackHashes(unpacker), context };
	} catch (error) {
		if (error instanceof MindooError) return undefined;
		throw error;
	}
}
