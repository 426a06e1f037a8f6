import { noEffects } from "../database/trust-port.js";
import type { Env } from "../env.js";
import { nameOfError } from "../errors.js";
import type { DirectoryLog, DirectoryStep } from "../trust/directory-log.js";
import { directoryId } from "../trust/directory-record.js";
import type { OpenDatabase } from "./tenant-options.js";

/** The open databases of a tenant in step with its directory, each as far as it can follow. */
export class Following {
	readonly #env: Pick<Env, "log">;
	readonly #log: DirectoryLog;
	/** Those that are up to the directory. */
	readonly #open = new Map<string, OpenDatabase>();
	/** Those that could not follow a step. */
	readonly #missed = new Set<string>();
	/** What follows from changes of the directory outside of its own turn. */
	#follows: Promise<void> = Promise.resolve();

	constructor(env: Pick<Env, "log">, log: DirectoryLog) {
		this.#env = env;
		this.#log = log;
	}

	get databases(): Iterable<OpenDatabase> {
		return this.#open.values();
	}

	/** From here on the database, which is up to the directory, follows its further steps. */
	add(dbId: string, open: OpenDatabase): void {
		this.#open.set(dbId, open);
	}

	remove(dbId: string): void {
		this.#open.delete(dbId);
	}

	async follow(step: DirectoryStep): Promise<void> {
		for (const [dbId, open] of this.#open) {
			const follow = () => this.#followIn(dbId, open, step);
			// The directory's documents may be in the middle of the very write that is being followed.
			if (dbId === directoryId) this.afterwards(follow);
			else await follow();
		}
	}

	/** Does what must not hold up the directory's own turn. */
	afterwards(task: () => Promise<void>): void {
		this.#follows = this.#follows.then(task).catch(this.#reportUnfollowed);
	}

	/** Resolves when everything that the directory said so far is followed. */
	async settled(): Promise<void> {
		for (let before: Promise<void> | undefined; before !== this.#follows; ) {
			before = this.#follows;
			await before;
		}
	}

	/** One database that cannot follow holds up no other; it judges everything anew at the next step, or when it is opened again. */
	async #followIn(dbId: string, { db, trust }: OpenDatabase, step: DirectoryStep): Promise<void> {
		const missed = this.#missed.has(dbId);
		try {
			await db.followTrust(missed ? { ...noEffects, everything: true } : trust.effectsOf(step.changes));
			this.#missed.delete(dbId);
			await this.#log.followed(dbId, step);
		} catch (error) {
			this.#missed.add(dbId);
			this.#reportUnfollowed(error);
		}
	}

	readonly #reportUnfollowed = (error: unknown): void => {
		this.#env.log("error", "a change of the directory could not be followed", {
			error: nameOfError(error),
		});
	};
}
