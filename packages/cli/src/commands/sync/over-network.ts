import { type MindooTenant, type SyncHandle, type SyncStatus, TransportError, UsageError } from "mindoodb";
import type { Call } from "../../call.js";
import type { Answer } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { attachmentsOf, historyOf } from "../../holding.js";
import { countText } from "../../text.js";

/** Levels with the server at an address, or with the first of the known ones that answers. */
export async function syncOverNetwork(call: Call, address: string | undefined): Promise<Answer> {
	return call.withTenant(async ({ tenant }) => {
		const attachments = attachmentsOf(call);
		for (const dbId of attachments === undefined ? [] : await tenant.listDatabases()) {
			await tenant.openDB(dbId, { attachments: attachments as NonNullable<typeof attachments> });
		}
		const addresses = address === undefined ? knownAddresses(tenant) : [address];
		if (addresses.length === 0) {
			throw new UsageError("sync: no server is known yet: expected its address, or --with and a folder");
		}
		// What waits for a connection keeps no process alive by itself.
		const alive = setInterval(() => undefined, 60_000);
		try {
			return await (call.options.live === true
				? stayLive(call, tenant, addresses[0] as string)
				: levelOnce(call, tenant, addresses));
		} finally {
			clearInterval(alive);
		}
	});
}

function knownAddresses(tenant: MindooTenant): string[] {
	return tenant.servers().flatMap(({ addresses }) => addresses);
}

async function levelOnce(call: Call, tenant: MindooTenant, addresses: readonly string[]): Promise<Answer> {
	let failure: unknown;
	for (const address of addresses) {
		const ending = new AbortController();
		const handle = begin(call, tenant, address, { live: false, signal: ending.signal });
		// One that cannot be reached is not waited for: another one may answer, and whoever waits can sync again.
		handle.onStatus(({ state, error }) => {
			if (state === "waiting" && error !== undefined) ending.abort(error);
		});
		try {
			await call.progress(`sync ${address}`, async (report) => {
				handle.onStatus(({ received, sent }) => report(received + sent));
				await handle.level();
			});
			return await answerOf(handle, address);
		} catch (error) {
			failure = handle.status.error ?? error;
			if (!(failure instanceof TransportError)) throw failure;
			if (addresses.length > 1) call.note(`${address}: ${failure.message}`);
		} finally {
			await handle.close();
		}
	}
	throw failure;
}

async function stayLive(call: Call, tenant: MindooTenant, address: string): Promise<Answer> {
	const ending = new AbortController();
	const end = () => ending.abort();
	process.once("SIGINT", end);
	process.once("SIGTERM", end);
	const handle = begin(call, tenant, address, { live: true, signal: ending.signal });
	let shown = "";
	handle.onStatus((status) => {
		const line = lineOf(status);
		if (line !== shown) call.note(`${address}: ${line}`);
		shown = line;
	});
	try {
		await handle.done;
		return await answerOf(handle, address);
	} finally {
		process.off("SIGINT", end);
		process.off("SIGTERM", end);
		await handle.close();
	}
}

function begin(
	call: Call,
	tenant: MindooTenant,
	address: string,
	options: { readonly live: boolean; readonly signal: AbortSignal },
): SyncHandle {
	const key = call.option("serverKey");
	const history = historyOf(call);
	return tenant.sync(address, {
		...options,
		...(key !== undefined && { expect: [key.toLowerCase()] }),
		...(history !== undefined && { history }),
	});
}

async function answerOf(handle: SyncHandle, address: string): Promise<Answer> {
	const { received, sent, declinedHere, declinedThere } = handle.status;
	const unacknowledged = await handle.countUnacknowledged();
	const lacking = await handle.countLacking();
	const declined = declinedHere + declinedThere;
	return {
		data: { address, received, sent, declinedHere, declinedThere, unacknowledged, lacking },
		lines: [
			`Level with ${address}: ${countText(received, "entry", "entries")} received, ${sent} sent.`,
			...(declined > 0 ? [`Not taken: ${declinedHere} here, ${declinedThere} there; \`explain\` tells why.`] : []),
			...(unacknowledged > 0
				? [`${countText(unacknowledged, "entry of yours is", "entries of yours are")} on this device alone.`]
				: []),
			...(lacking.payloads > 0
				? [`Not here yet: ${countText(lacking.payloads, "piece", "pieces")} of attachments, ${lacking.bytes} bytes.`]
				: []),
			...(lacking.past.payloads > 0
				? [
						`Not here of the past: ${countText(lacking.past.payloads, "entry", "entries")} of documents; snapshots tell of them.`,
					]
				: []),
		],
		exitCode: declined > 0 ? exitCodes.found : exitCodes.ok,
	};
}

function lineOf({ state, received, sent, error }: SyncStatus): string {
	switch (state) {
		case "live":
			return `level, ${received} received, ${sent} sent`;
		case "waiting":
			return `not connected${error === undefined ? "" : ` (${error.message})`}; trying again`;
		default:
			return state;
	}
}
