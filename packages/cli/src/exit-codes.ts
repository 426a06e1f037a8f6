import { FormatError as FileFormatError } from "@mindoodb/formats/chunks";
import { FormatError, KeyError, MindooError, StoreError, TransportError, VerifyError } from "mindoodb";

/** What the exit code of the command says. */
export const exitCodes = {
	ok: 0,
	/** `verify`, `sync`, `tour`, `attach fetch`: something is not as it should be. */
	found: 1,
	/** The command line, or what it asks for, cannot be carried out. */
	usage: 2,
	/** A password or a key is missing or wrong. */
	key: 3,
	/** A folder or store cannot be opened, read or written. */
	store: 4,
	/** A file or an entry is not what its format or its signatures allow. */
	format: 5,
	/** There is no such folder, tenant, document, entry or user. */
	absent: 6,
	/** No connection comes about, or a port cannot be used. */
	network: 7,
	/** A fault of the program itself. */
	internal: 70,
	/** Ended at a prompt. */
	cancelled: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodeHelp = `Exit codes:
  0 done          1 verify, sync, tour or attach fetch found something wrong
  2 usage         3 key, password      4 folder or store
  5 damaged or forged file             6 not there          7 network
 70 a fault of the program           130 cancelled`;

/** Thrown when somebody leaves a prompt. */
export class Cancelled extends Error {}

export interface Failure {
	readonly exitCode: ExitCode;
	/** That of the error: one of the library, one of a file format, `cancelled` or `internal`. */
	readonly code: string;
	/** One line. */
	readonly message: string;
	readonly data: Readonly<Record<string, unknown>>;
}

/** What to tell about an error: never a stack, and of errors that nobody foresaw nothing but their kind. */
export function failureOf(error: unknown): Failure {
	if (error instanceof Cancelled) {
		return { exitCode: exitCodes.cancelled, code: "cancelled", message: "cancelled", data: {} };
	}
	if (error instanceof MindooError) {
		return { exitCode: exitCodeOf(error), code: error.code, message: oneLine(error.message), data: { ...error.data } };
	}
	if (error instanceof FileFormatError) {
		return {
			exitCode: exitCodeOfFile(error),
			code: error.code,
			message: oneLine(error.message),
			data: { ...error.data },
		};
	}
	const kind = error instanceof Error ? error.name : typeof error;
	return {
		exitCode: exitCodes.internal,
		code: "internal",
		message: `a fault of the program (${kind}); please report what you did`,
		data: {},
	};
}

function exitCodeOf(error: MindooError): ExitCode {
	if (error.code === "not-found") return exitCodes.absent;
	if (error instanceof KeyError) return exitCodes.key;
	if (error instanceof StoreError) return exitCodes.store;
	if (error instanceof FormatError || error instanceof VerifyError) return exitCodes.format;
	if (error instanceof TransportError) return exitCodes.network;
	return exitCodes.usage;
}

function exitCodeOfFile({ code }: FileFormatError): ExitCode {
	if (code === "usage" || code === "SHA_INVALID") return exitCodes.usage;
	if (code === "CHUNK_NOT_FOUND") return exitCodes.absent;
	const isKey = code === "key" || code === "decryption" || code.startsWith("ENCRYPTION_KEY_");
	return isKey ? exitCodes.key : exitCodes.format;
}

function oneLine(text: string): string {
	return text.replace(/\s*\n\s*/g, " ");
}
