import type { ContentAddressedStore } from "../../store/store.js";
import type { HistoryMode } from "../../sync/connecting/sync-options.js";
import { HistoryCalls } from "../history/history-calls.js";
import type { FetchOptions, FetchResult, LackingContents } from "./fetch-lacking.js";
import type { HistoryHolding } from "./history-holding.js";
import type { AttachmentHolding } from "./holding.js";

/** The calls of a database about which bytes of attachments are on this replica. */
export abstract class HoldingCalls extends HistoryCalls {
	/** Throws when the database is closed. */
	protected abstract get holding(): AttachmentHolding;

	/**
	 * Names a store that bytes of attachments are fetched from when they are lacking here. What it gives is checked; one that gives wrong
	 * bytes or no answer is asked after the others.
	 * @returns a function that ends it.
	 */
	addSource(store: ContentAddressedStore): () => void {
		return this.holding.addSource(store);
	}

	/**
	 * Fetches from the sources the bytes that this replica is to hold and lacks: all when it is "eager", else those of pinned documents;
	 * with `docId` those of that document.
	 * @throws the reason of `signal`; what was fetched until then is kept.
	 */
	async fetchAttachments(options: FetchOptions = {}): Promise<FetchResult> {
		return this.holding.fetchAll(options);
	}

	/** Throws when the database is closed. */
	protected abstract get past(): HistoryHolding;

	/** What of the attachments that this replica is to hold is not here yet, and cannot be read offline; and what of the past is not. */
	async countLacking(): Promise<LackingContents & { readonly past: LackingContents }> {
		return { ...(await this.holding.lacking()), past: await this.past.lacking() };
	}

	/** Chooses how much of the past this replica fetches, from now on; remembered. @throws {UsageError} when the mode is none. */
	async setHistory(mode: HistoryMode): Promise<void> {
		await this.past.choose(mode);
	}

	/** Holds the bytes of a document's attachments from now on, also those that come later, whatever the bound; fetches what is lacking. */
	async pinAttachments(docId: string, options: Omit<FetchOptions, "docId"> = {}): Promise<FetchResult> {
		return this.holding.pin(docId, options);
	}

	/** Ends `pinAttachments`. */
	async unpinAttachments(docId: string): Promise<void> {
		await this.holding.unpin(docId);
	}

	/** Ids of the documents whose attachments are pinned, sorted. */
	async pinnedAttachments(): Promise<string[]> {
		return this.holding.pinned();
	}
}
