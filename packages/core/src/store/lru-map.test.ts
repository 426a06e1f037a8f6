import { expect, test } from "vitest";
import { LruMap } from "./lru-map.js";

test("forgets what was used longest ago", () => {
	const map = new LruMap<string, number>(2);
	const values = () => ["a", "b", "c"].map((key) => map.get(key));
	map.set("a", 1);
	map.set("b", 2);
	expect(map.get("a")).toBe(1);
	map.set("c", 3);
	expect(values()).toEqual([1, undefined, 3]);
	map.set("a", 4);
	map.set("b", 5);
	expect(values()).toEqual([4, 5, undefined]);
	map.delete("a");
	expect(values()).toEqual([undefined, 5, undefined]);
	map.clear();
	expect(values()).toEqual([undefined, undefined, undefined]);
});
