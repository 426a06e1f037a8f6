import { MindooError } from "@mindoodb/core";
import type { Action } from "./actions.js";
import { administer } from "./administering.js";
import { forge } from "./forging.js";
import type { Member } from "./member.js";
import type { Server } from "./server.js";
import type { Simulation } from "./simulation.js";

const hour = 3_600_000;

/** What honest software answers when it is asked for what cannot be done. */
const expected: ReadonlySet<string> = new Set([
	"usage",
	"closed",
	"document-deleted",
	"not-found",
	"not-administrator",
	"not-member",
	"not-level",
	"trust",
	"key-missing",
	"purged",
]);

/** Begins an action; what comes of it comes in its own time. */
export function perform(simulation: Simulation, action: Action): void {
	simulation.world.tell(() => `--- ${JSON.stringify(action)}`);
	const { network, layout, servers, world } = simulation;
	switch (action.do) {
		case "cut": {
			const [from, to] = at(layout.links, action.link);
			if (network.cut(from, to, action)) simulation.count("cut");
			return;
		}
		case "heal": {
			const [from, to] = at(layout.links, action.link);
			if (network.heal(from, to)) simulation.count("heal");
			return;
		}
		case "connect": {
			const [from, to] = at(layout.links, action.link);
			const member = simulation.members.find(({ name }) => name === from);
			const { process } = member?.machine ?? {};
			if (member?.isUp !== true || process === undefined) return;
			simulation.count("connect");
			member.connect(process, to);
			return;
		}
		case "crash": {
			const { machine } = at(simulation.actors, action.machine);
			if (action.writes > 0) machine.crashIn = action.writes;
			else machine.crash();
			return;
		}
		case "full":
		case "room": {
			const { machine } = at(simulation.actors, action.machine);
			if (machine.full !== (action.do === "full")) simulation.count(action.do);
			machine.full = action.do === "full";
			machine.wasFull ||= machine.full;
			return;
		}
		case "clock":
			simulation.count("clock");
			at(simulation.actors, action.machine).machine.skew += action.hours * hour;
			return;
		case "lie":
		case "honest":
			if (servers.length > 0 && (action.do === "lie" || at(servers, action.server).lie !== undefined))
				lie(at(servers, action.server), action.do === "lie" ? action.lie : undefined, simulation);
			return;
		case "backup":
		case "restore":
			if (servers.length > 0) setBack(at(servers, action.server), action.do === "restore", simulation);
			return;
		default: {
			// Whoever is revoked does not do it.
			const alone = !("who" in action) || action.do === "revoke";
			const member = alone ? simulation.alice : at(simulation.members, action.who);
			if (!member.isUp) return;
			world.tell(() => `${member.name} begins`);
			simulation.spawn(`${member.name}: ${action.do}`, tolerant(simulation, member, action));
		}
	}
}

/** What a person does with the software. */
async function work(simulation: Simulation, member: Member, action: Action): Promise<void> {
	const { ledger, world } = simulation;
	const db = await member.db();
	const docId = "doc" in action ? ledger.docIds[action.doc % Math.max(1, ledger.docIds.length)] : undefined;
	switch (action.do) {
		case "create": {
			const word = ledger.begin(member.publicKey, world.now);
			const { id } = await db.createDocument({ title: word.word, [word.word]: 1 });
			ledger.docIds.push(id);
			word.docId = id;
			return promise(member, id);
		}
		case "edit": {
			if (docId === undefined) return;
			const word = ledger.begin(member.publicKey, world.now);
			await db.changeDoc(docId, (draft) => {
				draft.title = word.word;
				draft[word.word] = 1;
			});
			word.docId = docId;
			return promise(member, docId);
		}
		case "attach": {
			if (docId === undefined) return;
			const word = ledger.begin(member.publicKey, world.now);
			const bytes = new TextEncoder().encode(word.word.repeat(action.doc % 2 === 0 ? 40 : 900));
			await db.changeDoc(docId, async (draft, attachments) => {
				draft[word.word] = 1;
				await attachments.addAttachment(bytes, word.word, "text/plain");
			});
			word.docId = docId;
			return promise(member, docId);
		}
		case "delete":
			if (docId !== undefined) await db.deleteDocument(docId);
			return docId === undefined ? undefined : promise(member, docId);
		case "forge":
			return forge(simulation, member, action);
		default:
			return administer(simulation, action, docId);
	}
}

/** Notes that what a member has of a document is said to be here for good. */
async function promise(member: Member, docId: string): Promise<void> {
	const db = await member.db();
	for (const entry of await db.store.findNewEntriesForDoc([], docId)) member.promised.set(entry.hash, db.id);
}

function lie(server: Server, lie: Server["lie"], simulation: Simulation): void {
	simulation.setBack = true;
	simulation.count(lie ?? "honest");
	if (lie === undefined) server.replace();
	else {
		server.lie = lie;
		server.disconnect();
	}
}

function setBack(server: Server, restore: boolean, simulation: Simulation): void {
	if (!restore) {
		server.backup = server.machine.disk.copy();
		return;
	}
	if (server.backup === undefined) return;
	simulation.setBack = true;
	simulation.count("restore");
	server.machine.crash();
	server.machine.disk.restore(server.backup);
}

/** Passes over what is refused for a reason, and what a disk without room could not take. */
async function tolerant(simulation: Simulation, member: Member, action: Action): Promise<void> {
	const { machine } = member;
	try {
		await work(simulation, member, action);
		simulation.count(action.do);
	} catch (error) {
		if (error instanceof MindooError && (expected.has(error.code) || (error.code === "store-io" && machine.wasFull))) {
			simulation.count(`${action.do}: ${error.code}`);
			machine.world.tell(() => `${machine.name}: ${error.name} ${error.message}`);
			return;
		}
		throw error;
	}
}

function at<T>(from: readonly T[], number: number): T {
	return from[number % from.length] as T;
}
