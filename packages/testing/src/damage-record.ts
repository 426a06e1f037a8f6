import type { FaultyLevel } from "./faulty-level.js";

/**
 * Spoils the record of an arrival in a store over a level: flips a bit of its last byte, or takes it away. The key is that of
 * `row-keys.ts` in core: 10 ‖ arrival u48.
 */
export async function damageRecord(faulty: FaultyLevel, arrival: number, how: "bytes" | "missing"): Promise<void> {
	const key = new Uint8Array(7);
	key[0] = 0x10;
	new DataView(key.buffer).setUint32(3, arrival);
	await faulty.damage(key, (value) => {
		if (how === "missing") return undefined;
		const last = value.length - 1;
		value[last] = (value[last] as number) ^ 1;
		return value;
	});
}
