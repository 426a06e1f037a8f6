/** Commands with which somebody begins, and which so make the identity along the way. */
import { createFolder, MindooError, type MindooFolder, openFolder, UsageError } from "mindoodb";
import type { Call } from "./call.js";

export const newcomerOption = ["--user <name>", "your name, where the folder has no identity yet"] as const;

/** Opens the folder; where there is none yet, makes it with an identity of the name that --user gives. @throws {UsageError} without. */
export async function openOrCreate(call: Call, command: string, password: string): Promise<MindooFolder> {
	try {
		return await openFolder(call.dir, { password, limits: call.kdf.limits ?? {} });
	} catch (error) {
		if (!(error instanceof MindooError) || error.code !== "not-found") throw error;
	}
	const username = call.option("user");
	if (username === undefined) throw new UsageError(`${command}: expected --user: the folder has no identity yet`);
	return createFolder(call.dir, { username, password, ...call.kdf });
}
