import { type Clock, type Log, nameOfError } from "mindoodb";
import type { AnnouncedStores } from "../bus/announced-stores.js";
import type { ServerTenants } from "./server-tenants.js";

export interface OtherProcessesOptions {
	/** The stores of the tenants. */
	readonly stores: AnnouncedStores;
	readonly tenants: Pick<ServerTenants, "opened">;
	readonly clock: Clock;
	readonly log: Log;
}

/** How often every tenant is looked at: a notice may be lost, and not every bus tells of new databases. */
const lookEvery = 60_000;

/** Keeps the tenants that are open here in step with what other processes put into the same stores. */
export class OtherProcesses {
	readonly #options: OtherProcessesOptions;
	readonly #end: () => void;
	/** Tenants that are about to be looked at as a whole. */
	readonly #waiting = new Set<string>();
	readonly #running = new Set<Promise<void>>();
	#cancel: () => void = () => undefined;
	#closed = false;

	constructor(options: OtherProcessesOptions) {
		this.#options = options;
		this.#end = options.stores.onElsewhere(({ tenantRoot, dbId, purpose }, anything) => {
			if (anything) this.#look(tenantRoot);
			else this.#run(async () => (await options.tenants.opened().get(tenantRoot))?.appendedElsewhere(dbId, purpose));
		});
		this.#wait();
	}

	async close(): Promise<void> {
		this.#closed = true;
		this.#end();
		this.#cancel();
		await Promise.all(this.#running);
	}

	#wait(): void {
		this.#cancel = this.#options.clock.after(lookEvery, () => {
			for (const tenantRoot of this.#options.tenants.opened().keys()) this.#look(tenantRoot);
			this.#wait();
		});
	}

	/** A bus that lost its connection says so for every store: one look does for all of a tenant. */
	#look(tenantRoot: string): void {
		if (this.#waiting.has(tenantRoot)) return;
		this.#waiting.add(tenantRoot);
		this.#run(async () => {
			await undefined;
			this.#waiting.delete(tenantRoot);
			await (await this.#options.tenants.opened().get(tenantRoot))?.changedElsewhere();
		});
	}

	#run(task: () => Promise<void>): void {
		if (this.#closed) return;
		const running = task()
			.catch((error: unknown) => {
				// Its sessions hear of it at the next notice, or the next look.
				this.#options.log("warn", "what another process did could not be read", { error: nameOfError(error) });
			})
			.finally(() => this.#running.delete(running));
		this.#running.add(running);
	}
}
