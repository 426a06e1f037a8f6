import { equalBytes } from "../bytes/compare.js";
import { encodeUtf8 } from "../bytes/text.js";
import { readFrame, readHead } from "./change-head.js";
import { readOperations } from "./change-operations.js";
import { valueTypes } from "./change-values.js";
import { ByteReader } from "./leb128.js";

/**
 * Whether a change sets a key of the root map to this value as it stands; text, which merges, is never such a value.
 * @param change a chunk that `decodeChanges` took.
 */
export function setsRootKey(change: Uint8Array, key: string, value: boolean | string): boolean {
	const reader = new ByteReader(readFrame(change).contents);
	let found = false;
	readOperations(reader, readHead(reader), ({ key: at, metadata, bytes }) => {
		if (at !== key) return;
		if (typeof value === "boolean") found ||= metadata === (value ? valueTypes.true : valueTypes.false);
		else found ||= metadata % 16 === valueTypes.string && equalBytes(bytes, encodeUtf8(value));
	});
	return found;
}
