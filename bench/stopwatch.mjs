import { readFileSync } from "node:fs";

/**
 * Nanoseconds that the main thread has run, and that it was ready to run while others held the processors; zeros where the system
 * does not tell. Source: Linux, Documentation/scheduler/sched-stats.rst.
 */
function mainThread() {
	try {
		const [ran = 0, waited = 0] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8")
			.split(" ")
			.map(Number);
		return { ran, waited };
	} catch {
		return { ran: 0, waited: 0 };
	}
}

/**
 * Starts to measure. Three figures beside the time by the clock tell a slow program from a busy machine: `cpuMs` is the processor
 * time of all threads (it can exceed `ms`), `mainMs` that of the main thread, `waitedMs` the part of `ms` in which the main thread
 * was ready and other programs held the processors.
 * @returns {() => { ms: number, cpuMs: number, mainMs: number, waitedMs: number }} what has passed since
 */
export function stopwatch() {
	const before = mainThread();
	const used = process.cpuUsage();
	const start = performance.now();
	return () => {
		const ms = performance.now() - start;
		const { user, system } = process.cpuUsage(used);
		const { ran, waited } = mainThread();
		return {
			ms,
			cpuMs: (user + system) / 1000,
			mainMs: (ran - before.ran) / 1e6,
			waitedMs: (waited - before.waited) / 1e6,
		};
	};
}
