import {
	type Crypto,
	type Level,
	type LevelBatch,
	type LocalStore,
	type OpenStoreOptions,
	openLevelStore,
	StoreError,
	type StoreFactory,
} from "@mindoodb/core";
import { type DiskWrite, tableName } from "./disk.js";
import { never, type Process } from "./machine.js";

/** Stores on the disk of a machine, as one process sees them. */
export function diskStores(process: Process, crypto: Crypto): StoreFactory {
	const { disk } = process.machine;
	const open = new Set<string>();

	return {
		async open(options: OpenStoreOptions): Promise<LocalStore> {
			if (!process.alive) return never;
			const name = tableName(options);
			if (open.has(name)) throw new StoreError("store: is open already", { code: "store-locked" });
			const level = simulatedLevel(process, name, open);
			await level.open();
			const { tenantRoot, dbId } = options;
			return openLevelStore(level, { crypto, random: crypto, tenantRoot, dbId });
		},

		async list(tenantRoot: string): Promise<string[]> {
			const names = [...disk.tables.keys()].map((name) => JSON.parse(name) as [string, string, string]);
			return [...new Set(names.flatMap(([root, dbId]) => (root === tenantRoot ? [dbId] : [])))].sort();
		},

		async drop(tenantRoot: string, dbId: string): Promise<void> {
			for (const purpose of ["documents", "attachments"] as const) {
				const name = tableName({ tenantRoot, dbId, purpose });
				if (open.has(name)) throw new StoreError("store: expected a closed store", { code: "store-locked" });
				if (process.alive) disk.tables.delete(name);
			}
		},
	};
}

/** A key-value engine on a table of the disk. Like a real one, it refuses every write after a failed one until it is opened anew. */
function simulatedLevel(process: Process, name: string, open: Set<string>): Level {
	const { machine } = process;
	const table = () => machine.disk.table(name);
	let failed = false;
	/** Writes are carried out in the order in which they came. */
	let last = 0;

	/** Answers at once, and never when the process is no more. */
	const reading = <T>(read: () => T): Promise<T> => (process.alive ? Promise.resolve(read()) : never);

	function write(writes: readonly DiskWrite[], sync: boolean): Promise<void> {
		if (!process.alive) return never;
		const dies = machine.crashIn !== undefined && machine.crashIn-- <= 0;
		const fails = failed || machine.full;
		if (machine.full) failed = true;
		// A flush that fails may have written all the same.
		const written = !fails || (!failed && machine.rolls.once(2));
		last = Math.max(last, machine.world.now + machine.rolls.below(machine.slowestWrite + 1));
		return new Promise((resolve, reject) => {
			machine.world.after(last - machine.world.now, () => {
				if (!process.alive) return;
				if (dies) {
					if (machine.rolls.once(2)) table().apply(writes, sync);
					machine.crash();
					return;
				}
				if (written) table().apply(writes, sync);
				if (fails) reject(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }));
				else resolve();
			});
		});
	}

	function batch(): LevelBatch {
		const writes: DiskWrite[] = [];
		return {
			put: (key, value) => writes.push({ key: key.slice(), value: value.slice() }),
			del: (key) => writes.push({ key: key.slice(), value: undefined }),
			write: ({ sync = false } = {}) => write(writes, sync),
			close: async () => {},
		};
	}

	return {
		async open() {
			if (!process.alive) return never;
			failed = false;
			if (!open.has(name)) process.openStores++;
			open.add(name);
			table();
		},
		async close() {
			if (!process.alive) return never;
			if (open.delete(name)) process.openStores--;
		},
		get: (key) => reading(() => table().get(key)),
		getMany: (keys) => reading(() => keys.map((key) => table().get(key))),
		hasMany: (keys) => reading(() => keys.map((key) => table().get(key) !== undefined)),
		iterator({ gte, lt, reverse = false, limit = -1 }) {
			let rows = process.alive ? table().range(gte, lt) : [];
			if (reverse) rows.reverse();
			if (limit >= 0) rows = rows.slice(0, limit);
			return {
				nextv: (size) => reading(() => rows.splice(0, size).map(({ key, value }) => [key, value] as const)),
				close: async () => {},
			};
		},
		batch,
	};
}
