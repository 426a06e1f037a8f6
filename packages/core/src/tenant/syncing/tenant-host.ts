import type { MindooDB } from "../../database/mindoo-db.js";
import type { Standing, SyncedStore, SyncHost } from "../../sync/host.js";
import type { IncomingPayloads } from "../../sync/payloads/incoming.js";
import { directoryId } from "../../trust/directory-record.js";
import type { DirectoryState } from "../../trust/directory-state.js";
import type { KnownServer } from "../joining/awaited-directory.js";
import { DirectoryStanding } from "../serving/standing.js";

export interface TenantHostParts {
	/** Hex. */
	readonly tenantRoot: string;
	readonly state: DirectoryState;
	/** Payloads that come in Chunks, from all sessions. */
	readonly incoming: IncomingPayloads;
	readonly openDB: (dbId: string) => Promise<MindooDB>;
	readonly listDatabases: () => Promise<readonly string[]>;
	/** Told after each step of the directory. @returns a function that ends it. */
	readonly onDirectory: (listener: () => void) => () => void;
	/** Those that the directory names; before it has come, those of the invitation. */
	readonly servers: () => readonly KnownServer[];
	/** Those that are levelled beside the directory. @default all that either side knows */
	readonly databases?: readonly string[] | undefined;
}

type SendPresence = (dbId: string, message: Uint8Array) => void;

/** A tenant on a member's device as one session sees it. */
export class TenantHost implements SyncHost {
	readonly #parts: TenantHostParts;
	readonly #standing: DirectoryStanding;
	readonly #open = new Map<string, MindooDB>();
	readonly #endPresence: (() => void)[] = [];
	#sendPresence: SendPresence | undefined;

	constructor(parts: TenantHostParts) {
		this.#parts = parts;
		this.#standing = new DirectoryStanding(parts.state);
	}

	get tenantRoot(): string {
		return this.#parts.tenantRoot;
	}

	get incoming(): IncomingPayloads {
		return this.#parts.incoming;
	}

	directoryHeads(): readonly string[] {
		return this.#parts.state.heads();
	}

	standing(publicKey: string): Standing {
		const standing = this.#standing.of(publicKey);
		const { servers } = this.#parts;
		return standing === "unknown" && servers().some(({ signingKey }) => signingKey === publicKey) ? "server" : standing;
	}

	async databases(): Promise<readonly string[]> {
		const { databases, listDatabases } = this.#parts;
		return databases ?? listDatabases();
	}

	async open(dbId: string): Promise<readonly SyncedStore[] | undefined> {
		const { databases, openDB } = this.#parts;
		if (dbId !== directoryId && databases?.includes(dbId) === false) return undefined;
		const db = await openDB(dbId);
		this.#open.set(dbId, db);
		this.#connect(db);
		return db.syncedStores();
	}

	async receivePresence(_peer: string, dbId: string, message: Uint8Array): Promise<void> {
		await this.#open.get(dbId)?.presence.receive(message);
	}

	/** From here on what is published in the databases of the session goes out through it. @returns a function that ends it. */
	carryPresence(send: SendPresence): () => void {
		this.#sendPresence = send;
		for (const db of this.#open.values()) this.#connect(db);
		return () => {
			for (const end of this.#endPresence.splice(0)) end();
		};
	}

	onDirectory(listener: () => void): () => void {
		return this.#parts.onDirectory(listener);
	}

	#connect(db: MindooDB): void {
		const send = this.#sendPresence;
		if (send !== undefined) this.#endPresence.push(db.presence.addConnection((message) => send(db.id, message)));
	}
}
