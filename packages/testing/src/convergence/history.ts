import {
	type MindooDB,
	MindooError,
	type MindooTenantDirectory,
	type StoredEntry,
	TenantFactory,
} from "@mindoodb/core";
import type { TenantFixture, TestReplica } from "../tenant-fixture/tenant-fixture.js";
import type { Command } from "./commands.js";

const hour = 60 * 60 * 1000;
/** Most replicas: each more makes every later levelling dearer. */
const mostReplicas = 6;

/** What honest software answers when it is asked for what cannot be done; anything else is a fault. */
const expected: ReadonlySet<string> = new Set([
	"usage",
	"document-deleted",
	"not-found",
	"not-administrator",
	"not-member",
	"trust",
	"key-missing",
]);

/** Makes entries that honest software would not. */
export type Forge = (forging: {
	readonly replica: TestReplica;
	readonly db: MindooDB;
	readonly docId: string;
	readonly kind: number;
	readonly value: number;
}) => Promise<readonly StoredEntry[]>;

/** Lets things happen in a tenant, on all replicas as they come. */
export class History {
	readonly fixture: TenantFixture;
	readonly #forge: Forge;
	readonly #docIds: string[] = [];
	/** Entries that no replica made by itself. */
	readonly forged: StoredEntry[] = [];

	constructor(fixture: TenantFixture, forge: Forge) {
		this.fixture = fixture;
		this.#forge = forge;
	}

	/** Carries out a command; does nothing when what it asks for is not allowed. */
	async do(command: Command): Promise<void> {
		try {
			await this.#do(command);
		} catch (error) {
			if (!(error instanceof MindooError) || !expected.has(error.code)) throw error;
		}
	}

	/** Every entry that any replica holds, of one database, first come first. */
	async entries(dbId: string): Promise<StoredEntry[]> {
		const entries = new Map<string, StoredEntry>();
		for (const replica of this.fixture.replicas) {
			const { store } = dbId === "directory" ? await replica.directory() : await replica.db(dbId);
			for (let at = 0; ; ) {
				const page = await store.entriesAfter(at);
				for (const { entry } of page.arrivals) {
					entries.set(entry.hash, fullest(entry, entries.get(entry.hash)));
				}
				if (page.next === at) break;
				at = page.next;
			}
		}
		if (dbId !== "directory") {
			for (const entry of this.forged) entries.set(entry.hash, fullest(entry, entries.get(entry.hash)));
		}
		return [...entries.values()];
	}

	async #do(command: Command): Promise<void> {
		const { replicas, creator, administrator } = this.fixture;
		const replica = "who" in command ? (replicas[command.who % replicas.length] as TestReplica) : creator;
		const db = await replica.db();
		const docId = this.#docIds[("doc" in command ? command.doc : 0) % Math.max(1, this.#docIds.length)];
		replica.clock.advance(1);
		switch (command.do) {
			case "create": {
				const keyId = command.secret ? "secret" : "default";
				const doc = await db.createEncryptedDocument(keyId, { title: `title ${command.value}`, list: [], count: 0 });
				this.#docIds.push(doc.id);
				return;
			}
			case "edit":
				if (docId !== undefined) await db.changeDoc(docId, edit(command.kind, command.value));
				return;
			case "burst": {
				const work: Promise<unknown>[] = [];
				for (let i = 0; i < 3 && docId !== undefined; i++) work.push(db.changeDoc(docId, edit(i, command.value + i)));
				work.push(
					db.createDocument({ title: `burst ${command.value}`, list: [] }).then(({ id }) => this.#docIds.push(id)),
				);
				if (docId !== undefined) work.push(db.changeDoc(docId, edit(3, command.value)));
				const failed = (await Promise.allSettled(work)).find((each) => each.status === "rejected");
				if (failed !== undefined) throw failed.reason;
				return;
			}
			case "delete":
				if (docId !== undefined) await db.deleteDocument(docId);
				return;
			case "undelete":
				if (docId !== undefined) await db.undeleteDocument(docId);
				return;
			case "attach":
			case "append":
			case "detach":
				if (docId !== undefined) await attach(db, docId, command.do, command.value);
				return;
			case "level": {
				const other = replicas[command.other % replicas.length] as TestReplica;
				if (other === replica) return;
				if (command.part === 0) await (await replica.directory()).db.pullChangesFrom((await other.directory()).store);
				else if (command.part === 1) await db.pullChangesFrom((await other.db()).store);
				else await replica.level(other);
				return;
			}
			case "revoke":
				await (await this.#administrator(command.by)).revokeUser(replica.name.replace(/'+$/, ""));
				return;
			case "register": {
				if (replica === creator || replica.userId === undefined) return;
				const user = new TenantFactory(replica.env).toPublicUserId(replica.userId);
				await (await this.#administrator(command.by)).registerUser(user);
				return;
			}
			case "dismiss": {
				const { publicKey } = replica;
				const heads = command.lenient ? await (await creator.directory()).db.chainHeadsOf(publicKey) : [];
				const accepted = new Map([["directory", heads.map((to) => ({ from: undefined, to }))]]);
				const form = {
					form: "adminrevoke",
					username: replica.name,
					signingKey: publicKey,
					requestDataWipe: false,
				} as const;
				await (await creator.directory()).write([{ ...form, accepted }], administrator);
				return;
			}
			case "appoint": {
				const form = { form: "admingrant", username: replica.name, signingKey: replica.publicKey } as const;
				await (await creator.directory()).write([form], administrator);
				return;
			}
			case "handOver":
				await creator.handOver("secret", replica);
				return;
			case "device":
				if (replicas.length < mostReplicas)
					await this.fixture.device(`${replica.name}'`, replica, ["directory", "default"]);
				return;
			case "pardon":
				await this.#pardon(command.doc, command.run, command.by);
				return;
			case "adminOnly":
				await (await this.#administrator(command.by)).changeDBSettings("notes", (settings) => {
					settings.adminOnly = true;
				});
				return;
			case "rotate":
				await (await this.#administrator(command.by)).rotateKey(command.directory ? "directory" : "default");
				return;
			case "purge":
				if (docId !== undefined && replica.user !== undefined)
					await (await replica.directory()).requestPurge({ dbId: "notes", docId }, administrator);
				return;
			case "settings":
				await (await replica.directory()).changeDBSettings("notes", (settings) => {
					settings[`s${command.value % 3}`] = command.value;
				});
				return;
			case "clock":
				replica.clock.set(replica.clock.now() + command.hours * hour);
				return;
			case "reopen":
				await replica.reopen();
				return;
			case "forge": {
				if (docId === undefined) return;
				const forged = await this.#forge({ replica, db, docId, kind: command.kind, value: command.value });
				this.forged.push(...forged);
				// Some of them arrive at once, and others build on them.
				for (const [i, entry] of forged.entries()) {
					const first = replicas[(command.value + i) % replicas.length] as TestReplica;
					if ((command.value + i) % 3 !== 0) await (await first.db()).store.putEntries([entry]);
				}
			}
		}
	}

	async #pardon(number: number, run: boolean, by: number): Promise<void> {
		const directory = await this.#administrator(by);
		const db = await this.fixture.creator.db();
		const refused: { readonly heads: readonly string[] }[] = [];
		for await (const each of db.refusedDocuments()) refused.push(each);
		const { heads } = refused[number % Math.max(1, refused.length)] ?? { heads: [] };
		if (heads.length === 0) return;
		const runs = heads.map((to) => ({ from: undefined, to }));
		await directory.acceptEntries(run ? { dbId: "notes", runs } : { dbId: "notes", entries: heads });
	}

	/** The directory on one of the replicas whose user is an administrator, as far as that replica knows. */
	async #administrator(number: number): Promise<MindooTenantDirectory> {
		const directories: MindooTenantDirectory[] = [];
		for (const replica of this.fixture.replicas) {
			if (replica.user === undefined) continue;
			const directory = await replica.directory();
			const administrators = await directory.listAdministrators();
			if (administrators.some(({ signingKey }) => signingKey === replica.publicKey)) directories.push(directory);
		}
		return directories[number % Math.max(1, directories.length)] ?? this.fixture.creator.directory();
	}
}

/** What two copies of an entry say together: it may be signed here and vouched for there, and erased here and whole there. */
function fullest(entry: StoredEntry, known: StoredEntry = entry): StoredEntry {
	const whole = known.kind === "entry" ? known : entry;
	return { ...whole, signature: known.signature ?? entry.signature };
}

/** One file more, some more bytes of one where there is one, or one less. */
async function attach(db: MindooDB, docId: string, how: "attach" | "append" | "detach", value: number): Promise<void> {
	const bytes = new Uint8Array(value * 97).fill(value);
	await db.changeDoc(docId, async (_, attachments) => {
		const files = attachments.getAttachments();
		const { id } = files[value % Math.max(1, files.length)] ?? {};
		if (how === "append" && id !== undefined) await attachments.appendToAttachment(id, bytes);
		else if (how !== "detach") await attachments.addAttachment(bytes, `file ${value}`, "application/octet-stream");
		else if (id !== undefined) attachments.removeAttachment(id);
	});
}

interface Shape {
	title: string;
	list: number[];
	count: number;
	at?: Date;
	bytes?: Uint8Array;
	nested?: Record<string, unknown>;
}

function edit(kind: number, value: number): (draft: Record<string, unknown>) => void {
	return (draft) => {
		const shape = draft as unknown as Shape;
		switch (kind) {
			case 0:
				shape.title = `title ${value}`;
				return;
			case 1:
				if (!Array.isArray(shape.list)) shape.list = [];
				shape.list.push(value);
				return;
			case 2:
				shape.count = value;
				return;
			case 3:
				shape.nested = { [`k${value % 3}`]: value, deep: [value] };
				return;
			case 4:
				if (Array.isArray(shape.list) && shape.list.length > 0) shape.list.splice(value % shape.list.length, 1);
				return;
			case 5:
				shape.at = new Date(value);
				shape.bytes = Uint8Array.of(value);
				return;
			default:
				delete draft.count;
		}
	};
}
