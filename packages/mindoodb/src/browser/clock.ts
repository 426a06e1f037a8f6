import type { Clock } from "@mindoodb/core";

/** The computer's clock. */
export function browserClock(): Clock {
	return {
		now: () => Date.now(),
		after(delay, task) {
			const timer = setTimeout(task, delay);
			return () => clearTimeout(timer);
		},
	};
}
