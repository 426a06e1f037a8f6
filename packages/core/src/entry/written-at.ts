import { limits } from "./limits.js";

const day = 24 * 60 * 60 * 1000;

/**
 * The time that a new entry states: the own clock's, or that of the latest dependency that is not more than a day ahead of it.
 * Source: docs/entry-format.md, "Header", field 6.
 */
export function writtenAt(now: number, dependencies: readonly { readonly createdAt: number }[]): number {
	let time = Math.min(now, limits.createdAt - 1);
	for (const { createdAt } of dependencies) if (createdAt > time && createdAt <= now + day) time = createdAt;
	return time;
}
