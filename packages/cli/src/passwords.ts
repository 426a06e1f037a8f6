/** Passwords come from a file, from the environment, or from a prompt; never from the argument list, which everybody can see. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { password as prompt } from "@clack/prompts";
import { KeyError, UsageError } from "mindoodb";
import { Cancelled } from "./exit-codes.js";
import type { Surroundings } from "./surroundings.js";

export type PasswordKind = "user" | "admin" | "key" | "new" | "recovery" | "export" | "archive";

interface Source {
	readonly variable: string;
	/** Name of the option as commander gives it. */
	readonly option: string;
	readonly flag: string;
	readonly words: string;
}

const sources: Record<PasswordKind, Source> = {
	user: {
		variable: "MINDOODB_PASSWORD",
		option: "passwordFile",
		flag: "--password-file",
		words: "Password of your identity",
	},
	admin: {
		variable: "MINDOODB_ADMIN_PASSWORD",
		option: "adminPasswordFile",
		flag: "--admin-password-file",
		words: "Password of the administration key",
	},
	key: {
		variable: "MINDOODB_KEY_PASSWORD",
		option: "keyPasswordFile",
		flag: "--key-password-file",
		words: "Password of the key file",
	},
	new: {
		variable: "MINDOODB_NEW_PASSWORD",
		option: "newPasswordFile",
		flag: "--new-password-file",
		words: "New password",
	},
	recovery: {
		variable: "MINDOODB_RECOVERY_PASSWORD",
		option: "recoveryPasswordFile",
		flag: "--recovery-password-file",
		words: "Password of the recovery key",
	},
	export: {
		variable: "MINDOODB_EXPORT_PASSWORD",
		option: "exportPasswordFile",
		flag: "--export-password-file",
		words: "Password of the exported identity",
	},
	archive: {
		variable: "MINDOODB_ARCHIVE_PASSWORD",
		option: "archivePasswordFile",
		flag: "--archive-password-file",
		words: "Password of the archive",
	},
};

/** The flags that name password files, for the help of commands that need them. */
export function passwordFlag(kind: PasswordKind): readonly [flags: string, description: string] {
	const { flag, variable, words } = sources[kind];
	return [`${flag} <file>`, `${words}, in a file (or: ${variable}, or a prompt)`];
}

/**
 * @param fresh whether it will protect something new: then a prompt asks twice.
 * @throws {KeyError} when there is none to be had.
 */
export async function readPassword(
	surroundings: Surroundings,
	kind: PasswordKind,
	{ options, fresh }: { readonly options: Readonly<Record<string, unknown>>; readonly fresh: boolean },
): Promise<string> {
	const { variable, option, flag, words } = sources[kind];
	const file = options[option];
	if (typeof file === "string") return fromFile(resolve(surroundings.cwd, file), flag);
	const fromEnvironment = surroundings.env[variable];
	if (fromEnvironment !== undefined && fromEnvironment !== "") return fromEnvironment;
	const { stdin, stderr } = surroundings;
	if (stdin.isTTY !== true || stderr.isTTY !== true) {
		throw new KeyError(`${words}: expected ${variable} or ${flag}; there is no terminal to ask at`, {
			code: "password",
		});
	}
	const first = await ask(surroundings, words);
	if (fresh && first !== (await ask(surroundings, `${words}, again`))) {
		throw new UsageError(`${words}: the two are not the same`);
	}
	return first;
}

async function ask({ stdin, stderr }: Surroundings, message: string): Promise<string> {
	const answer = await prompt({
		message,
		input: stdin,
		output: stderr,
		validate: (value) => (value === undefined || value === "" ? "expected at least one character" : undefined),
	});
	if (typeof answer !== "string") throw new Cancelled();
	return answer;
}

/** The first line, without its end. */
async function fromFile(path: string, flag: string): Promise<string> {
	const text = await readFile(path, "utf8").catch((cause: unknown) => {
		const reason = String((cause as { code?: unknown }).code ?? "unknown error");
		throw new UsageError(`${flag}: the file cannot be read (${reason})`, { cause });
	});
	const [line = ""] = text.split(/\r?\n/, 1);
	if (line === "") throw new UsageError(`${flag}: expected a password in the first line of the file`);
	return line;
}
