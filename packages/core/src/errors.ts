/** Every code that an error of this project can carry. */
export type ErrorCode =
	| "usage"
	| "draft-closed"
	| "document-deleted"
	| "not-found"
	| "not-administrator"
	| "not-member"
	| "not-governed"
	| "not-level"
	| "closed"
	| "format"
	| "limit"
	| "unsupported"
	| "address"
	| "signature"
	| "chain"
	| "trust"
	| "purged"
	| "wrong-database"
	| "key-missing"
	| "key-mismatch"
	| "password"
	| "kdf-cost"
	| "store-locked"
	| "store-version"
	| "store-damaged"
	| "store-io"
	| "chunk-missing"
	| "transport";

/** Facts about what went wrong; never key material, plaintext, titles or user names. */
export interface ErrorData {
	readonly offset?: number;
	readonly expected?: string | number;
	readonly found?: string | number;
	readonly hash?: string;
	readonly keyId?: string;
	readonly field?: string;
	readonly holder?: { readonly pid: number; readonly since: number };
	readonly databases?: readonly string[];
}

export interface ErrorOptions extends ErrorData {
	readonly cause?: unknown;
}

/** The base of all errors thrown on purpose. `code` is stable, `message` is for people. */
export class MindooError extends Error {
	readonly code: ErrorCode;
	readonly data: ErrorData;

	constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
		const { cause, ...data } = options;
		super(message, cause === undefined ? undefined : { cause });
		this.name = new.target.name;
		this.code = code;
		this.data = data;
	}
}

/** The caller asked for something that cannot be done. */
export class UsageError extends MindooError {
	constructor(message: string, options: ErrorOptions & { readonly code?: ErrorCode } = {}) {
		const { code = "usage", ...rest } = options;
		super(code, message, rest);
	}
}

/** Bytes are not what their format allows. */
export class FormatError extends MindooError {
	constructor(message: string, options: ErrorOptions & { readonly code?: "format" | "limit" | "unsupported" } = {}) {
		const { code = "format", ...rest } = options;
		super(code, message, rest);
	}
}

/** A signature, an address or a right does not hold. */
export class VerifyError extends MindooError {
	constructor(
		message: string,
		options: ErrorOptions & {
			readonly code?: "address" | "signature" | "chain" | "trust" | "purged" | "wrong-database";
		} = {},
	) {
		const { code = "trust", ...rest } = options;
		super(code, message, rest);
	}
}

/** A key or a password is missing or wrong. */
export class KeyError extends MindooError {
	constructor(
		message: string,
		options: ErrorOptions & { readonly code?: "key-missing" | "key-mismatch" | "password" | "kdf-cost" } = {},
	) {
		const { code = "key-missing", ...rest } = options;
		super(code, message, rest);
	}
}

/** A store cannot be opened, read or written. */
export class StoreError extends MindooError {
	constructor(
		message: string,
		options: ErrorOptions & {
			readonly code?: "store-locked" | "store-version" | "store-damaged" | "store-io" | "chunk-missing" | "closed";
		} = {},
	) {
		const { code = "store-io", ...rest } = options;
		super(code, message, rest);
	}
}

/** A connection cannot be made, or broke. */
export class TransportError extends MindooError {
	/** Another try may succeed, with nothing changed by anybody. */
	readonly retryable: boolean;

	constructor(message: string, options: ErrorOptions & { readonly retryable: boolean }) {
		const { retryable, ...rest } = options;
		super("transport", message, rest);
		this.retryable = retryable;
	}
}

/** What the log is told of an error: its name alone, because a message may hold what the log must not. */
export function nameOfError(error: unknown): string {
	return error instanceof Error ? error.name : typeof error;
}
