import { type Crypto, type StoreFactory, SyncSession, type SyncSessionOptions } from "@mindoodb/core";
import { type TestClock, testClock } from "../tenant-fixture/test-clock.js";
import { JoinedSessions, type JoinOptions } from "./joined-sessions.js";
import { StoreHost, type StoreHostOptions } from "./store-host.js";

export interface SessionStageOptions {
	readonly crypto: Crypto;
	readonly tenantRoot: string;
	/** Makes the stores of one replica. */
	readonly newStores: () => StoreFactory;
}

/** One replica that has conversations. */
export interface StagedReplica {
	/** Public key, hex: any, since nothing is signed with it. */
	readonly key: string;
	readonly host: StoreHost;
}

export interface MeetOptions extends JoinOptions {
	readonly first?: Partial<SyncSessionOptions>;
	readonly second?: Partial<SyncSessionOptions>;
}

/** Two replicas in one conversation. */
export interface Met {
	readonly sessions: readonly [SyncSession, SyncSession];
	readonly joined: JoinedSessions;
	/** Resolves when both sides say that they are level. */
	level(): Promise<void>;
	/** Closes from the first side; resolves when both are done. */
	close(): Promise<void>;
}

/** Replicas of one tenant over bare stores, and conversations between them. */
export class SessionStage {
	readonly clock: TestClock = testClock();
	readonly #options: SessionStageOptions;
	readonly #hosts: StoreHost[] = [];

	constructor(options: SessionStageOptions) {
		this.#options = options;
	}

	/** @param key two hex digits, repeated. */
	replica(key: string, options: Partial<StoreHostOptions> = {}): StagedReplica {
		const { crypto, tenantRoot, newStores } = this.#options;
		const host = new StoreHost({ crypto, tenantRoot, clock: this.clock, stores: newStores(), ...options });
		this.#hosts.push(host);
		return { key: key.repeat(32), host };
	}

	session(own: StagedReplica, peer: string, options: Partial<SyncSessionOptions> = {}): SyncSession {
		const env = {
			crypto: this.#options.crypto,
			clock: this.clock,
			log: () => {},
		};
		return new SyncSession({ env, host: own.host, peer, initiator: false, ...options });
	}

	/** The first one makes the connection. */
	meet(first: StagedReplica, second: StagedReplica, { first: a, second: b, ...options }: MeetOptions = {}): Met {
		const sessions = [
			this.session(first, second.key, { initiator: true, ...a }),
			this.session(second, first.key, b),
		] as const;
		const joined = new JoinedSessions(...sessions, options);
		return {
			sessions,
			joined,
			level: async () => {
				await Promise.all(sessions.map((each) => each.level()));
			},
			close: async () => {
				sessions[0].close();
				await Promise.all(sessions.map(({ closed }) => closed));
			},
		};
	}

	/** Levels two replicas in a conversation of their own. */
	async level(first: StagedReplica, second: StagedReplica, options?: MeetOptions): Promise<Met> {
		const met = this.meet(first, second, options);
		await met.level();
		await met.close();
		return met;
	}

	async close(): Promise<void> {
		for (const host of this.#hosts) await host.close();
	}
}
