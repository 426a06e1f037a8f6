import type { CollectedStaging } from "../../store/staging.js";
import type { DatabaseContext } from "../context.js";
import { collectUncommitted } from "./uncommitted.js";

/** Milliseconds that bytes are kept for an upload that may still go on. */
const keptFor = 24 * 60 * 60 * 1000;

/** Erases what uploads left: bytes that were staged and belong to no entry, and those of chunks whose change never followed. */
export async function collectGarbage(
	{ store, attachmentStore: chunkStore, env }: Pick<DatabaseContext, "store" | "attachmentStore" | "env">,
	{ dryRun = false }: { readonly dryRun?: boolean },
): Promise<CollectedStaging> {
	const before = env.clock.now() - keptFor;
	const staged = await (chunkStore ?? store).staging.collect(before, { dryRun });
	if (chunkStore === undefined) return staged;
	const lost = await collectUncommitted({ store, chunkStore }, { before, dryRun });
	return { contents: staged.contents + lost.contents, bytes: staged.bytes + lost.bytes };
}
