import { describe, expect, test } from "vitest";
import { closedAndOpened, collect, type MakeStoreUnderTest, onStage } from "./under-test.js";

/** Rows of the layer above. */
export function testRows(make: MakeStoreUnderTest): void {
	describe("rows", () => {
		test("are written, read, scanned and deleted apart from the store's own", () =>
			onStage(make, async (stage) => {
				const { maker } = stage;
				await stage.store.append([await maker.make()]);
				const key = (...bytes: number[]) => Uint8Array.from(bytes);
				const put = (k: Uint8Array, value: Uint8Array) => ({ type: "put", key: k, value }) as const;
				await stage.store.rows.write([
					put(key(0x10, 0, 0, 0, 0, 0, 1), key(9)),
					put(key(1), key(1)),
					put(key(1, 0), key()),
				]);
				await stage.store.rows.write([put(key(255, 255), key(2)), put(key(2), key(3))], { durable: false });
				await stage.store.rows.write([{ type: "del", key: key(2) }]);
				await stage.store.rows.write([]);
				for await (const store of closedAndOpened(stage)) {
					const { rows } = store;
					expect(await rows.get(key(1))).toEqual(key(1));
					expect(await rows.get(key(2))).toBeUndefined();
					expect(await rows.getMany([key(9), key(255, 255), key(1, 0)])).toEqual([undefined, key(2), key()]);
					const range = { gte: key(0), lt: key(255, 255, 255) };
					const all = await collect(rows.scan(range));
					expect(all.map(([k]) => [...k])).toEqual([[1], [1, 0], [0x10, 0, 0, 0, 0, 0, 1], [255, 255]]);
					expect((await collect(rows.scan({ ...range, reverse: true, limit: 1 })))[0]?.[1]).toEqual(key(2));
					expect(await collect(rows.scan({ gte: key(1), lt: key(1, 0) }))).toHaveLength(1);
					expect(await store.getArrivals([1])).toHaveLength(1);
				}
			}));

		test("values belong to whoever holds them", () =>
			onStage(make, async ({ store }) => {
				const key = Uint8Array.of(1);
				const value = Uint8Array.of(5);
				await store.rows.write([{ type: "put", key, value }]);
				value[0] = 6;
				const first = (await store.rows.get(key)) as Uint8Array;
				expect(first.constructor).toBe(Uint8Array);
				first[0] = 7;
				expect(await store.rows.get(key)).toEqual(Uint8Array.of(5));
			}));

		test("many rows come in batches of up to 1,000", () =>
			onStage(make, async ({ store }) => {
				const rows = Array.from(
					{ length: 2500 },
					(_, i) => ({ type: "put", key: Uint8Array.of(i >> 8, i & 255), value: Uint8Array.of(1) }) as const,
				);
				await store.rows.write(rows);
				const sizes: number[] = [];
				for await (const batch of store.rows.scan({ gte: Uint8Array.of(0), lt: Uint8Array.of(255) }))
					sizes.push(batch.length);
				expect(sizes).toEqual([1000, 1000, 500]);
			}));
	});
}
