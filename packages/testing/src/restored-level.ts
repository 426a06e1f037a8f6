import type { Level } from "@mindoodb/core";

/** An empty engine that holds, once it is open, what stands in `original` by then: a disk restored from a backup. */
export function restoredLevel(empty: Level, original: Level): Level {
	let restored = false;
	return {
		async open() {
			await empty.open();
			if (restored) return;
			restored = true;
			const rows = original.iterator({ gte: new Uint8Array(0), lt: new Uint8Array(64).fill(255) });
			const batch = empty.batch();
			for (let page = await rows.nextv(1000); page.length > 0; page = await rows.nextv(1000)) {
				for (const [key, value] of page) batch.put(key, value);
			}
			await rows.close();
			await batch.write({ sync: true });
		},
		close: () => empty.close(),
		get: (key) => empty.get(key),
		getMany: (keys) => empty.getMany(keys),
		hasMany: (keys) => empty.hasMany(keys),
		iterator: (range) => empty.iterator(range),
		batch: () => empty.batch(),
	};
}
