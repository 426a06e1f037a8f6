import { decodeChange } from "@automerge/automerge/slim";

/** Whether a change sets a key of the root map to this value. @param change a chunk that was checked before. */
export function setsRootKey(change: Uint8Array, key: string, value: string | number | boolean): boolean {
	return decodeChange(change).ops.some(
		(op) => op.action === "set" && op.obj === "_root" && op.key === key && op.value === value,
	);
}
