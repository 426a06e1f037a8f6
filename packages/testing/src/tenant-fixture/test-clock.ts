import type { Clock } from "@mindoodb/core";

/** A clock that stands still until it is told to go. Every member of a test tenant has one of its own. */
export interface TestClock extends Clock {
	/** Sets the time, also back. Tasks that are due by then are begun. */
	set(time: number): void;
	advance(milliseconds: number): void;
	/** Tasks that wait for their time. */
	readonly waiting: number;
}

/** @param start milliseconds since 1970. */
export function testClock(start = 1_700_000_000_000): TestClock {
	let time = start;
	/** Time that has gone by: tasks wait for a delay, which setting the clock back does not make longer. */
	let elapsed = 0;
	let tasks: { readonly due: number; readonly task: () => void }[] = [];
	const run = () => {
		const due = tasks.filter((each) => each.due <= elapsed);
		tasks = tasks.filter((each) => each.due > elapsed);
		for (const { task } of due) task();
	};
	return {
		now: () => time,
		after(delay, task) {
			const waiting = { due: elapsed + delay, task };
			tasks.push(waiting);
			return () => {
				tasks = tasks.filter((each) => each !== waiting);
			};
		},
		set(to) {
			elapsed += Math.max(0, to - time);
			time = to;
			run();
		},
		advance(milliseconds) {
			time += milliseconds;
			elapsed += milliseconds;
			run();
		},
		get waiting() {
			return tasks.length;
		},
	};
}
