import type { MessageInitShape } from "@bufbuild/protobuf";
import { FormatError, StoreError, type TransportError } from "../../errors.js";
import type { Failed, RequestSchema, Response } from "../wire/generated/sync_pb.js";
import type { MessageInit } from "../wire/messages.js";

export type Question = NonNullable<MessageInitShape<typeof RequestSchema>["kind"]>;
type Answer = Exclude<Response["kind"], { case: undefined }>;
export type AnswerKind = Exclude<Answer["case"], "failed">;
export type AnswerOf<K extends AnswerKind> = Extract<Answer, { case: K }>["value"];

interface Asked {
	readonly expected: Answer["case"];
	resolve(answer: Answer): void;
	reject(error: unknown): void;
}

interface Waiting {
	begin(): void;
	reject(error: unknown): void;
}

const storeCodes: readonly string[] = ["store-damaged", "store-io", "chunk-missing"];

/** What this side has asked the other one. */
export class Requests {
	readonly #send: (kind: MessageInit) => void;
	readonly #most: number;
	readonly #open = new Map<number, Asked>();
	/** Those for which there is no room yet; whoever is answered leaves its place to the first. */
	readonly #waiting: Waiting[] = [];
	#taken = 0;
	#lastId = 0;
	#ended: TransportError | undefined;

	/** @param most requests that are open at a time. */
	constructor(send: (kind: MessageInit) => void, most: number) {
		this.#send = send;
		this.#most = most;
	}

	/** Whether nothing is answered any more. */
	get ended(): boolean {
		return this.#ended !== undefined;
	}

	/**
	 * @param store number of the store that is meant, 0 for none.
	 * @throws {StoreError} when the other side could not answer.
	 */
	async ask<K extends AnswerKind>(store: number, question: Question, expected: K): Promise<AnswerOf<K>> {
		if (this.#ended !== undefined) throw this.#ended;
		if (this.#taken < this.#most) this.#taken++;
		else await new Promise<void>((begin, reject) => this.#waiting.push({ begin, reject }));
		const id = ++this.#lastId;
		const answer = await new Promise<Answer>((resolve, reject) => {
			this.#open.set(id, { expected, resolve, reject });
			this.#send({ case: "request", value: { id, store, kind: question } });
		});
		return answer.value as AnswerOf<K>;
	}

	/** @throws {FormatError} when nobody asked for it. */
	answered({ id, kind }: Response): void {
		const asked = this.#open.get(id);
		if (asked === undefined) throw new FormatError("response: nobody asked for it");
		this.#open.delete(id);
		const next = this.#waiting.shift();
		if (next === undefined) this.#taken--;
		else next.begin();
		if (kind.case === "failed") asked.reject(failure(kind.value));
		else if (kind.case === asked.expected) asked.resolve(kind as Answer);
		else {
			const error = new FormatError("response: of another kind than was asked for", { expected: asked.expected });
			asked.reject(error);
			throw error;
		}
	}

	end(error: TransportError): void {
		this.#ended = error;
		for (const each of [...this.#open.values(), ...this.#waiting.splice(0)]) each.reject(error);
		this.#open.clear();
	}
}

/** What the other side says of it is not passed on: it would come into logs. */
function failure({ code }: Failed): StoreError {
	return new StoreError("the other side could not answer", {
		code: storeCodes.includes(code) ? (code as "store-damaged") : "store-io",
	});
}
