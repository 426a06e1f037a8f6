import { expect } from "vitest";

/** What an adapter returns is a plain `Uint8Array` that nothing else shares: not a `Buffer`, not a view into a pool. */
export function expectOwnBytes(bytes: Uint8Array): void {
	expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
	expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
}
