import { inspect, isDeepStrictEqual } from "node:util";
import { linkOf } from "@mindoodb/core";
import { type Observation, observe } from "../convergence/observation.js";
import type { Actor } from "./actor.js";
import { wordPrefix } from "./ledger.js";
import type { Member } from "./member.js";
import type { Server } from "./server.js";
import type { Simulation } from "./simulation.js";
import { type Invariant, Violation } from "./violation.js";

/** Virtual milliseconds within which everybody has to be level once nothing fails any more. */
export const convergenceTime = 600_000;
/** Virtual milliseconds within which what has arrived is shown: keys and bytes of files are fetched behind it. */
const settlingTime = 240_000;
const lookEvery = 5000;
/** Virtual milliseconds after which two sides meet anew while what has arrived is not shown everywhere: time to fetch what the last meeting told of. */
const meetEvery = 30_000;
const long = 600_000;

interface Present {
	readonly members: readonly Member[];
	readonly servers: readonly Server[];
}

/** Whoever is a member at the end, as Alice's directory says, or a server, and can reach Alice through others who are. */
async function present({ members, servers, alice }: Simulation): Promise<Present> {
	const directory = await alice.tenant?.openDirectory();
	const users = (await directory?.listUsers()) ?? [];
	const keys = new Set(
		users.flatMap((user) => user.keys.filter(({ revoked }) => revoked === undefined).map((key) => key.signingKey)),
	);
	const granted: readonly Actor[] = [...members.filter(({ publicKey }) => keys.has(publicKey)), ...servers];
	const reached = new Set<Actor>([alice]);
	for (const actor of reached) {
		for (const other of granted) {
			if (other.targets.includes(actor.name) || actor.targets.includes(other.name)) reached.add(other);
		}
	}
	return {
		members: members.filter((member) => reached.has(member)),
		servers: servers.filter((server) => reached.has(server)),
	};
}

/** Waits until everybody who stays holds the same, and nothing is left unacknowledged. */
export async function checkConvergence(simulation: Simulation): Promise<readonly Member[]> {
	const { world } = simulation;
	const end = world.now + convergenceTime;
	let apart = "";
	while (world.now < end && simulation.failure === undefined) {
		await world.pass(lookEvery);
		if (simulation.actors.some(({ isUp }) => !isUp)) {
			apart = "somebody is down";
			continue;
		}
		const here = await world.until(present(simulation), long, "reading the directory");
		apart = await world.until(difference(simulation, here), long, "comparing");
		if (apart === "") return here.members;
	}
	if (simulation.failure !== undefined) throw simulation.failure;
	throw new Violation("everyone who stays connected converges", apart);
}

/** What is not level; "" when all is. */
async function difference(simulation: Simulation, { members, servers }: Present): Promise<string> {
	for (const dbId of ["directory", "notes"]) {
		const sets: [string, string[]][] = [];
		for (const member of members) sets.push([member.name, await (await member.db(dbId)).store.getAllHashes()]);
		for (const { name, kept } of servers) {
			const [stored] = (await kept?.open(dbId)) ?? [];
			sets.push([name, (await stored?.store.getAllHashes()) ?? []]);
		}
		const [first, ...others] = sets.map(([name, hashes]) => [name, new Set(hashes)] as const);
		for (const [name, hashes] of others) {
			const missing = [...(first?.[1] ?? [])].filter((hash) => !hashes.has(hash));
			const more = [...hashes].filter((hash) => !first?.[1].has(hash));
			if (missing.length + more.length === 0) continue;
			const what = await describe(simulation, dbId, [...missing, ...more][0] as string);
			return `${dbId}: ${name} lacks ${missing.length} and has ${more.length} more than ${first?.[0]}, such as ${what}`;
		}
	}
	// Whoever is alone has nobody who could acknowledge.
	for (const { name, tenant } of members.length + servers.length > 1 ? members : []) {
		const count = await tenant?.countUnacknowledged();
		if (count !== 0) return `${count} entries of ${name} are unacknowledged`;
	}
	return "";
}

async function describe({ members }: Simulation, dbId: string, hash: string): Promise<string> {
	for (const member of members) {
		const [entry] = member.isUp ? await (await member.db(dbId)).store.getEntries([hash]) : [];
		if (entry === undefined) continue;
		const author = members.find(({ publicKey }) => publicKey === linkOf(entry).createdByPublicKey);
		return `${entry.kind === "stub" ? "stub" : entry.fields?.entryType} ${hash} by ${author?.name ?? "somebody else"}`;
	}
	return hash;
}

/** What everybody shows in the end, once what arrived last has been looked at. */
export async function checkShown(simulation: Simulation, members: readonly Member[]): Promise<void> {
	const { world } = simulation;
	const end = world.now + settlingTime;
	let meet = world.now;
	for (;;) {
		const seen = await world.until(observeAll(members), long, "looking at what is shown");
		const apart = differenceShown(seen);
		if (apart === "") return checkWords(simulation, (seen[0] as Seen).notes);
		// Bytes of files are asked for when two sides meet.
		if (world.now >= meet) {
			simulation.network.cutAll();
			meet = world.now + meetEvery;
		}
		if (world.now >= end) fail("equal sets and keys show equal documents and verdicts", apart);
		await world.pass(lookEvery);
	}
}

interface Seen {
	readonly name: string;
	readonly directory: Observation;
	readonly notes: Observation;
}

async function observeAll(members: readonly Member[]): Promise<Seen[]> {
	const seen: Seen[] = [];
	for (const member of members) {
		const directory = await observe(await member.db("directory"));
		seen.push({ name: member.name, directory, notes: await observe(await member.db()) });
	}
	return seen;
}

function differenceShown([first, ...others]: readonly Seen[]): string {
	for (const other of others) {
		for (const dbId of ["directory", "notes"] as const) {
			if (first === undefined || isDeepStrictEqual(first[dbId], other[dbId])) continue;
			return `${first.name} and ${other.name}: ${dbId}${firstDifference(first[dbId], other[dbId])}`;
		}
	}
	return "";
}

function checkWords({ ledger, setBack, members }: Simulation, { documents }: Observation): void {
	const shown = new Map<string, string>();
	for (const [docId, { data }] of Object.entries(documents)) {
		for (const field of Object.keys(data as object)) if (field.startsWith(wordPrefix)) shown.set(field, docId);
	}
	const known = new Set(members.map(({ publicKey }) => publicKey));
	for (const word of ledger.words) {
		if (shown.has(word.word) && ledger.isUnauthorised(word)) {
			fail("no unauthorised entry is shown", `${word.word} was written by somebody who was revoked`);
		}
	}
	// What was built upon entries of somebody who was revoked waits for a pardon.
	if (ledger.everRevoked.size > 0) return;
	for (const { word, docId, by } of ledger.words) {
		if (docId === undefined || ledger.purged.has(docId) || ledger.forked.has(docId)) continue;
		if (!known.has(by) || shown.get(word) === docId) continue;
		fail("nothing that was said to be durable is lost", `${word} of document ${docId}${setBack ? ", set back" : ""}`);
	}
}

/** Closes everything, and counts what is left. */
export async function checkEnd(simulation: Simulation): Promise<void> {
	const { world, actors, network } = simulation;
	const processes = actors.map(({ name, machine }) => [name, machine.process] as const);
	await world.until(Promise.all(actors.map((actor) => actor.close())).then(), long, "closing");
	// The last farewells are under way.
	await world.pass(20_000);
	if (simulation.failure !== undefined) throw simulation.failure;
	for (const [name, process] of processes) {
		const { openStores = 0, timers = 0, connections = 0 } = process ?? {};
		if (openStores + timers + connections === 0) continue;
		const left = `${openStores} stores, ${timers} timers, ${connections} connections of ${name}`;
		fail("handles and sessions come to nothing", left);
	}
	for (const { name, sessions } of simulation.servers) {
		if (sessions > 0) fail("handles and sessions come to nothing", `${sessions} sessions of ${name}`);
	}
	if (network.open > 0) fail("handles and sessions come to nothing", `${network.open} connections`);
	const marker = new TextEncoder().encode(wordPrefix);
	for (const { name, machine } of actors) {
		if (machine.disk.contains(marker)) fail("no disk and no wire carries plaintext", `on the disk of ${name}`);
	}
}

function firstDifference(one: unknown, other: unknown, path = ""): string {
	if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
		return `${path}: ${inShort(one)} and ${inShort(other)}`;
	}
	for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
		const [a, b] = [(one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]];
		if (!isDeepStrictEqual(a, b)) return firstDifference(a, b, `${path}/${name}`);
	}
	return path;
}

function inShort(value: unknown): string {
	return inspect(value, { breakLength: Number.POSITIVE_INFINITY }).slice(0, 300);
}

function fail(invariant: Invariant, message: string): never {
	throw new Violation(invariant, message);
}
