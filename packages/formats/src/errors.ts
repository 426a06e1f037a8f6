/** Facts about what went wrong; never key material or plaintext. */
export interface FormatErrorData {
	/** Byte position in the input. */
	readonly offset?: number;
	readonly expected?: string | number;
	readonly found?: string | number;
	/** What is concerned: the name of a field, an index, a hash. */
	readonly field?: string;
}

/**
 * The base of all errors that the four formats throw on purpose. Each format has one subclass with a closed union of codes; `code` is
 * stable, `message` says what was expected and what was found, and is for people.
 */
export class FormatError<Code extends string = string> extends Error {
	readonly code: Code;
	readonly data: FormatErrorData;

	constructor(code: Code, message: string, options: FormatErrorData & { readonly cause?: unknown } = {}) {
		const { cause, ...data } = options;
		super(message, cause === undefined ? undefined : { cause });
		this.name = new.target.name;
		this.code = code;
		this.data = data;
	}
}
