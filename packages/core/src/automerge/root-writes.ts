import { equalBytes } from "../bytes/compare.js";
import { encodeUtf8 } from "../bytes/text.js";
import { readFrame, readHead } from "./change-head.js";
import { readOperations, wholeAllowance } from "./change-operations.js";
import { valueTypes } from "./change-values.js";
import { ByteReader } from "./leb128.js";
import { actions } from "./operation-columns.js";

/**
 * Whether a change sets a key of the root map to this value as it stands; text, which merges, is never such a value.
 * @param change a chunk that `decodeChanges` took.
 */
export function setsRootKey(change: Uint8Array, key: string, value: boolean | string): boolean {
	const reader = new ByteReader(readFrame(change).contents);
	let found = false;
	readOperations(reader, readHead(reader), wholeAllowance(), (operation) => {
		const { action, objectActor, key: at, type } = operation;
		if (action !== actions.set || objectActor >= 0 || at !== key) return;
		if (typeof value === "boolean") found ||= type === (value ? valueTypes.true : valueTypes.false);
		else found ||= type === valueTypes.string && equalBytes(operation.value(), encodeUtf8(value));
	});
	return found;
}
