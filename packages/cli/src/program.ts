import { type CommandSpec, carryOut, type GroupSpec } from "./command.js";
import { admin } from "./commands/admin.js";
import { apack } from "./commands/apack/apack.js";
import { attach } from "./commands/attach.js";
import { audit } from "./commands/audit.js";
import { apply } from "./commands/backup/apply.js";
import { backup } from "./commands/backup/backup.js";
import { restore } from "./commands/backup/restore.js";
import { verifyBackup } from "./commands/backup/verify-backup.js";
import { chunks } from "./commands/chunks/chunks.js";
import { db } from "./commands/db.js";
import { dm3 } from "./commands/dm3/dm3.js";
import { doc } from "./commands/doc.js";
import { explain } from "./commands/explain.js";
import { gc } from "./commands/gc.js";
import { init } from "./commands/init.js";
import { invite } from "./commands/invite.js";
import { join } from "./commands/join.js";
import { key } from "./commands/key.js";
import { pampa } from "./commands/pampa/pampa.js";
import { serve } from "./commands/serve/serve.js";
import { server } from "./commands/serve/server.js";
import { sync } from "./commands/sync/sync.js";
import { user } from "./commands/user.js";
import { verify } from "./commands/verify.js";
import type { ExitCode } from "./exit-codes.js";
import type { Surroundings } from "./surroundings.js";
import { tour } from "./tour/command.js";

/** All commands, in the order in which the help lists them. */
export const specs: readonly (CommandSpec | GroupSpec)[] = [
	init,
	user,
	invite,
	join,
	admin,
	db,
	doc,
	attach,
	key,
	sync,
	serve,
	server,
	backup,
	verifyBackup,
	restore,
	apply,
	gc,
	verify,
	explain,
	audit,
	apack,
	chunks,
	dm3,
	pampa,
	tour,
];

/**
 * Runs the command `mindoodb`. Never throws.
 * @param argv what stands behind the command's name. @returns the exit code of the process.
 */
export function runCommand(argv: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
	const summary = "MindooDB: an end-to-end encrypted, offline-first document database";
	return carryOut({ summary, version: "0.1.0", specs }, argv, surroundings);
}
