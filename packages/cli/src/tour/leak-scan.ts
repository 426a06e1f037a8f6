/**
 * Looks for many secrets at once in many bytes: raw, UTF-16, hex and base64.
 *
 * The first six bytes of every form of every secret stand in a table; each place of the bytes is looked up there, and only what fits is
 * compared whole. So it costs O(bytes), whatever the number of secrets.
 */

/** What is looked for. */
export interface Secret {
	/** What it is, for the report; never the secret itself. */
	readonly what: string;
	/** Text, or the bytes of a key. At least six bytes. */
	readonly value: string | Uint8Array;
}

export interface Leak {
	readonly what: string;
	readonly form: Form;
	/** What the bytes were in which it was found. */
	readonly where: string;
}

export const forms = [
	"raw",
	"utf-16le",
	"utf-16be",
	"hex",
	"HEX",
	"base64/0",
	"base64/1",
	"base64/2",
	"base64url/0",
	"base64url/1",
	"base64url/2",
] as const;

export type Form = (typeof forms)[number];

/** Bytes of a form that are looked up: every form of six bytes has as many. */
const windowSize = 6;

export class LeakScanner {
	readonly #secrets: Secret[] = [];
	/** Bucket → 1 + last added form; 0 for none. */
	readonly #buckets: Int32Array;
	readonly #bits: number;
	/** Form → 1 + the form added before it in the same bucket. */
	readonly #before: number[] = [];

	/** @param bits size of the table: some ten times as many places as secrets make the search quick. */
	constructor(bits = 22) {
		this.#bits = bits;
		this.#buckets = new Int32Array(2 ** bits);
	}

	/** @throws {RangeError} when it is shorter than six bytes. */
	add(secret: Secret): void {
		const index = this.#secrets.push(secret) - 1;
		for (const [number, form] of forms.entries()) {
			const start = encodeForm(secret.value, form, true);
			if (start === undefined) {
				this.#before.push(0);
				continue;
			}
			if (start.length < windowSize) throw new RangeError(`secret: expected at least ${windowSize} bytes`);
			const bucket = this.#bucketAt(start, 0);
			this.#before.push(this.#buckets[bucket] as number);
			this.#buckets[bucket] = index * forms.length + number + 1;
		}
	}

	get size(): number {
		return this.#secrets.length;
	}

	/** Everything that is found in `bytes`, each secret and form once. */
	scan(bytes: Uint8Array, where: string): Leak[] {
		const found = new Set<number>();
		for (let at = 0; at + windowSize <= bytes.length; at++) {
			let each = this.#buckets[this.#bucketAt(bytes, at)] as number;
			for (; each > 0; each = this.#before[each - 1] as number) {
				if (!found.has(each - 1) && this.#fits(each - 1, bytes, at)) found.add(each - 1);
			}
		}
		return [...found].map((each) => ({
			what: (this.#secrets[Math.floor(each / forms.length)] as Secret).what,
			form: forms[each % forms.length] as Form,
			where,
		}));
	}

	#bucketAt(bytes: Uint8Array, at: number): number {
		const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
		const high = (bytes[at + 3] as number) | ((bytes[at + 4] as number) << 8) | ((bytes[at + 5] as number) << 16);
		return (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77)) >>> (32 - this.#bits);
	}

	#fits(each: number, bytes: Uint8Array, at: number): boolean {
		const { value } = this.#secrets[Math.floor(each / forms.length)] as Secret;
		const whole = encodeForm(value, forms[each % forms.length] as Form, false) as Uint8Array;
		if (at + whole.length > bytes.length) return false;
		for (let i = 0; i < whole.length; i++) if (bytes[at + i] !== whole[i]) return false;
		return true;
	}
}

/**
 * A secret in one of its forms. In base64 it may stand behind 0, 1 or 2 other bytes of its group; only the characters that it alone
 * decides are given.
 * @param start whether the first bytes of the form are enough. @returns `undefined` for forms that the secret does not have.
 */
export function encodeForm(value: string | Uint8Array, form: Form, start: boolean): Uint8Array | undefined {
	if (form === "utf-16le" || form === "utf-16be") {
		if (typeof value !== "string") return undefined;
		const bytes = Buffer.from(start ? value.slice(0, windowSize) : value, "utf16le");
		return form === "utf-16be" ? bytes.swap16() : bytes;
	}
	const all = typeof value === "string" ? Buffer.from(value, "utf8") : Buffer.from(value);
	const bytes = start ? all.subarray(0, 2 * windowSize) : all;
	if (form === "raw") return bytes;
	if (form === "hex") return Buffer.from(bytes.toString("hex"), "latin1");
	if (form === "HEX") return Buffer.from(bytes.toString("hex").toUpperCase(), "latin1");
	const url = form.startsWith("base64url");
	const lead = Number(form.at(-1));
	const text = Buffer.concat([Buffer.alloc(lead), url ? all : bytes]).toString(url ? "base64url" : "base64");
	const own = text.slice(Math.ceil((lead * 8) / 6), Math.floor(((lead + (url ? all : bytes).length) * 8) / 6));
	// Both alphabets are the same but for two characters.
	return url && !/[-_]/.test(own) ? undefined : Buffer.from(own, "latin1");
}
