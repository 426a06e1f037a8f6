import { once } from "node:events";
import { closeSync, createReadStream, openSync, rmSync } from "node:fs";
import { type FileHandle, open, readFile, rm } from "node:fs/promises";
import { resolve } from "node:path";
import {
	type AttachmentMode,
	type MindooDB,
	type MindooFolder,
	type MindooTenant,
	openFolder,
	type PasswordKeyOptions,
	StoreError,
	UsageError,
} from "mindoodb";
import { exitCodes } from "./exit-codes.js";
import { type PasswordKind, readPassword } from "./passwords.js";
import { type Report, startProgress } from "./progress.js";
import type { Surroundings } from "./surroundings.js";

/** Options of the command line, as commander gives them. */
export type Options = Readonly<Record<string, unknown>>;

/** A tenant that is open, and the folder that keeps it. */
export interface Workplace {
	readonly folder: MindooFolder;
	readonly tenant: MindooTenant;
}

/** One run of one command: its options, and what all commands do alike. */
export class Call {
	readonly surroundings: Surroundings;
	readonly options: Options;

	constructor(surroundings: Surroundings, options: Options) {
		this.surroundings = surroundings;
		this.options = options;
	}

	/** Whether the answer is wanted as JSON. */
	get json(): boolean {
		return this.options.json === true;
	}

	get kdf(): PasswordKeyOptions {
		return this.surroundings.kdf ?? {};
	}

	/** The text of an option, `undefined` when it is not given. */
	option(name: string): string | undefined {
		const value = this.options[name];
		return typeof value === "string" ? value : undefined;
	}

	/** The folder that the command works in. */
	get dir(): string {
		const { cwd, env } = this.surroundings;
		return resolve(cwd, this.option("dir") ?? (env.MINDOODB_DIR || "mindoodb-data"));
	}

	path(name: string): string {
		return resolve(this.surroundings.cwd, name);
	}

	password(kind: PasswordKind, fresh = false): Promise<string> {
		return readPassword(this.surroundings, kind, { options: this.options, fresh });
	}

	/** Opens the folder with the user's password, and closes it afterwards, whatever happens. */
	async withFolder<T>(work: (folder: MindooFolder, password: string) => Promise<T>): Promise<T> {
		const password = await this.password("user");
		const { limits = {} } = this.kdf;
		const folder = await openFolder(this.dir, { password, limits });
		try {
			return await work(folder, password);
		} finally {
			await folder.close();
		}
	}

	/** Opens the tenant, and judges what others have put into its directory meanwhile. */
	withTenant<T>(work: (place: Workplace) => Promise<T>): Promise<T> {
		return this.withFolder(async (folder) => {
			const tenant = await folder.openTenant(this.option("tenant"));
			await (await tenant.openDirectory()).db.syncStoreChanges();
			return work({ folder, tenant });
		});
	}

	/** Opens a database that is there already. @throws {UsageError} `not-found`, so that a misspelt name makes none. */
	async existing({ tenant }: Workplace, dbId: string): Promise<MindooDB> {
		if (dbId !== "directory" && !(await tenant.listDatabases()).includes(dbId)) {
			throw new UsageError("there is no database of this name here; `doc put` and `doc import` make one", {
				code: "not-found",
			});
		}
		return openDatabase(tenant, dbId);
	}

	/** Text of an argument; of standard input when it is "-" or absent. */
	async input(argument: string | undefined, what: string): Promise<string> {
		if (argument !== undefined && argument !== "-") return argument;
		const { stdin } = this.surroundings;
		if (argument === undefined && stdin.isTTY === true) throw new UsageError(`expected ${what}, or - to read it`);
		stdin.setEncoding("utf8");
		let text = "";
		for await (const piece of stdin) text += String(piece);
		return text;
	}

	/** @throws {UsageError} `not-found` or `usage` when the file cannot be read. */
	async readFile(name: string): Promise<string> {
		return readFile(this.path(name), "utf8").catch((cause: unknown) => {
			throw unreadable(cause);
		});
	}

	/** As `readFile`, piece by piece and as it is. */
	async *readPieces(name: string, pieceBytes = 1 << 16): AsyncGenerator<Uint8Array> {
		const stream = createReadStream(this.path(name), { highWaterMark: pieceBytes });
		try {
			yield* stream;
		} catch (cause) {
			throw unreadable(cause);
		}
	}

	/** Makes a file that only its owner may read. @throws {UsageError} when there is one already, or none can be made. */
	makeFile(name: string, text: string): Promise<string> {
		return this.makeFileFrom(name, (write) => write(new TextEncoder().encode(text)));
	}

	/** As `makeFile`, piece by piece; what fails half-way, or is interrupted, leaves none. @returns its path. */
	async makeFileFrom(
		name: string,
		work: (write: (piece: Uint8Array) => Promise<void>) => Promise<void>,
	): Promise<string> {
		const path = this.path(name);
		let file: FileHandle | undefined;
		let made = false;
		const leave = () => {
			if (made) rmSync(path, { force: true });
			process.exit(exitCodes.cancelled);
		};
		process.once("SIGINT", leave);
		process.once("SIGTERM", leave);
		try {
			// In one turn, so that no interruption finds a file that nobody removes.
			makeEmpty(path, name);
			made = true;
			const opened = await open(path, "r+");
			file = opened;
			await work((piece) =>
				opened.writeFile(piece).catch((cause: unknown) => {
					throw new StoreError(`the file ${name} cannot be written (${reasonOf(cause)})`, { cause });
				}),
			);
		} catch (error) {
			if (made) await rm(path, { force: true });
			throw error;
		} finally {
			process.off("SIGINT", leave);
			process.off("SIGTERM", leave);
			await file?.close();
		}
		return path;
	}

	/** Writes to standard output, as fast as it takes it. */
	async write(text: string | Uint8Array): Promise<void> {
		const { stdout } = this.surroundings;
		if (!stdout.write(text)) await once(stdout, "drain");
	}

	/** Tells a person what is going on; nothing with `--json`. */
	note(text: string): void {
		if (!this.json) this.surroundings.stderr.write(`${text}\n`);
	}

	async progress<T>(label: string, work: (report: Report) => Promise<T>): Promise<T> {
		const { report, end } = startProgress(this.surroundings, label, this.json);
		try {
			return await work(report);
		} finally {
			end();
		}
	}
}

function makeEmpty(path: string, name: string): void {
	try {
		closeSync(openSync(path, "wx", 0o600));
	} catch (cause) {
		throw new UsageError(`the file ${name} cannot be made (${reasonOf(cause)})`, { cause });
	}
}

function unreadable(cause: unknown): UsageError {
	const reason = reasonOf(cause);
	return new UsageError(`the file cannot be read (${reason})`, {
		...(reason === "ENOENT" ? { code: "not-found" } : {}),
		cause,
	});
}

function reasonOf(cause: unknown): string {
	return String((cause as { code?: unknown }).code ?? "unknown error");
}

/** Opens a database and judges what others have put into its store meanwhile. @param attachments which bytes of them to hold from now on. */
export async function openDatabase(
	tenant: MindooTenant,
	dbId: string,
	attachments?: AttachmentMode | undefined,
): Promise<MindooDB> {
	const db = await tenant.openDB(dbId, attachments === undefined ? {} : { attachments });
	await db.syncStoreChanges();
	return db;
}

/** @throws {UsageError} for the directory: its documents are made by `user`. */
export function refuseDirectory(dbId: string | undefined): void {
	if (dbId === "directory") throw new UsageError("the directory is written by the commands of `user` alone");
}
