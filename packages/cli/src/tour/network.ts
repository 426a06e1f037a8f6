/** How a member reaches the server in the tour: through the tap. */
import { type SyncHandle, TransportError } from "mindoodb";
import type { Member, Stage } from "./tour.js";

/** Waiting long is for networks that are far away. */
const backOff = { first: 20, most: 200 };
/** Milliseconds after which something that should have happened at once did not. */
const patience = 20_000;

/** Brings a member and the server level, once. @returns entries that went each way. @throws what keeps it from that. */
export async function syncWithServer({ tenant }: Member, { wire }: Stage): Promise<{ received: number; sent: number }> {
	const ending = new AbortController();
	const handle = tenant.sync(wire.address, { backOff, signal: ending.signal });
	handle.onStatus(({ state, error }) => {
		if (state === "waiting" && error !== undefined) ending.abort(error);
	});
	try {
		await handle.level();
		return handle.status;
	} catch (error) {
		throw handle.status.error ?? error;
	} finally {
		await handle.close();
	}
}

/** Connects a member to stay. @returns when both sides are level. */
export async function connectLive({ tenant }: Member, { wire }: Stage): Promise<SyncHandle> {
	const handle = tenant.sync(wire.address, { backOff, live: true });
	await soon(handle.level());
	return handle;
}

/** @throws {TransportError} when it takes too long. */
export async function soon<T>(happening: Promise<T>): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(
			() => reject(new TransportError("nothing came through the network in time", { retryable: true })),
			patience,
		);
	});
	try {
		return await Promise.race([happening, late]);
	} finally {
		clearTimeout(timer);
	}
}
