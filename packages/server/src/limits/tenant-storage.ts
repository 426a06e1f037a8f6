import type { Clock } from "mindoodb";

/** Tells what stores take, wherever they are. */
export interface StorageMeter {
	/** Bytes that the stores of a tenant take, of all tenants without one. */
	bytes(tenantRoot?: string): Promise<number>;
}

export interface TenantStorageOptions {
	readonly meter: StorageMeter;
	readonly clock: Clock;
	/** Bytes that a tenant may take. */
	readonly most: number;
}

interface Measured {
	/** Bytes that were there, and what was let in since. */
	bytes: number;
	readonly measured: number;
	readonly at: number;
}

/** How long a measurement that says "full" holds: something may have been erased. */
const fullFor = 10_000;

/** How much room a tenant has left. Measuring reads a whole folder, so it is done once for every sixteenth of the room that is filled. */
export class TenantStorage {
	readonly #options: TenantStorageOptions;
	readonly #tenants = new Map<string, Measured>();

	constructor(options: TenantStorageOptions) {
		this.#options = options;
	}

	/** Whether a tenant may store that many bytes more; they count as stored then. */
	async take(tenantRoot: string, bytes: number): Promise<boolean> {
		const { most, clock } = this.#options;
		let known = this.#tenants.get(tenantRoot);
		const isFull = known !== undefined && known.bytes + bytes > most;
		if (
			known === undefined ||
			known.bytes - known.measured > most / 16 ||
			(isFull && clock.now() - known.at > fullFor)
		) {
			const measured = await this.#options.meter.bytes(tenantRoot);
			known = { bytes: measured, measured, at: clock.now() };
			this.#tenants.set(tenantRoot, known);
		}
		if (known.bytes + bytes > most) return false;
		known.bytes += bytes;
		return true;
	}
}
