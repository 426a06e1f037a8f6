/**
 * A run: the plaintext of a create or change entry.
 *
 * | offset | size          | meaning                                                     |
 * |--------|---------------|-------------------------------------------------------------|
 * | 0      | 1 to 4 bytes  | length of the first change, unsigned LEB128, shortest form, at least 1 |
 * | …      | that many     | one Automerge change                                        |
 * | …      | …             | up to 255 more of them, nothing after                       |
 *
 * Source: docs/entry-format.md, "Payload".
 */
import { limits } from "../entry/limits.js";
import { FormatError } from "../errors.js";
import { ByteReader, ByteWriter } from "./leb128.js";

const longestChange = 2 ** 28 - 1;

/** @throws {FormatError} unless there are 1 to 256 changes of at least one byte that fit into one payload. */
export function encodeRun(changes: readonly Uint8Array[]): Uint8Array {
	checkCount(changes.length);
	let size = 0;
	for (const change of changes) {
		if (change.length < 1) throw new FormatError("run: expected changes of at least 1 byte, found an empty one");
		size += change.length + 4;
	}
	const writer = new ByteWriter(size);
	for (const change of changes) {
		writer.unsigned(change.length);
		writer.append(change);
	}
	if (writer.length > limits.plaintextBytes) {
		throw new FormatError("run: too many bytes", {
			code: "limit",
			expected: limits.plaintextBytes,
			found: writer.length,
		});
	}
	return writer.take();
}

/** @returns the changes, as views into `bytes`. @throws {FormatError} on anything that `encodeRun` would not write. */
export function decodeRun(bytes: Uint8Array): Uint8Array[] {
	if (bytes.length > limits.plaintextBytes) {
		throw new FormatError("run: too many bytes", {
			code: "limit",
			expected: limits.plaintextBytes,
			found: bytes.length,
		});
	}
	const reader = new ByteReader(bytes);
	const changes: Uint8Array[] = [];
	while (!reader.done) {
		const length = reader.unsigned(longestChange);
		if (length === 0) throw new FormatError("run: expected changes of at least 1 byte", { offset: reader.offset });
		changes.push(reader.view(length));
		if (changes.length > limits.changesPerRun) checkCount(changes.length);
	}
	checkCount(changes.length);
	return changes;
}

function checkCount(count: number): void {
	if (count < 1 || count > limits.changesPerRun) {
		throw new FormatError(`run: expected 1 to ${limits.changesPerRun} changes, found ${count}`, {
			code: "limit",
			expected: limits.changesPerRun,
			found: count,
		});
	}
}
