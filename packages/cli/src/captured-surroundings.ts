import { Readable, Writable } from "node:stream";
import type { Surroundings } from "./surroundings.js";

/** Surroundings that keep what the command writes, for programs and tests that run it inside. */
export interface CapturedSurroundings {
	readonly surroundings: Surroundings;
	/** What stands on standard output so far. */
	readonly output: () => string;
	/** What stands on standard error so far. */
	readonly errors: () => string;
}

/** @param given what to change; @default an empty standard input, no environment, no terminal. */
export function capturedSurroundings(
	given: Partial<Omit<Surroundings, "stdin">> & { readonly cwd: string; readonly input?: string },
): CapturedSurroundings {
	const { input, ...rest } = given;
	const [stdout, output] = capture();
	const [stderr, errors] = capture();
	const stdin = Readable.from(input === undefined ? [] : [input]);
	return { surroundings: { stdin, stdout, stderr, env: {}, now: () => Date.now(), ...rest }, output, errors };
}

function capture(): readonly [Writable, () => string] {
	const pieces: string[] = [];
	const stream = new Writable({
		decodeStrings: false,
		write(piece, _encoding, done) {
			pieces.push(String(piece));
			done();
		},
	});
	return [stream, () => pieces.join("")];
}
