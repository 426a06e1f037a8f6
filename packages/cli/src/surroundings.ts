/// <reference types="node" preserve="true" />
import type { Readable, Writable } from "node:stream";
import type { PasswordKeyOptions } from "mindoodb";

/** A stream that may be a terminal. */
export type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Everything that the command takes from where it runs. */
export interface Surroundings {
	readonly stdin: Readable & { readonly isTTY?: boolean };
	readonly stdout: Terminal;
	readonly stderr: Terminal;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly cwd: string;
	/** Milliseconds since 1970. */
	readonly now: () => number;
	/** Costs of new passwords and the limits of all. @default those of the library */
	readonly kdf?: PasswordKeyOptions;
}

/** The process itself. */
export function processSurroundings(): Surroundings {
	const { stdin, stdout, stderr, env } = process;
	return { stdin, stdout, stderr, env, cwd: process.cwd(), now: () => Date.now() };
}
