import type { Clock, PutReport, SessionGate, StoredEntry } from "mindoodb";
import type { TenantStorage } from "../limits/tenant-storage.js";
import { pause, type TokenBucket } from "../limits/token-bucket.js";
import type { Metrics } from "../operations/metrics.js";

export interface CountingGateOptions {
	readonly clock: Clock;
	readonly metrics: Metrics;
	readonly storage: TenantStorage;
	readonly tenantRoot: string;
	/** Entries that the session's key may offer. */
	readonly rate: TokenBucket;
	/** Aborted when the session ends. */
	readonly signal: AbortSignal;
}

/** What comes in through one session: counted, held back by the key's rate, and refused when the tenant has no room left. */
export class CountingGate implements SessionGate {
	readonly #options: CountingGateOptions;

	constructor(options: CountingGateOptions) {
		this.#options = options;
	}

	async take(
		{ dbId, entries }: { readonly dbId: string; readonly entries: readonly StoredEntry[] },
		put: () => Promise<PutReport>,
	): Promise<PutReport> {
		const { clock, metrics, storage, tenantRoot, rate, signal } = this.#options;
		if (entries.length === 0) return put();
		await pause(clock, rate.take(entries.length), signal);
		// Without room for the directory nobody could be revoked, nor anything erased.
		if (dbId !== "directory" && !(await storage.take(tenantRoot, bytesOf(entries)))) {
			metrics.refused("storage", entries.length);
			const message = "the tenant has no room left on this server";
			return { stored: [], known: [], refused: entries.map(({ hash }) => ({ hash, reason: "limit", message })) };
		}
		const started = clock.now();
		const report = await put();
		metrics.storeSeconds.observe((clock.now() - started) / 1000);
		metrics.entries.inc(report.stored.length);
		metrics.refused("entry", report.refused.length);
		return report;
	}

	declined(count: number): void {
		this.#options.metrics.refused("declined", count);
	}
}

/** A chunk whose bytes are not there yet counts with them: they are fetched once it is stored. */
function bytesOf(entries: readonly StoredEntry[]): number {
	let bytes = 0;
	for (const entry of entries) {
		bytes +=
			entry.kind === "stub"
				? 256
				: entry.header.length + (entry.payload?.length ?? entry.fields?.originalSize ?? 0) + 64;
	}
	return bytes;
}
