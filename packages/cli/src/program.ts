import { type CommandSpec, carryOut, type GroupSpec } from "./command.js";
import type { ExitCode } from "./exit-codes.js";
import type { Surroundings } from "./surroundings.js";

/**
 * All commands by their first word, in the order in which the help lists them. Each is loaded when it is called, so that none pays for what
 * the others need, such as the server.
 */
export const commands: Readonly<Record<string, () => Promise<CommandSpec | GroupSpec>>> = {
	init: async () => (await import("./commands/init.js")).init,
	user: async () => (await import("./commands/user.js")).user,
	invite: async () => (await import("./commands/invite.js")).invite,
	join: async () => (await import("./commands/join.js")).join,
	admin: async () => (await import("./commands/admin.js")).admin,
	db: async () => (await import("./commands/db.js")).db,
	doc: async () => (await import("./commands/doc.js")).doc,
	attach: async () => (await import("./commands/attach.js")).attach,
	key: async () => (await import("./commands/key.js")).key,
	sync: async () => (await import("./commands/sync/sync.js")).sync,
	serve: async () => (await import("./commands/serve/serve.js")).serve,
	server: async () => (await import("./commands/serve/server.js")).server,
	backup: async () => (await import("./commands/backup/backup.js")).backup,
	"verify-backup": async () => (await import("./commands/backup/verify-backup.js")).verifyBackup,
	restore: async () => (await import("./commands/backup/restore.js")).restore,
	apply: async () => (await import("./commands/backup/apply.js")).apply,
	gc: async () => (await import("./commands/gc.js")).gc,
	verify: async () => (await import("./commands/verify.js")).verify,
	explain: async () => (await import("./commands/explain.js")).explain,
	audit: async () => (await import("./commands/audit.js")).audit,
	apack: async () => (await import("./commands/apack/apack.js")).apack,
	chunks: async () => (await import("./commands/chunks/chunks.js")).chunks,
	dm3: async () => (await import("./commands/dm3/dm3.js")).dm3,
	pampa: async () => (await import("./commands/pampa/pampa.js")).pampa,
	tour: async () => (await import("./tour/command.js")).tour,
};

/**
 * Runs the command `mindoodb`. Never throws.
 * @param argv what stands behind the command's name. @returns the exit code of the process.
 */
export async function runCommand(argv: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
	const summary = "MindooDB: an end-to-end encrypted, offline-first document database";
	const [first = ""] = argv;
	const called = Object.hasOwn(commands, first) ? commands[first] : undefined;
	const specs = await Promise.all((called === undefined ? Object.values(commands) : [called]).map((load) => load()));
	return carryOut({ summary, version: "0.1.0", specs }, argv, surroundings);
}
