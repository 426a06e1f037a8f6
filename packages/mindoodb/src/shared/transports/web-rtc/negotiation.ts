import type { Candidate, Description, PeerConnection } from "./peer-connection.js";
import type { Signal } from "./signalling.js";

/** Candidates that the other side may name; honest ones name as many as they have addresses. */
const mostCandidates = 64;

export interface NegotiationEvents {
	/** What the other side is to be told, in this order. */
	say(signal: Signal): Promise<void>;
	/** It leads nowhere. */
	failed(cause: unknown): void;
}

/**
 * One side's part in finding a way (RFC 8829, with candidates as they are found, RFC 8838). Nobody tells candidates before both sides have
 * both descriptions: libdatachannel, which `node-datachannel` wraps, refuses a peer whose handshake comes before it has noted the
 * description that it was just given.
 */
export class Negotiation {
	readonly #connection: PeerConnection;
	readonly #call: string;
	readonly #events: NegotiationEvents;
	/** Candidates that are told later; `undefined` since they are told at once. */
	#early: Candidate[] | undefined = [];
	#candidates = 0;
	/** One step after the other: a candidate is of use only after the description. */
	#steps: Promise<void> = Promise.resolve();

	constructor(connection: PeerConnection, call: string, events: NegotiationEvents) {
		this.#connection = connection;
		this.#call = call;
		this.#events = events;
		connection.addEventListener("icecandidate", (event) => {
			const { candidate } = event as { readonly candidate: Candidate | null };
			if (candidate === null || candidate.candidate === "") return;
			if (this.#early === undefined) this.#step(() => this.#tell(candidate));
			else this.#early.push(candidate);
		});
	}

	offer(): void {
		this.#step(async () => this.#describe(await this.#connection.createOffer()));
	}

	answer(sdp: string): void {
		this.#step(async () => {
			await this.#connection.setRemoteDescription({ type: "offer", sdp });
			await this.#describe(await this.#connection.createAnswer());
			await this.#tellEarly();
		});
	}

	/** What else the other side says. */
	take(signal: Signal): void {
		switch (signal.kind) {
			case "answer":
				this.#step(async () => {
					await this.#connection.setRemoteDescription({ type: "answer", sdp: signal.sdp });
					await this.#tellEarly();
				});
				break;
			case "candidate":
				this.#candidates += 1;
				if (this.#candidates > mostCandidates) return;
				// One that cannot be used is one way less, which others may replace.
				this.#step(() => this.#connection.addIceCandidate(signal).catch(() => {}));
				break;
			case "refusal":
				this.#events.failed(new Error("refused"));
				break;
		}
	}

	async #describe(description: Description): Promise<void> {
		const { type, sdp = "" } = description;
		await this.#connection.setLocalDescription(description);
		await this.#events.say({ kind: type === "offer" ? "offer" : "answer", call: this.#call, sdp });
	}

	async #tellEarly(): Promise<void> {
		const early = this.#early ?? [];
		this.#early = undefined;
		for (const candidate of early) await this.#tell(candidate);
	}

	#tell({ candidate, sdpMid, sdpMLineIndex }: Candidate): Promise<void> {
		// RFC 8839 has the line without the `a=` of SDP, which not every platform leaves out.
		const line = candidate.replace(/^a=/, "");
		return this.#events.say({ kind: "candidate", call: this.#call, candidate: line, sdpMid, sdpMLineIndex });
	}

	#step(task: () => Promise<void>): void {
		this.#steps = this.#steps.then(task).catch((cause: unknown) => this.#events.failed(cause));
	}
}
