import type { Clock } from "@mindoodb/core";

/** The computer's clock. */
export function nodeClock(): Clock {
	return {
		now: () => Date.now(),
		after(delay, task) {
			const timer = setTimeout(task, delay);
			timer.unref();
			return () => clearTimeout(timer);
		},
	};
}
