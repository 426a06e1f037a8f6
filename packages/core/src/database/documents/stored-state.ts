import type { RootState } from "../../automerge/root-state.js";
import type { DatabaseContext } from "../context.js";
import type { Verdict } from "../judging/verdict.js";
import { readVerdicts } from "../judging/verdict-rows.js";
import type { Projections } from "../projection/projections.js";
import type { Lag } from "./behind.js";

/** What is stored about a document besides its entries. */
export interface StoredState {
	/** Feed number of the latest change that the feed knows, 0 for none. */
	readonly feed: number;
	/** Last arrival that the projection covers. */
	readonly applied: number;
	/** Whether rights or keys changed, so that every entry is judged anew. */
	readonly judgeAnew: boolean;
	/** Verdicts of entries that were not accepted, by arrival; none where every entry is judged anew. */
	readonly verdicts: ReadonlyMap<number, Verdict>;
	/** What the document shows and what stands at its root, where that was kept. */
	readonly kept: KeptDocument | undefined;
}

/** What was kept of a document with its projection, and suffices to edit its root fields before it is loaded. */
export interface KeptDocument {
	readonly root: RootState;
	/** What it shows, as `decodeProjection` takes it. */
	readonly data: Uint8Array;
}

/** In the document's turn alone, or its parts may not fit each other. @param lag how far the document is behind. */
export async function readStoredState(
	{ store }: DatabaseContext,
	projections: Projections,
	document: number,
	lag: Lag | undefined,
): Promise<StoredState> {
	const stored = await projections.read(document);
	const head = stored === undefined || stored.kind === "unusable" ? undefined : stored.head;
	const shown = stored?.kind === "shown" ? stored.opened : undefined;
	const root = shown?.facts.root;
	const judgeAnew = head === undefined || (lag?.anew ?? false);
	return {
		feed: lag?.feed || head?.feed || 0,
		applied: head?.applied ?? 0,
		judgeAnew,
		verdicts: judgeAnew ? new Map() : await readVerdicts(store.rows, document),
		kept: shown === undefined || root === undefined ? undefined : { root, data: shown.data },
	};
}
