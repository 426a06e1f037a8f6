import type { Log } from "@mindoodb/core";
import postgres, { type Sql } from "postgres";
import { Connections } from "../postgres/connections.js";
import type { Appended, AppendedListener, Bus, StoreName } from "./bus.js";
import { LocalBus, nameOf } from "./local-bus.js";

export interface PostgresBusOptions {
	/** Processes hear those with the same one. @default "mindoodb" */
	readonly channel?: string;
	readonly log?: Log;
}

/** A notice holds less than 8,000 bytes (PostgreSQL, NOTIFY); one of a store at most some 900, where its id is all control characters. */
const noticeStores = 8;

/**
 * A bus over LISTEN and NOTIFY. Notices are sent outside of the transactions that append: those with notices wait for one another
 * over the whole database when they commit.
 */
export class PostgresBus implements Bus {
	readonly #local = new LocalBus();
	readonly #hearing: Sql;
	readonly #speaking: Connections;
	readonly #channel: string;
	readonly #log: Log | undefined;
	readonly #self: string;
	/** Newest arrivals that are still to be told, by store. */
	readonly #waiting = new Map<string, Appended>();
	#sending: Promise<void> | undefined;

	private constructor(url: string, self: string, { channel = "mindoodb", log }: PostgresBusOptions) {
		this.#hearing = postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined });
		this.#speaking = new Connections(url, { connections: 1 });
		this.#self = self;
		this.#channel = channel;
		this.#log = log;
	}

	/**
	 * Resolves when it hears.
	 * @param url `postgres://…`, of the server itself: a pooler that hands out connections by transaction passes no notices on.
	 * @param self names this process; different for each.
	 */
	static async connect(url: string, self: string, options: PostgresBusOptions = {}): Promise<PostgresBus> {
		const bus = new PostgresBus(url, self, options);
		try {
			await bus.#speaking.run("listen for notices", () => bus.#listen());
		} catch (error) {
			await bus.close();
			throw error;
		}
		return bus;
	}

	publish(appended: Appended): void {
		this.#local.publish(appended);
		this.#waiting.set(nameOf(appended), appended);
		this.#sending ??= this.#send();
	}

	subscribe(store: StoreName, listener: AppendedListener): () => void {
		return this.#local.subscribe(store, listener);
	}

	async close(): Promise<void> {
		await this.#sending;
		await this.#local.close();
		await Promise.all([this.#hearing.end({ timeout: 5 }), this.#speaking.close()]);
	}

	async #listen(): Promise<void> {
		let heardBefore = false;
		const onListen = () => {
			// Listens again after its connection was lost.
			if (heardBefore) this.#local.publishLoss();
			heardBefore = true;
		};
		await this.#hearing.listen(this.#channel, (text) => this.#hear(text), onListen);
	}

	/** What is appended while a notice is under way goes into the next one. */
	async #send(): Promise<void> {
		await undefined;
		while (this.#waiting.size > 0) {
			const next = [...this.#waiting].slice(0, noticeStores);
			for (const [name] of next) this.#waiting.delete(name);
			const stores = next.map(([, { tenantRoot, dbId, purpose, arrival }]) => [tenantRoot, dbId, purpose, arrival]);
			const text = JSON.stringify([this.#self, ...stores]);
			try {
				await this.#speaking.run(
					"send a notice",
					({ writers: sql }) => sql`SELECT pg_notify(${this.#channel}, ${text})`,
				);
			} catch (error) {
				this.#log?.("warn", "a notice was lost", { reason: String((error as Error).message) });
			}
		}
		this.#sending = undefined;
	}

	#hear(text: string): void {
		const [from, ...stores] = parse(text);
		if (from === this.#self) return;
		for (const store of stores) {
			const [tenantRoot, dbId, purpose, arrival] = Array.isArray(store) ? (store as unknown[]) : [];
			if (typeof tenantRoot !== "string" || typeof dbId !== "string" || typeof arrival !== "number") continue;
			if (purpose !== "documents" && purpose !== "attachments") continue;
			this.#local.publish({ tenantRoot, dbId, purpose, arrival });
		}
	}
}

/** Whoever reaches the database can send notices. */
function parse(text: string): readonly unknown[] {
	try {
		const items = JSON.parse(text) as unknown;
		return Array.isArray(items) ? items : [];
	} catch {
		return [];
	}
}
