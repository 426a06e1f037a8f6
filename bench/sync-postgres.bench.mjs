// Sustained edits from many sessions at a server whose stores lie in Postgres: three processes (writers, server, database) share the machine.
import { nodeEnv } from "mindoodb";
import { startTestPostgres } from "../packages/testing/dist/postgres/test-postgres.js";
import { stopwatch } from "./stopwatch.mjs";
import { makeMembers, openMember, serverFolder } from "./sync/members.mjs";
import { postgresCpu } from "./sync/postgres-processes.mjs";
import { startServer } from "./sync/server-process.mjs";
import { makeKeys, openWriter } from "./sync/writers.mjs";
import { demand, inFlight } from "./tenant.mjs";

const sessions = 50;
/** Each with five devices. */
const members = 10;
const edits = 400;
/** Milliseconds between two edits of a session: 5,000 a second of all. */
const every = 10;

/** @type {readonly import("./harness.mjs").Load[]} */
export const loads = [
	{
		name: "sync-postgres",
		title: `${sessions} sessions of ${members} members write ${edits} edits each, one every ${every} ms, into one database of a server on Postgres, until all are durable`,
		async run({ folder }) {
			const database = await startTestPostgres({ fsync: true });
			const store = database.url;
			const env = await nodeEnv();
			const keys = await makeKeys(env, members);
			await makeMembers(folder, (ada, _, { address }) => ada.sync(address).done, {
				store,
				others: keys.map(({ user }) => user),
			});
			const server = await startServer(serverFolder(folder), { store });
			const ada = await openMember(folder, "ada");
			/** @type {import("./sync/writers.mjs").Writer[]} */
			const writers = [];
			await inFlight(sessions, 8, async (index) => {
				const { signingKey } = /** @type {typeof keys[number]} */ (keys[index % members]);
				writers.push(await openWriter(ada, { env, signingKey, server, dbId: "contacts", edits }));
			});
			await Promise.all(writers.map((writer) => writer.level()));
			const databaseCpu = await postgresCpu(store);
			const before = { server: server.cpuMs(), database: databaseCpu() };
			const passed = stopwatch();
			const start = performance.now();
			const count = () => writers.reduce((sum, writer) => sum + writer.durable(), 0);
			await Promise.all(
				writers.map(async (writer, place) => {
					for (let edit = 0; edit < edits; edit++) {
						const due = start + (edit + place / sessions) * every;
						while (performance.now() < due)
							await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
						await writer.edit();
					}
				}),
			);
			const writtenMs = performance.now() - start;
			while (count() < sessions * edits) await new Promise((resolve) => setTimeout(resolve, 5));
			const { ms, cpuMs } = passed();
			const figures = {
				entriesPerS: (sessions * edits) / (ms / 1000),
				ms,
				writtenMs,
				writersCpuMs: cpuMs,
				serverCpuMs: server.cpuMs() - before.server,
				postgresCpuMs: databaseCpu() - before.database,
			};
			demand("durable", sessions * edits, count());
			// The database's process keeps none alive.
			const alive = setInterval(() => {}, 1000);
			await Promise.all(writers.map((writer) => writer.close()));
			await ada.close();
			await server.stop();
			await database.stop();
			clearInterval(alive);
			return figures;
		},
		targets: { entriesPerS: { atLeast: 3000 } },
	},
];
