/**
 * Fields that an author repeats in entry after entry, kept once under a number. A number never changes its meaning; the same
 * fields may have several numbers, since only those used lately are looked for.
 */
import { readUint } from "../bytes/big-endian.js";
import type { HeaderFields } from "../entry/header.js";
import { limits } from "../entry/limits.js";
import { FormatError } from "../errors.js";
import { LruMap } from "./lru-map.js";
import { Packer, Unpacker } from "./packing.js";
import { contextKey, prefixRange, tags } from "./row-keys.js";
import type { RowWrite } from "./rows.js";
import type { Table } from "./table.js";

export type Context = Pick<HeaderFields, "createdByPublicKey" | "decryptionKeyId" | "keyCommitment" | "directoryHeads">;

const rememberedContexts = 512;
const preloadedContexts = 64;

export class Contexts {
	readonly #table: Table;
	readonly #byNumber = new LruMap<number, Context>(rememberedContexts);
	readonly #numbers = new LruMap<string, number>(rememberedContexts);
	#count = 0;

	constructor(table: Table) {
		this.#table = table;
	}

	/** Reads the newest ones, so that a writer that opens again goes on with its number. */
	async load(): Promise<void> {
		this.#byNumber.clear();
		this.#numbers.clear();
		this.#count = 0;
		const range = { ...prefixRange(Uint8Array.of(tags.context)), reverse: true, limit: preloadedContexts };
		const rows: [number, Context][] = [];
		for await (const batch of this.#table.scan(range, preloadedContexts)) {
			for (const [key, value] of batch) {
				const number = readUint(key, 1, 4);
				this.#count = Math.max(this.#count, number);
				const context = tryDecode(value);
				if (context !== undefined) rows.push([number, context]);
			}
		}
		for (const [number, context] of rows.reverse()) this.#remember(number, context);
	}

	get count(): number {
		return this.#count;
	}

	/** Number of a context used lately. */
	numberOf(context: Context): number | undefined {
		return this.#numbers.get(nameOf(context));
	}

	/** Takes over what a batch has written. */
	add(number: number, context: Context): void {
		this.#count = Math.max(this.#count, number);
		this.#remember(number, context);
	}

	/** Contexts by number; missing and damaged ones are left out. */
	async getMany(numbers: Iterable<number>): Promise<Map<number, Context>> {
		const found = new Map<number, Context>();
		const missing: number[] = [];
		for (const number of new Set(numbers)) {
			const context = this.#byNumber.get(number);
			if (context === undefined) missing.push(number);
			else found.set(number, context);
		}
		const values = await this.#table.getMany(missing.map(contextKey));
		for (const [index, number] of missing.entries()) {
			const value = values[index];
			const context = value && tryDecode(value);
			if (context === undefined) continue;
			found.set(number, context);
			this.#byNumber.set(number, context);
		}
		return found;
	}

	#remember(number: number, context: Context): void {
		this.#byNumber.set(number, context);
		this.#numbers.set(nameOf(context), number);
	}
}

export function nameOf(context: Context): string {
	const { createdByPublicKey, decryptionKeyId, keyCommitment, directoryHeads } = context;
	return `${createdByPublicKey}${keyCommitment}${directoryHeads.join("")} ${decryptionKeyId}`;
}

export function contextRow(number: number, context: Context): RowWrite {
	const packer = new Packer()
		.hash(context.createdByPublicKey)
		.hash(context.keyCommitment)
		.text(context.decryptionKeyId);
	packer.uint(context.directoryHeads.length);
	for (const head of context.directoryHeads) packer.hash(head);
	return { type: "put", key: contextKey(number), value: packer.finish() };
}

function tryDecode(value: Uint8Array): Context | undefined {
	try {
		const unpacker = new Unpacker(value);
		const createdByPublicKey = unpacker.hash();
		const keyCommitment = unpacker.hash();
		const decryptionKeyId = unpacker.text();
		const count = unpacker.uint();
		if (count > limits.directoryHeads) return undefined;
		const directoryHeads = Array.from({ length: count }, () => unpacker.hash());
		return { createdByPublicKey, decryptionKeyId, keyCommitment, directoryHeads };
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}
