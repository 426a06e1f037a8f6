/**
 * The serial section of a store: calls are carried out in order, and those that wait while a batch is being written go together
 * into the next one.
 */

/** Most entries of one batch, unless a single call brings more. */
const groupEntries = 1024;

export interface Job {
	/** Entries that the job brings; what weighs in a group. */
	readonly size: number;
	readonly reject: (error: unknown) => void;
}

type Turn<J extends Job> = { readonly job: J } | { readonly alone: () => Promise<void> };

export class Serial<J extends Job> {
	readonly #commit: (jobs: readonly J[]) => Promise<void>;
	#waiting: Turn<J>[] = [];
	#running: Promise<void> | undefined;

	/** @param commit carries out a group; settles every job itself. */
	constructor(commit: (jobs: readonly J[]) => Promise<void>) {
		this.#commit = commit;
	}

	add(job: J): void {
		this.#waiting.push({ job });
		this.#running ??= this.#run();
	}

	/** Runs `task` when everything before it is done, and nothing beside it. */
	alone<T>(task: () => Promise<T>): Promise<T> {
		return new Promise<T>((resolve, reject) => {
			this.#waiting.push({ alone: () => task().then(resolve, reject) });
			this.#running ??= this.#run();
		});
	}

	async #run(): Promise<void> {
		// Calls of the same turn of the event loop share a batch.
		await undefined;
		while (this.#waiting.length > 0) {
			const first = this.#waiting[0] as Turn<J>;
			if ("alone" in first) {
				this.#waiting.shift();
				await first.alone();
				continue;
			}
			const jobs = this.#take();
			try {
				await this.#commit(jobs);
			} catch (error) {
				for (const job of jobs) job.reject(error);
			}
		}
		this.#running = undefined;
	}

	#take(): J[] {
		const jobs: J[] = [];
		let size = 0;
		for (const turn of this.#waiting) {
			if ("alone" in turn || (jobs.length > 0 && size + turn.job.size > groupEntries)) break;
			jobs.push(turn.job);
			size += turn.job.size;
		}
		this.#waiting.splice(0, jobs.length);
		return jobs;
	}
}
