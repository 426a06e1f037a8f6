import {
	concatBytes,
	decodeMessage,
	encodeMessage,
	type MessageInit,
	type MessageKind,
	type SyncSession,
} from "@mindoodb/core";

/** The other end of a session, that says what a test says. */
export class RawPeer {
	readonly #session: SyncSession;
	#unread: Uint8Array = new Uint8Array(0);
	/** What the session has said, in order. */
	readonly heard: MessageKind[] = [];
	#reads = true;

	constructor(session: SyncSession) {
		this.#session = session;
		session.onOutput(() => queueMicrotask(() => this.#listen()));
		session.start();
	}

	async say(message: MessageInit): Promise<void> {
		await this.#session.receive(frame(encodeMessage(message)));
	}

	/** Bytes as they are. */
	async send(bytes: Uint8Array): Promise<void> {
		await this.#session.receive(bytes);
	}

	/** Takes nothing more from the session, or does so again. */
	reading(reads: boolean): void {
		this.#reads = reads;
		this.#listen();
	}

	/** Messages of a kind. */
	all<K extends MessageKind["case"]>(kind: K): Extract<MessageKind, { case: K }>["value"][] {
		return this.heard.filter((each) => each.case === kind).map(({ value }) => value) as never;
	}

	#listen(): void {
		if (!this.#reads) return;
		for (let bytes = this.#session.takeOutput(); bytes !== undefined; bytes = this.#session.takeOutput()) {
			this.#unread = concatBytes(this.#unread, bytes);
		}
		for (let next = readFrame(this.#unread); next !== undefined; next = readFrame(this.#unread)) {
			this.heard.push(decodeMessage(next.message));
			this.#unread = this.#unread.subarray(next.end);
		}
	}
}

/** The length as a base-128 varint, the least significant group first. */
function frame(message: Uint8Array): Uint8Array {
	const prefix: number[] = [];
	for (let rest = message.length; rest > 0; rest = Math.floor(rest / 128)) {
		prefix.push((rest % 128) + (rest >= 128 ? 128 : 0));
	}
	return concatBytes(Uint8Array.from(prefix), message);
}

function readFrame(bytes: Uint8Array): { readonly message: Uint8Array; readonly end: number } | undefined {
	const last = bytes.findIndex((byte) => byte < 128);
	if (last < 0) return undefined;
	const length = bytes.subarray(0, last + 1).reduceRight((value, byte) => value * 128 + (byte & 127), 0);
	const end = last + 1 + length;
	return bytes.length < end ? undefined : { message: bytes.subarray(last + 1, end), end };
}
