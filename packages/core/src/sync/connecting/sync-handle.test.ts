import { getEventListeners } from "node:events";
import { patience } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import { describe, expect, it, vi } from "vitest";
import { FormatError, TransportError, UsageError } from "../../errors.js";
import type { Link, LinkCounts, LinkEnd, OpenLink } from "./link.js";
import { SyncHandle, type SyncHandleParts, type SyncState } from "./sync-handle.js";

const lost: LinkEnd = { error: new FormatError("lost"), retry: true, after: 0 };

/** A connection whose course the test says. */
function scriptedLink() {
	let end = (_: LinkEnd) => {};
	let level = () => {};
	let broken = (_: unknown) => {};
	const listeners = new Set<() => void>();
	const link = {
		counts: { received: 0, sent: 0, declinedHere: 0, declinedThere: 0 } as LinkCounts,
		level: () =>
			new Promise<void>((resolve, reject) => {
				level = resolve;
				broken = reject;
			}),
		onCounts: (listener: () => void) => {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		ended: new Promise<LinkEnd>((resolve) => {
			end = resolve;
		}),
		close: async () => {
			broken(new UsageError("closed", { code: "closed" }));
			end({ error: undefined, retry: false, after: 0 });
		},
	} satisfies Link;
	return {
		link,
		level: () => level(),
		breakOff: (why = lost) => {
			end(why);
			broken(why.error);
		},
		count: (counts: Partial<LinkCounts>) => {
			link.counts = { ...link.counts, ...counts };
			for (const listener of listeners) listener();
		},
	};
}

function manualClock() {
	let now = 0;
	const tasks = new Map<number, () => void>();
	return {
		now: () => now,
		after: (delay: number, task: () => void) => {
			const at = now + delay;
			tasks.set(at, task);
			return () => tasks.delete(at);
		},
		runNext: () => {
			const [at] = [...tasks.keys()].sort((a, b) => a - b);
			now = at as number;
			tasks.get(now)?.();
			tasks.delete(now);
		},
		waiting: () => tasks.size,
	};
}

function start(openLink: OpenLink, options: Partial<SyncHandleParts> = {}) {
	const clock = manualClock();
	const states: SyncState[] = [];
	const handle = new SyncHandle({
		env: { clock, random: nodeCrypto(), log: () => {} },
		openLink,
		live: true,
		countUnacknowledged: async () => 0,
		countLacking: async () => ({ payloads: 0, bytes: 0, past: { payloads: 0, bytes: 0 } }),
		onProgress: ({ state }) => {
			if (states.at(-1) !== state) states.push(state);
		},
		...options,
	});
	return { handle, clock, states };
}

describe("a sync", () => {
	it("is done when both sides are level, unless it is to stay live", async () => {
		const script = scriptedLink();
		const { handle, states } = start(async () => script.link, { live: false });
		await vi.waitFor(() => expect(handle.status.state).toBe("levelling"), patience);
		script.level();
		await handle.done;
		await handle.level();
		expect(states).toEqual(["connecting", "levelling", "ended"]);
	});

	it("comes back after a connection was lost, counts both, and forgets the error", async () => {
		const scripts = [scriptedLink(), scriptedLink()];
		let opened = 0;
		const { handle, clock, states } = start(async () => scripts[opened++]?.link as Link);
		await vi.waitFor(() => expect(handle.status.state).toBe("levelling"), patience);
		scripts[0]?.count({ received: 3 });
		scripts[0]?.breakOff();
		await vi.waitFor(() => expect(clock.waiting()).toBe(1), patience);
		expect(handle.status).toMatchObject({ state: "waiting", failures: 1, error: lost.error, received: 3 });
		clock.runNext();
		await vi.waitFor(() => expect(handle.status.state).toBe("levelling"), patience);
		scripts[1]?.level();
		await handle.level();
		scripts[1]?.count({ received: 2, sent: 1 });
		expect(handle.status).toMatchObject({ state: "live", failures: 0, error: undefined, received: 5, sent: 1 });
		await handle.close();
		expect(states).toEqual(["connecting", "levelling", "waiting", "connecting", "levelling", "live", "ended"]);
	});

	it("waits as long as the other side asked for", async () => {
		const script = scriptedLink();
		const { handle, clock } = start(async () => script.link, { backOff: { first: 1 } });
		await vi.waitFor(() => expect(handle.status.state).toBe("levelling"), patience);
		script.breakOff({ ...lost, after: 5000 });
		await vi.waitFor(() => expect(clock.waiting()).toBe(1), patience);
		expect(handle.status.retryAt).toBe(5000);
		await handle.close();
		expect(clock.waiting()).toBe(0);
	});

	it("leaves nothing of a try behind, however often it tries", async () => {
		let signal: AbortSignal | undefined;
		let tries = 0;
		const { handle, clock } = start(async (given) => {
			signal = given;
			tries++;
			throw new TransportError("nobody answers", { retryable: true });
		});
		for (let i = 1; i <= 5; i++) {
			await vi.waitFor(() => expect([tries, clock.waiting()]).toEqual([i, 1]), patience);
			clock.runNext();
		}
		await vi.waitFor(() => expect([tries, clock.waiting()]).toEqual([6, 1]), patience);
		// The one of the wait that is under way.
		expect(getEventListeners(signal as AbortSignal, "abort")).toHaveLength(1);
		await handle.close();
		expect(getEventListeners(signal as AbortSignal, "abort")).toHaveLength(0);
	});

	it("ends for good with what another try does not help", async () => {
		const error = new FormatError("refused");
		const { handle, states } = start(async () => {
			throw error;
		});
		await expect(handle.done).rejects.toBe(error);
		await expect(handle.level()).rejects.toBe(error);
		expect(states).toEqual(["connecting", "ended"]);
	});

	it("that is closed before both sides are level says so", async () => {
		const script = scriptedLink();
		const { handle } = start(async () => script.link);
		const level = handle.level();
		level.catch(() => undefined);
		await vi.waitFor(() => expect(handle.status.state).toBe("levelling"), patience);
		await handle.close();
		await expect(level).rejects.toMatchObject({ code: "closed" });
		await handle.done;
	});

	it("ends by its signal, also one that was given before", async () => {
		const ending = new AbortController();
		const script = scriptedLink();
		const { handle } = start(async () => script.link, { signal: ending.signal });
		await vi.waitFor(() => expect(handle.status.state).toBe("levelling"), patience);
		ending.abort();
		await handle.done;
		const opened = vi.fn(async () => script.link);
		await start(opened, { signal: AbortSignal.abort() }).handle.done;
		expect(opened).not.toHaveBeenCalled();
	});
});
