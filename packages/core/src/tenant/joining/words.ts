/** A hash as words that two people can read to each other. Source: docs/decisions/0029-joining.md. */
import { UsageError } from "../../errors.js";
import { wordList } from "./word-list.js";

/** Twelve words hold 132 bits: whoever can choose both hashes must still try 2^66 of each. */
export const fingerprintWords = 12;

/** The first 132 bits of a hash as twelve words. @param hash 32 bytes. */
export function wordsOfHash(hash: Uint8Array): string {
	if (hash.length !== 32) throw new UsageError(`words: expected a hash of 32 bytes, found ${hash.length}`);
	const words: string[] = [];
	let bits = 0;
	let held = 0;
	for (const byte of hash) {
		bits = ((bits << 8) | byte) & 0x7ffff;
		held += 8;
		if (held < 11) continue;
		held -= 11;
		words.push(wordList[(bits >>> held) & 0x7ff] as string);
		if (words.length === fingerprintWords) break;
	}
	return words.join(" ");
}

/** Whether somebody's words are these: case and space do not matter, every word does. */
export function sameWords(expected: string, said: string): boolean {
	return said.normalize("NFKC").trim().toLowerCase().split(/\s+/).join(" ") === expected;
}
