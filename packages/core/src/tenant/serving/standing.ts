import type { Standing } from "../../sync/host.js";
import type { DirectoryState } from "../../trust/directory-state.js";

/** What a directory says of keys, for whoever gives it and its tenant to others. */
export class DirectoryStanding {
	readonly #state: DirectoryState;
	/** Keys that are looked up at every session and entry, at a revision of the state. */
	#known:
		| { readonly revision: number; readonly servers: ReadonlySet<string>; readonly administrators: ReadonlySet<string> }
		| undefined;

	constructor(state: DirectoryState) {
		this.#state = state;
	}

	/** @param publicKey hex. */
	of(publicKey: string): Standing {
		if (this.#state.isMember(publicKey) || this.#state.isAdministrator(publicKey)) return "member";
		const { servers, administrators } = this.#keys();
		if (servers.has(publicKey)) return "server";
		return this.#state.everGranted(publicKey) || administrators.has(publicKey) ? "revoked" : "unknown";
	}

	/** Whether the directory takes entries of a key: root, recovery and those that an `admingrant` names, revoked ones too. */
	isAdministrators(publicKey: string): boolean {
		return this.#keys().administrators.has(publicKey);
	}

	#keys() {
		const { revision } = this.#state;
		if (this.#known?.revision !== revision) {
			const servers = new Set(this.#state.servers().map(({ signingKey }) => signingKey));
			const administrators = new Set(this.#state.administrators().map(({ signingKey }) => signingKey));
			this.#known = { revision, servers, administrators };
		}
		return this.#known;
	}
}
