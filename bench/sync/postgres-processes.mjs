// Processor time of a Postgres server: its postmaster and all processes of it.
import { readdirSync, readFileSync } from "node:fs";
import postgres from "postgres";

/** @param {number} pid @returns {{ parent: number, ticks: number, reaped: number } | undefined} */
function processOf(pid) {
	try {
		const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ").map(Number) ?? [];
		const [, parent = 0] = fields;
		const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
		return { parent, ticks: user + system, reaped: childUser + childSystem };
	} catch {
		return undefined;
	}
}

/** @param {string} url @returns {Promise<() => number>} milliseconds so far */
export async function postgresCpu(url) {
	const sql = postgres(url, { max: 1 });
	const [row] = await sql`SELECT pg_backend_pid() AS pid`;
	const postmaster = processOf(row?.pid)?.parent ?? 0;
	await sql.end();
	return () => {
		const own = processOf(postmaster);
		let ticks = (own?.ticks ?? 0) + (own?.reaped ?? 0);
		for (const name of readdirSync("/proc")) {
			const each = /^\d+$/.test(name) ? processOf(Number(name)) : undefined;
			if (each?.parent === postmaster) ticks += each.ticks;
		}
		return ticks * 10;
	};
}
