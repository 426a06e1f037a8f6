import { encryptionKeyVariable, type ParseKeyOptions, parseEncryptionKey } from "./encryption-key.js";
import { PampaError } from "./pampa-error.js";

/** Why encryption is on or off. */
export type PreferenceReason = "enabled" | "flag_off" | "missing_key" | "invalid_key";

export interface EncryptionPreference {
	/** Whether chunks are written encrypted. */
	readonly enabled: boolean;
	/** 32 bytes; there when `enabled`. */
	readonly key?: Uint8Array;
	readonly reason: PreferenceReason;
	/** What a person should be told. */
	readonly warnings: readonly string[];
}

export interface PreferenceOptions extends ParseKeyOptions {
	/** `on` or `off` in any case, with white space around; any other text counts as absent, with a warning. */
	readonly mode?: unknown;
	/** The variable's text. */
	readonly key?: string | undefined;
	/**
	 * Throws when the key is wrong. Without it, and without a mode, a wrong key means that chunks are written in plain text.
	 * @default false
	 */
	readonly strictKey?: boolean;
}

/**
 * Whether chunks are to be encrypted: as the mode says, else whenever there is a key.
 * @throws {PampaError} `ENCRYPTION_KEY_INVALID` and `ENCRYPTION_KEY_MISSING` in the mode `on`.
 */
export function resolveEncryptionPreference(options: PreferenceOptions = {}): EncryptionPreference {
	const { strictKey = false } = options;
	const { mode, warnings } = readMode(options.mode);
	if (mode === "off") return { enabled: false, reason: "flag_off", warnings };
	try {
		const key = parseEncryptionKey(options.key, options);
		if (key !== undefined) return { enabled: true, key, reason: "enabled", warnings };
	} catch (error) {
		if (mode === "on" || strictKey || !(error instanceof PampaError)) throw error;
		return { enabled: false, reason: "invalid_key", warnings: [...warnings, `${error.message} Encryption disabled.`] };
	}
	if (mode === "on") {
		throw new PampaError(
			"ENCRYPTION_KEY_MISSING",
			`${encryptionKeyVariable} is not configured but encryption was requested (--encrypt on).`,
		);
	}
	return { enabled: false, reason: "missing_key", warnings };
}

function readMode(given: unknown): { readonly mode: "on" | "off" | undefined; readonly warnings: readonly string[] } {
	const mode = typeof given === "string" ? given.trim().toLowerCase() : "";
	if (mode === "on" || mode === "off") return { mode, warnings: [] };
	if (mode === "") return { mode: undefined, warnings: [] };
	const fallback = "Falling back to environment configuration.";
	return { mode: undefined, warnings: [`Unknown --encrypt mode "${mode}". Expected "on" or "off". ${fallback}`] };
}
