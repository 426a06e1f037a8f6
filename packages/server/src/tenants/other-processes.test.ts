import { patience, testClock } from "@mindoodb/testing";
import { type KeptTenant, memoryStores, nodeCrypto } from "mindoodb";
import { expect, it, vi } from "vitest";
import { AnnouncedStores } from "../bus/announced-stores.js";
import { LocalBus } from "../bus/local-bus.js";
import { OtherProcesses } from "./other-processes.js";

const tenantRoot = "ab".repeat(32);
const notes = { tenantRoot, dbId: "notes", purpose: "documents" } as const;

it("hears of others and not of itself, looks once when notices were lost, and once a minute in any case", async () => {
	const bus = new LocalBus();
	const stores = new AnnouncedStores(memoryStores(nodeCrypto()), bus);
	const clock = testClock();
	const told: string[] = [];
	// What a tenant then does is tested with servers, in postgres-server.test.ts.
	const tenant: Partial<KeptTenant> = {
		appendedElsewhere: async (dbId, purpose) => void told.push(`${dbId} ${purpose}`),
		changedElsewhere: async () => void told.push("anything"),
	};
	const open = new Map([[tenantRoot, Promise.resolve(tenant as KeptTenant)]]);
	const others = new OtherProcesses({ stores, tenants: { opened: () => open }, clock, log: () => undefined });
	const opened = [await stores.open({ ...notes, dbId: "directory" }), await stores.open(notes)];
	bus.publish({ ...notes, arrival: 3 });
	bus.publish({ ...notes, dbId: "unknown", arrival: 3 });
	await vi.waitFor(() => expect(told).toEqual(["notes documents"]), patience);
	bus.publish({ ...notes, dbId: "directory", arrival: 0 });
	bus.publishLoss();
	await vi.waitFor(() => expect(told).toEqual(["notes documents", "anything"]), patience);
	clock.advance(60_000);
	await vi.waitFor(() => expect(told).toHaveLength(3), patience);
	clock.advance(60_000);
	await vi.waitFor(() => expect(told).toHaveLength(4), patience);
	await others.close();
	bus.publish({ ...notes, arrival: 4 });
	expect([told.length, clock.waiting]).toEqual([4, 0]);
	for (const each of opened) await each.close();
});
