/** Twelve words that two people compare by another way than their files take. */
import { confirm } from "@clack/prompts";
import { UsageError } from "mindoodb";
import type { Call } from "./call.js";
import { Cancelled } from "./exit-codes.js";
import { lineText } from "./text.js";

export const wordsOption = ["--words <words>", "the twelve words that the other side reads out"] as const;

/**
 * What the other side said: from --words, or these words themselves after somebody at the terminal has compared them.
 * @param whose what the words are of.
 * @throws {UsageError} when nobody can be asked.
 */
export async function confirmedWords(call: Call, words: string, whose: string): Promise<string> {
	const given = call.option("words");
	if (given !== undefined) return given;
	const { stdin, stderr } = call.surroundings;
	if (stdin.isTTY !== true || stderr.isTTY !== true) {
		throw new UsageError("expected --words, as the other side reads them out; there is no terminal to ask at");
	}
	stderr.write(`${lineText(whose, 300)}:\n\n  ${words}\n\n`);
	const same = await confirm({ message: "Does the other side read the same words?", input: stdin, output: stderr });
	if (same !== true) throw new Cancelled();
	return words;
}
