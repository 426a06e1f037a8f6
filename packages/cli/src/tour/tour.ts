import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	type Clock,
	createFolder,
	type EncryptedKeyPair,
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
import type { TourReport } from "./report.js";
import { type ServerProcess, startServer } from "./server-process.js";
import type { TextFile } from "./text-files.js";
import { WireTap } from "./wire-tap.js";

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

/** Two members, and the server between them. */
export interface Stage {
	readonly root: string;
	readonly first: Member;
	readonly second: Member;
	readonly secondClock: SetClock;
	readonly server: ServerProcess;
	/** The members reach the server through it. */
	readonly wire: WireTap;
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

/** Starts a server and makes the tenant that it keeps: its first member with the files as documents, and the second member. */
export async function setStage(
	call: Call,
	report: TourReport,
	{ root, files }: { readonly root: string; readonly files: readonly TextFile[] },
): Promise<Stage> {
	let server: ServerProcess | undefined;
	let wire: WireTap | undefined;
	try {
		await report.step("start a server in a process of its own", async () => {
			server = await startServer(join(root, "server"));
			wire = await WireTap.open(server.address);
			return { count: server.address };
		});
		const between = { server: server as unknown as ServerProcess, wire: wire as unknown as WireTap };
		return await makeMembers(call, report, { root, files, ...between });
	} catch (error) {
		await wire?.close();
		await server?.stop();
		throw error;
	}
}

async function makeMembers(
	call: Call,
	report: TourReport,
	{ root, files, server, wire }: Pick<Stage, "root" | "server" | "wire"> & { readonly files: readonly TextFile[] },
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
		stage = {
			root,
			first: { folder: firstFolder, tenant, db: await tenant.openDB(dbId) },
			second: { folder: secondFolder, tenant: joined, db: await joined.openDB(dbId) },
			secondClock,
			server,
			wire,
			ids: new Map(),
		};
		return { count: "2 members" };
	});
	const set = stage as unknown as Stage;
	await report.step("bring the tenant to the server", async () => {
		const { folder, tenant } = set.first;
		const key = (await folder.administrationKey()) as EncryptedKeyPair;
		const directory = await tenant.openDirectory();
		await directory.joinServer(wire.address, {
			serverKey: server.publicKey,
			administrator: { key, ...options },
		});
		return { count: "1 tenant" };
	});
	await report.step("import every file as a document", async () => {
		set.ids = await call.progress("import", (progress) =>
			importFiles(set.first.db, files, (done) => progress(done, files.length)),
		);
		const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
		return { count: countText(files.length, "document"), bytes };
	});
	return set;
}

/** Closes the first member's folder and opens it anew. */
export async function reopenFirst({ first }: Stage): Promise<void> {
	const { dir } = first.folder;
	await first.folder.close();
	first.folder = await openFolder(dir, { password: tourPassword, ...cheap });
	first.tenant = await first.folder.openTenant();
}

export async function closeStage({ first, second, server, wire }: Stage): Promise<void> {
	await first.folder.close();
	await second.folder.close();
	await wire.close();
	await server.stop();
}
