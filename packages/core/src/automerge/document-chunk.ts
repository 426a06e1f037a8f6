/**
 * An Automerge document chunk, counted before anybody unfolds it.
 *
 * Contents of a chunk of type 0 (front as in `change-head.ts`): number of actors (uLEB), each (length uLEB, bytes); number of heads
 * (uLEB), 32 bytes each; columns of the changes, then of the operations: number (uLEB), each specification and length (uLEB); the
 * columns' data in the same order; an index for each head. In a specification the bits 0 to 2 tell the encoding, bit 3 that the data
 * is raw DEFLATE.
 *
 * | encoding | 0                | 1, 2, 6      | 3             | 4       | 5               | 7   |
 * |----------|------------------|--------------|---------------|---------|-----------------|-----|
 * | rows     | runs of counts   | runs of uLEB | runs of LEB   | boolean | runs of strings | raw |
 *
 * Source: automerge.org/automerge-binary-format-spec, "Document Chunk".
 */
import { toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import { limits } from "../entry/limits.js";
import { FormatError } from "../errors.js";
import { readFrame } from "./change-head.js";
import { ByteReader } from "./leb128.js";
import { columns } from "./operation-columns.js";

const documentType = 0;
const deflateBit = 8;
/** Column of the changes with their sequence numbers, one row each. */
const seqColumn = 0x03;

export interface DocumentBounds {
	readonly changes: number;
	readonly operations: number;
}

export interface DocumentChunk {
	readonly changes: number;
	readonly operations: number;
	/** Hex. */
	readonly actors: readonly string[];
	/** Sorted hex. */
	readonly heads: readonly string[];
	/** Columns of the operations by specification, unfolded from DEFLATE alone. */
	readonly columns: ReadonlyMap<number, Uint8Array>;
	/** Columns of the changes, in the same way. */
	readonly changeColumns: ReadonlyMap<number, Uint8Array>;
}

/**
 * Reads the one chunk that `save` gives.
 * @throws {FormatError} when it is none; code `limit` when a column has more rows than `most`, or all of them more than
 * `limits.plaintextBytes`.
 */
export async function readDocumentChunk(
	crypto: Pick<Crypto, "inflateAtMost">,
	saved: Uint8Array,
	most: DocumentBounds,
): Promise<DocumentChunk> {
	const frame = readFrame(saved);
	if (frame.type !== documentType) {
		throw new FormatError("document: expected type 0", { field: "type", found: frame.type });
	}
	const reader = new ByteReader(frame.contents);
	const actors: string[] = [];
	for (let left = reader.unsigned(most.changes); left > 0; left--) {
		actors.push(toHex(reader.view(reader.unsigned(limits.idBytes))));
	}
	const heads: string[] = [];
	for (let left = reader.unsigned(most.changes); left > 0; left--) heads.push(toHex(reader.view(32)));
	const changeColumns = readSpecifications(reader);
	const operationColumns = readSpecifications(reader);
	const room = { bytes: limits.plaintextBytes };
	const changes = await readColumns(crypto, reader, changeColumns, room);
	const operations = await readColumns(crypto, reader, operationColumns, room);
	// Of the operations only the changes' dependencies and the operations' successors may be several a row.
	return {
		changes: checkRows(changes, seqColumn, most.changes, limits.dependencies * most.changes),
		operations: checkRows(operations, columns.action, most.operations, 4 * most.operations),
		actors,
		heads: heads.sort(),
		columns: operations,
		changeColumns: changes,
	};
}

function readSpecifications(reader: ByteReader): [specification: number, length: number][] {
	const found: [number, number][] = [];
	for (let left = reader.unsigned(64); left > 0; left--) found.push([reader.unsigned(0xffff), reader.unsigned()]);
	return found;
}

async function readColumns(
	crypto: Pick<Crypto, "inflateAtMost">,
	reader: ByteReader,
	specifications: readonly (readonly [number, number])[],
	room: { bytes: number },
): Promise<Map<number, Uint8Array>> {
	const found = new Map<number, Uint8Array>();
	for (const [specification, length] of specifications) {
		const data = reader.view(length);
		const plain = (specification & deflateBit) === 0 ? data : await crypto.inflateAtMost(data, room.bytes);
		if (plain === undefined || plain.length > room.bytes) throw tooMuch("bytes", limits.plaintextBytes);
		room.bytes -= plain.length;
		found.set(specification & ~deflateBit, plain);
	}
	return found;
}

/** @param mostGrouped rows that all groups of a column hold together. @returns rows of one column. */
function checkRows(found: ReadonlyMap<number, Uint8Array>, counted: number, most: number, mostGrouped: number): number {
	let rows = 0;
	for (const [specification, data] of found) {
		const encoding = specification & 7;
		const inGroup = found.has(specification & ~7) && encoding !== 0;
		const each = countRows(new ByteReader(data), encoding, inGroup ? mostGrouped : most, mostGrouped);
		if (specification === counted) rows = each;
	}
	return rows;
}

function countRows(reader: ByteReader, encoding: number, most: number, mostGrouped: number): number {
	if (encoding === 7) return 0;
	let rows = 0;
	let grouped = 0;
	const take = (count: number) => {
		rows += count;
		if (rows > most) throw tooMuch("rows", most);
	};
	/** Reads one value. @param count how often it stands there. */
	const value = (count: number) => {
		if (encoding === 3) reader.signed();
		else if (encoding === 5) reader.view(reader.unsigned());
		else if (encoding === 0) grouped += count * reader.unsigned(mostGrouped);
		else reader.unsigned();
		if (grouped > mostGrouped) throw tooMuch("rows of groups", mostGrouped);
	};
	while (!reader.done) {
		if (encoding === 4) {
			take(reader.unsigned());
			continue;
		}
		const count = reader.signed();
		take(count === 0 ? reader.unsigned() : Math.abs(count));
		if (count > 0) value(count);
		for (let left = count; left < 0; left++) value(1);
	}
	return rows;
}

function tooMuch(what: string, most: number): FormatError {
	return new FormatError(`document: expected at most ${most} ${what}`, { code: "limit", expected: most });
}
