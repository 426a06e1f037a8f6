import type { Clock, Log } from "@mindoodb/core";
import type { Appended, AppendedListener, Bus, StoreName } from "./bus.js";
import { LocalBus, nameOf } from "./local-bus.js";

export interface PollingBusOptions {
	readonly clock: Clock;
	/** Where the arrivals of stores stand; stores that are not there are left out. */
	readonly newest: (stores: readonly StoreName[]) => Promise<readonly Appended[]>;
	readonly log?: Log;
	/** Milliseconds between two looks. @default 500 */
	readonly interval?: number;
}

/** A bus for databases that send no notices: looks again and again where the stores stand that somebody listens to. */
export class PollingBus implements Bus {
	readonly #local = new LocalBus();
	readonly #options: PollingBusOptions;
	/** Newest arrival that listeners heard of, by store. */
	#heard = new Map<string, number>();
	#cancel: () => void = () => undefined;
	#looking: Promise<void> = Promise.resolve();
	#closed = false;

	constructor(options: PollingBusOptions) {
		this.#options = options;
		this.#wait();
	}

	publish(appended: Appended): void {
		const name = nameOf(appended);
		this.#heard.set(name, Math.max(this.#heard.get(name) ?? 0, appended.arrival));
		this.#local.publish(appended);
	}

	subscribe(store: StoreName, listener: AppendedListener): () => void {
		return this.#local.subscribe(store, listener);
	}

	async close(): Promise<void> {
		this.#closed = true;
		this.#cancel();
		await this.#looking;
		await this.#local.close();
	}

	#wait(): void {
		this.#cancel = this.#options.clock.after(this.#options.interval ?? 500, () => {
			this.#looking = this.#look();
		});
	}

	async #look(): Promise<void> {
		const stores = this.#local.stores();
		const names = new Set(stores.map(nameOf));
		this.#heard = new Map([...this.#heard].filter(([name]) => names.has(name)));
		try {
			for (const appended of stores.length === 0 ? [] : await this.#options.newest(stores)) {
				const name = nameOf(appended);
				// A store that was made anew counts from 1 again.
				if (this.#heard.get(name) === appended.arrival || appended.arrival === 0) continue;
				this.#heard.set(name, appended.arrival);
				this.#local.publish(appended);
			}
		} catch (error) {
			this.#options.log?.("warn", "the stores could not be looked at", { reason: String((error as Error).message) });
		}
		if (!this.#closed) this.#wait();
	}
}
