import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Why somebody, or something, was turned away: a closed list, so that nothing that a client says becomes a label. */
export type RefusalReason =
	| "sessions"
	| "sessions-of-key"
	| "sessions-of-address"
	| "handshake"
	| "tenant"
	| "policy"
	| "storage"
	| "idle"
	| "stalled"
	| "entry"
	/** By the other side, of what is here. */
	| "declined";

const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** What Prometheus is told. Nothing names a tenant, a database, a key or an address. */
export class Metrics {
	readonly registry = new Registry();
	readonly sessions = this.#gauge("mindoodb_sessions", "Sessions that are open.");
	readonly sessionsStarted = this.#counter("mindoodb_sessions_total", "Sessions whose other side proved its key.");
	readonly entries = this.#counter("mindoodb_entries_total", "Entries that were stored.");
	readonly bytes = this.#counter("mindoodb_bytes_total", "Bytes on the wire.", ["direction"]);
	readonly refusals = this.#counter("mindoodb_refusals_total", "What was turned away.", ["reason"]);
	readonly handshakeSeconds = this.#histogram("mindoodb_handshake_seconds", "Time until both sides proved their keys.");
	readonly storeSeconds = this.#histogram("mindoodb_store_seconds", "Time until offered entries were durable.");
	readonly sessionSeconds = this.#histogram(
		"mindoodb_session_seconds",
		"How long sessions lasted.",
		[1, 10, 60, 600, 3600, 86_400],
	);

	/** @param sources asked when somebody looks. */
	constructor(sources: { readonly storeBytes: () => Promise<number>; readonly tenants: () => number }) {
		const { registry } = this;
		collectDefaultMetrics({ register: registry });
		new Gauge({
			name: "mindoodb_store_bytes",
			help: "Bytes that the stores take.",
			registers: [registry],
			async collect() {
				this.set(await sources.storeBytes().catch(() => Number.NaN));
			},
		});
		new Gauge({
			name: "mindoodb_open_tenants",
			help: "Tenants that are open.",
			registers: [registry],
			collect() {
				this.set(sources.tenants());
			},
		});
	}

	refused(reason: RefusalReason, count = 1): void {
		this.refusals.inc({ reason }, count);
	}

	#counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
		return new Counter<L>({ name, help, labelNames, registers: [this.registry] });
	}

	#gauge(name: string, help: string): Gauge {
		return new Gauge({ name, help, registers: [this.registry] });
	}

	#histogram(name: string, help: string, buckets: readonly number[] = seconds): Histogram {
		return new Histogram({ name, help, buckets: [...buckets], registers: [this.registry] });
	}
}
