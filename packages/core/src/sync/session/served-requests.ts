import { FormatError, MindooError, nameOfError, VerifyError } from "../../errors.js";
import { isKnown } from "../host.js";
import type { Request } from "../wire/generated/sync_pb.js";
import { Serving } from "./serving.js";
import type { SessionParts } from "./session-parts.js";
import type { SessionStores } from "./session-stores.js";

/** What the other side has asked, answered one after the other. */
export class ServedRequests {
	readonly #session: SessionParts;
	readonly #stores: SessionStores;
	readonly #serving: Serving;
	readonly #waiting: Request[] = [];
	#answering = false;
	#lastId = 0;
	#ended = false;

	constructor(session: SessionParts, stores: SessionStores) {
		const { env, limits, output, payloads } = session;
		this.#session = session;
		this.#stores = stores;
		this.#serving = new Serving(env.crypto, limits, payloads);
		output.onRoom(this.step);
	}

	/** @throws {FormatError} when it may not be asked, or too much at a time. */
	add(request: Request): void {
		const { openRequests } = this.#session.limits;
		if (request.id <= this.#lastId) throw new FormatError("request: expected a new number", { found: request.id });
		this.#lastId = request.id;
		if (this.#waiting.length + Number(this.#answering) >= openRequests) {
			throw new FormatError("request: too many at a time", { code: "limit", expected: openRequests });
		}
		this.#waiting.push(request);
		this.step();
	}

	end(): void {
		this.#ended = true;
		this.#waiting.length = 0;
		this.#session.output.offRoom(this.step);
	}

	/** A side that does not read what it asked for gets nothing more, and keeps nothing here but its questions. */
	readonly step = (): void => {
		if (this.#answering || this.#next() === undefined) return;
		this.#session.work(async () => {
			this.#answering = true;
			try {
				for (let next = this.#next(); next !== undefined; next = this.#next()) {
					this.#waiting.splice(this.#waiting.indexOf(next), 1);
					await this.#answer(next);
				}
			} finally {
				this.#answering = false;
			}
		});
	};

	/** Who asks for chunks waits until those that are under way are out; other questions pass by. */
	#next(): Request | undefined {
		const { output, outgoing, limits } = this.#session;
		if (this.#ended || output.full) return undefined;
		if (outgoing.heldBytes < limits.outgoingBytes) return this.#waiting[0];
		return this.#waiting.find(({ kind }) => kind.case !== "contents" || kind.value.held.length === 0);
	}

	async #answer({ id, store, kind }: Request): Promise<void> {
		const { send, env } = this.#session;
		if (kind.case === undefined) {
			return send({ case: "response", value: { id, kind: { case: "failed", value: { code: "unsupported" } } } });
		}
		if (kind.case === "databases") {
			const dbIds = this.#mayReadAll ? [...(await this.#session.host.databases())] : [];
			return send({ case: "response", value: { id, kind: { case: "databases", value: { dbIds } } } });
		}
		const { synced, telling, takeGiven } = this.#stores.link(store);
		try {
			this.#checkMay(synced.dbId, kind.case);
			const reply = await this.#serving.answer({ store: synced.store, telling, onGiven: takeGiven }, kind);
			send({ case: "response", value: { id, kind: reply } });
		} catch (error) {
			if (error instanceof FormatError || !(error instanceof MindooError)) throw error;
			env.log("warn", "a request of a peer failed", { error: nameOfError(error), code: error.code });
			send({ case: "response", value: { id, kind: { case: "failed", value: { code: error.code } } } });
		}
	}

	get #mayReadAll(): boolean {
		return isKnown(this.#session.host.standing(this.#session.peer));
	}

	/** A revoked key reads the directory, else it would never learn of its revocation. */
	#checkMay(dbId: string, asked: string): void {
		if (this.#mayReadAll) return;
		const standing = this.#session.host.standing(this.#session.peer);
		if (standing !== "revoked" || dbId !== "directory" || asked === "put") {
			throw new VerifyError("the directory does not grant the key of the other side");
		}
	}
}
