import { linkOf } from "@mindoodb/core";
import type { Actor } from "./actor.js";
import { Member } from "./member.js";
import type { Simulation } from "./simulation.js";
import { Violation } from "./violation.js";

/** What must be on the disk of whoever has just crashed. */
export async function checkAfterCrash(simulation: Simulation, crashed: Actor): Promise<void> {
	if (crashed instanceof Member) {
		for (const [hash, dbId] of crashed.promised) {
			if (crashed.holds(dbId, hash)) continue;
			throw new Violation("own writes outlive a crash", `${crashed.name} lost ${hash} of ${dbId}`);
		}
	}
	if (simulation.setBack) return;
	for (const member of simulation.members) {
		if (member === crashed || !member.isUp || simulation.ledger.everRevoked.has(member.publicKey)) continue;
		await checkAcknowledged(simulation, member);
	}
}

/** What a member believes to be somewhere else too must be: counted by those of its entries that the software no longer counts. */
async function checkAcknowledged(simulation: Simulation, member: Member): Promise<void> {
	for (const dbId of ["directory", "notes"]) {
		const db = await member.db(dbId);
		const page = await db.store.entriesAfter(0, { payload: false, limit: 10_000 });
		// Chunks are in no chain, and are not counted; of a stub nobody can tell whether it was one.
		const own = page.arrivals.filter(
			({ entry }) =>
				linkOf(entry).createdByPublicKey === member.publicKey &&
				entry.kind === "entry" &&
				entry.fields?.entryType !== "attachment_chunk",
		);
		// Counted afterwards: entries that came meanwhile can only make it more.
		const acknowledged = own.length - (await db.countUnacknowledged());
		for (const { entry } of own.slice(0, Math.max(0, acknowledged))) {
			if (simulation.actors.some((actor) => actor !== member && actor.holds(dbId, entry.hash))) continue;
			const message = `${entry.kind === "entry" && entry.fields?.entryType} ${entry.hash} of ${dbId} by ${member.name} is nowhere else`;
			throw new Violation("what was acknowledged outlives a crash", message);
		}
	}
}
