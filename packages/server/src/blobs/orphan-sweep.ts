import { type Clock, type Log, nameOfError, type StoreFactory } from "mindoodb";

export interface OrphanSweepOptions {
	/** Stores that may be open elsewhere at the same time. */
	readonly stores: StoreFactory;
	/** tenantRoots. */
	readonly tenants: () => Promise<readonly string[]>;
	readonly clock: Clock;
	readonly log: Log;
}

const day = 24 * 60 * 60 * 1000;

/** Erases once a day what crashes have left in the object store: objects of more than a day that no row names. */
export class OrphanSweep {
	readonly #options: OrphanSweepOptions;
	#cancel: () => void = () => undefined;
	#sweeping: Promise<void> = Promise.resolve();
	#closed = false;

	constructor(options: OrphanSweepOptions) {
		this.#options = options;
		this.#wait();
	}

	/** Resolves when the store that it is at is done. */
	async close(): Promise<void> {
		this.#closed = true;
		this.#cancel();
		await this.#sweeping;
	}

	#wait(): void {
		this.#cancel = this.#options.clock.after(day, () => {
			this.#sweeping = this.#sweep().finally(() => {
				if (!this.#closed) this.#wait();
			});
		});
	}

	async #sweep(): Promise<void> {
		const { stores, tenants, log } = this.#options;
		let objects = 0;
		try {
			for (const tenantRoot of await tenants()) {
				for (const dbId of await stores.list(tenantRoot)) {
					for (const purpose of ["documents", "attachments"] as const) {
						if (this.#closed) return;
						objects += await this.#sweepStore({ tenantRoot, dbId, purpose });
					}
				}
			}
			log("info", "the object store was swept", { objects });
		} catch (error) {
			log("warn", "the object store could not be swept", { objects, error: nameOfError(error) });
		}
	}

	async #sweepStore(options: Parameters<StoreFactory["open"]>[0]): Promise<number> {
		const { stores, clock } = this.#options;
		const store = await stores.open(options);
		try {
			return await store.contents.collect(clock.now() - day);
		} finally {
			await store.close();
		}
	}
}
