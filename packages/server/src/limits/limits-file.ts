/**
 * Limits as an operator writes them down: one JSON object with the names and units of `ServerLimits`. What is left out keeps its default.
 *
 * | value | is |
 * |---|---|
 * | a count or bytes | an integer from 1 on |
 * | a time | whole milliseconds, from 100 to 86,400,000 |
 * | a rate | `{"perSecond": …, "burst": …}`, integers from 1 on |
 */
import { UsageError } from "mindoodb";
import { defaultServerLimits, type ServerLimits } from "./server-limits.js";

/** A day: three times as much still fits into a timer, which would otherwise ring at once. */
const longestTime = 86_400_000;
/** Nobody could speak with a server that is less patient. */
const shortestTime = 100;

/** @param text JSON. @throws {UsageError} that names the limit which cannot be. */
export function parseServerLimits(text: string): ServerLimits {
	const limits: Record<string, unknown> = { ...defaultServerLimits };
	for (const [name, value] of Object.entries(objectOf(text))) {
		const known = Object.entries(defaultServerLimits).find(([each]) => each === name)?.[1];
		if (known === undefined) throw new UsageError(`limits: expected names of limits, found ${JSON.stringify(name)}`);
		limits[name] = typeof known === "number" ? numberOf(name, value) : rateOf(name, value);
	}
	return limits as unknown as ServerLimits;
}

function objectOf(text: string): object {
	try {
		return recordOf("limits", JSON.parse(text));
	} catch (cause) {
		if (cause instanceof UsageError) throw cause;
		throw new UsageError("limits: expected JSON", { cause });
	}
}

function rateOf(name: string, value: unknown): object {
	const { perSecond, burst, ...others } = recordOf(name, value);
	const [other] = Object.keys(others);
	if (other !== undefined)
		throw new UsageError(`${name}: expected perSecond and burst, found ${JSON.stringify(other)}`);
	return { perSecond: numberOf(`${name}.perSecond`, perSecond), burst: numberOf(`${name}.burst`, burst) };
}

function numberOf(name: string, value: unknown): number {
	const [least, most] = name.endsWith("Time") ? [shortestTime, longestTime] : [1, Number.MAX_SAFE_INTEGER];
	if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) return value;
	throw new UsageError(`${name}: expected an integer from ${least} to ${most}`, { field: name });
}

function recordOf(name: string, value: unknown): Record<string, unknown> {
	if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
	throw new UsageError(`${name}: expected an object`, { field: name });
}
