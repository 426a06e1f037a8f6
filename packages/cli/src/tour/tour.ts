import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	type Clock,
	createFolder,
	type MindooDB,
	type MindooFolder,
	type MindooTenant,
	nodeClock,
	openFolder,
	type PasswordKeyOptions,
} from "mindoodb";
import type { Call } from "../call.js";
import { exitCodes } from "../exit-codes.js";
import { countText } from "../text.js";
import { importFiles } from "./library.js";
import { openRelay, type Relay } from "./relay.js";
import type { TourReport } from "./report.js";
import type { TextFile } from "./text-files.js";

/** Names that are long enough for the scan to look for them. */
export const names = { first: "marianne", second: "theodore" } as const;
export const dbId = "library";
export const tourPassword = "a password of the tour";

/**
 * Passwords of the tour protect nothing that lasts: everything is in a temporary folder and its password is in this file. So they may
 * be derived cheaply; nowhere else may they.
 */
const cheap: PasswordKeyOptions = {
	kdf: { name: "argon2id", memoryKiB: 8, passes: 1, lanes: 1 },
	limits: { memoryKiB: [8, 64 * 1024] },
};

export const tourKdf = cheap;

/** A clock that can be set back. */
export interface SetClock extends Clock {
	/** Milliseconds that it goes wrong by. */
	offset: number;
}

export interface Member {
	folder: MindooFolder;
	tenant: MindooTenant;
	db: MindooDB;
}

/** Two members and a relay. */
export interface Stage {
	readonly root: string;
	readonly first: Member;
	readonly second: Member;
	readonly secondClock: SetClock;
	readonly relay: Relay;
	readonly relayDb: MindooDB;
	/** Ids of the imported documents by path. */
	ids: ReadonlyMap<string, string>;
}

/** What somebody sends who does not want to see the end. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Makes a folder and takes it away again, however the work ends. */
export async function withTemporaryFolder<T>(keep: boolean, work: (root: string) => Promise<T>): Promise<T> {
	// mkdtemp gives it to its owner alone.
	const root = await mkdtemp(join(tmpdir(), "mindoodb-tour-"));
	const leave = () => {
		if (!keep) rmSync(root, { recursive: true, force: true });
		process.exit(exitCodes.cancelled);
	};
	for (const signal of signals) process.once(signal, leave);
	try {
		return await work(root);
	} finally {
		for (const signal of signals) process.off(signal, leave);
		if (!keep) await rm(root, { recursive: true, force: true });
	}
}

/** Makes the tenant, its first member with the files as documents, the relay, and the second member. */
export async function setStage(
	call: Call,
	report: TourReport,
	{ root, files }: { readonly root: string; readonly files: readonly TextFile[] },
): Promise<Stage> {
	const options = { password: tourPassword, ...cheap };
	const secondClock: SetClock = Object.assign(Object.create(nodeClock()) as Clock, { offset: 0 });
	const real = nodeClock();
	secondClock.now = () => real.now() + secondClock.offset;
	let stage: Stage | undefined;
	await report.step("make two identities and a tenant", async () => {
		const [firstFolder, secondFolder] = await Promise.all([
			createFolder(join(root, "first"), { username: names.first, ...options }),
			createFolder(join(root, "second"), { username: names.second, clock: secondClock, ...options }),
		]);
		const tenant = await firstFolder.createTenant({
			tenantId: "the tour",
			adminPassword: tourPassword,
			tenantKeyPassword: tourPassword,
			...options,
		});
		const { request, words } = await secondFolder.makeJoinRequest();
		const invited = await (await tenant.openDirectory()).inviteUser(request, { words });
		const { response } = invited;
		const joined = await secondFolder.joinTenant({ response, confirmation: { words: invited.words } });
		const relay = await openRelay(tenant.identity, tenant.keyBag.get("directory") as Uint8Array);
		stage = {
			root,
			first: { folder: firstFolder, tenant, db: await tenant.openDB(dbId) },
			second: { folder: secondFolder, tenant: joined, db: await joined.openDB(dbId) },
			secondClock,
			relay,
			relayDb: await relay.tenant.openDB(dbId),
			ids: new Map(),
		};
		return { count: "2 members, 1 relay" };
	});
	const set = stage as unknown as Stage;
	await report.step("import every file as a document", async () => {
		set.ids = await call.progress("import", (progress) =>
			importFiles(set.first.db, files, (done) => progress(done, files.length)),
		);
		const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
		return { count: countText(files.length, "document"), bytes };
	});
	return set;
}

/** Brings a member and the relay level: directory first. @returns entries that went each way. */
export async function syncWithRelay({ tenant, db }: Member, stage: Stage, { pull = true, push = true } = {}) {
	const relayDirectory = await stage.relay.tenant.openDirectory();
	const directory = (await tenant.openDirectory()).db;
	let received = 0;
	let sent = 0;
	for (const [own, others] of [
		[directory, relayDirectory.db],
		[db, stage.relayDb],
	] as const) {
		if (pull) received += (await own.pullChangesFrom(others.store)).stored;
		if (push) sent += (await own.pushChangesTo(others.store)).sent;
	}
	return { received, sent };
}

/** Closes the first member's folder and opens it anew. */
export async function reopenFirst({ first }: Stage): Promise<void> {
	const { dir } = first.folder;
	await first.folder.close();
	first.folder = await openFolder(dir, { password: tourPassword, ...cheap });
	first.tenant = await first.folder.openTenant();
}

export async function closeStage({ first, second, relay }: Stage): Promise<void> {
	await first.folder.close();
	await second.folder.close();
	await relay.close();
}
