import { entryMaker, startTestPostgres, type TestPostgres, testClock } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { PostgresStores } from "../postgres/postgres-stores.js";
import type { Bus } from "./bus.js";
import { LocalBus } from "./local-bus.js";
import { PollingBus } from "./polling-bus.js";
import { PostgresBus } from "./postgres-bus.js";

const crypto = nodeCrypto();
const notes = { tenantRoot: "ab".repeat(32), dbId: "notes", purpose: "documents" } as const;
let server: TestPostgres;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
	server = await startTestPostgres();
});

afterEach(async () => {
	for (const each of open.splice(0)) await each.close();
});

afterAll(() => server?.stop());

async function postgresBus(self: string): Promise<PostgresBus> {
	const bus = await PostgresBus.connect(server.url, self);
	open.push(bus);
	return bus;
}

/** What a listener heard, and a promise of the next. */
function hearing(bus: Bus, store = notes as Parameters<Bus["subscribe"]>[0]) {
	const heard: (number | undefined)[] = [];
	let tell = () => {};
	const end = bus.subscribe(store, (arrival) => {
		heard.push(arrival);
		tell();
	});
	const until = async (wanted: number | undefined) => {
		while (!heard.includes(wanted)) await new Promise<void>((resolve) => (tell = resolve));
	};
	return { heard, until, end };
}

test("listeners of one process hear of their store alone, until they end", () => {
	const bus = new LocalBus();
	const [one, other] = [hearing(bus), hearing(bus, { ...notes, purpose: "attachments" })];
	bus.publish({ ...notes, arrival: 3 });
	bus.publish({ ...notes, dbId: "other", arrival: 4 });
	one.end();
	bus.publish({ ...notes, arrival: 5 });
	expect([one.heard, other.heard, bus.stores()]).toEqual([[3], [], [{ ...notes, purpose: "attachments" }]]);
});

test("Postgres: both processes hear, the one that appended only once", async () => {
	const [here, there] = [await postgresBus("here"), await postgresBus("there")];
	const [own, foreign] = [hearing(here), hearing(there)];
	here.publish({ ...notes, arrival: 1 });
	expect(own.heard).toEqual([1]);
	await foreign.until(1);
	there.publish({ ...notes, arrival: 2 });
	await own.until(2);
	expect([own.heard, foreign.heard]).toEqual([
		[1, 2],
		[1, 2],
	]);
});

test("Postgres: many stores at once, with ids of every kind, and what is no notice does no harm", async () => {
	const [here, there] = [await postgresBus("here"), await postgresBus("there")];
	const stores = Array.from({ length: 50 }, (_, i) => ({
		...notes,
		dbId: `${i}${'\u0001"\\é'.repeat(25)}`.slice(0, 128),
	}));
	const listeners = stores.map((store) => hearing(there, store));
	const sql = postgres(server.url, { max: 1 });
	for (const junk of ["", "{}", "[1,2]", '["x",[1,2,3,4],["a","b","c",1],null]'])
		await sql`SELECT pg_notify('mindoodb', ${junk})`;
	await sql.end();
	for (const store of stores) here.publish({ ...store, arrival: 7 });
	await Promise.all(listeners.map(({ until }) => until(7)));
});

test("Postgres: after a lost connection listeners are told that they may have missed something, and hear again", async () => {
	const [here, there] = [await postgresBus("here"), await postgresBus("there")];
	const foreign = hearing(there);
	await server.crash();
	await foreign.until(undefined);
	const again = setInterval(() => here.publish({ ...notes, arrival: 9 }), 50);
	await foreign.until(9);
	clearInterval(again);
});

test("polling: what another process appended is heard at the next look, once", async () => {
	const stores = await PostgresStores.connect(server.url, crypto, { schema: "polling" });
	open.push(stores);
	const clock = testClock();
	const bus = new PollingBus({ clock, newest: (names) => stores.newest(names), interval: 100 });
	open.push(bus);
	const maker = await entryMaker({ crypto, tenantRoot: notes.tenantRoot });
	const store = await stores.open(notes);
	const { heard, until } = hearing(bus);
	const empty = hearing(bus, { ...notes, dbId: "absent" });
	await store.append([await maker.make(), await maker.make()]);
	const look = async () => {
		clock.advance(100);
		await new Promise((resolve) => setImmediate(resolve));
	};
	const looking = setInterval(() => void look(), 20);
	await until(2);
	await store.append([await maker.make()]);
	bus.publish({ ...notes, arrival: 3 });
	await store.append([await maker.make()]);
	await until(4);
	clearInterval(looking);
	expect([heard, empty.heard]).toEqual([[2, 3, 4], []]);
});
