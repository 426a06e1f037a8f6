import { join } from "node:path";
import { removeDurably, renameDurably } from "./folder-files.js";
import { identityPath } from "./identity-file.js";
import { joinRequestPath } from "./join-request-file.js";
import { tenantsFolder } from "./tenant-files.js";

/** Erases keys first, in one step; what a crash leaves of the rest cannot be read any more, and goes when the folder is opened. */
export async function eraseTenants(dir: string): Promise<void> {
	const dropped = join(dir, "dropped");
	await removeDurably(dropped);
	await renameDurably(tenantsFolder(dir), dropped).catch(ignoreAbsent);
	await finishErasing(dir);
}

/** Completes an `eraseTenants` that was cut short. */
export async function finishErasing(dir: string): Promise<void> {
	await removeDurably(join(dir, "stores"));
	await removeDurably(join(dir, "dropped"));
}

/** Erases who the folder belonged to; it may be made anew for somebody else. */
export async function eraseIdentity(dir: string): Promise<void> {
	await removeDurably(identityPath(dir));
	await removeDurably(joinRequestPath(dir));
}

function ignoreAbsent(error: unknown): void {
	const { cause } = error as { cause?: { code?: unknown } };
	if (cause?.code !== "ENOENT") throw error;
}
