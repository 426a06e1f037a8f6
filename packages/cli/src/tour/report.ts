import type { Call } from "../call.js";
import { bytesText, durationText, table } from "../text.js";

export interface Step {
	readonly step: string;
	readonly count: string;
	readonly bytes: number | undefined;
	readonly milliseconds: number;
}

export interface Outcome {
	readonly count: string;
	readonly bytes?: number;
}

export interface Failed {
	readonly check: string;
	readonly message: string;
}

/** Tells what the tour does while it does it, keeps the times, and notes every check that fails. */
export class TourReport {
	readonly #call: Call;
	readonly steps: Step[] = [];
	readonly failed: Failed[] = [];
	checks = 0;

	constructor(call: Call) {
		this.#call = call;
	}

	async say(text: string): Promise<void> {
		if (!this.#call.json) await this.#call.write(`${text}\n`);
	}

	/** Does one piece of the tour, and measures it. */
	async step(name: string, work: () => Promise<Outcome>): Promise<void> {
		await this.say(`· ${name}`);
		const began = performance.now();
		const { count, bytes } = await work();
		const milliseconds = Math.round(performance.now() - began);
		this.steps.push({ step: name, count, bytes, milliseconds });
		await this.say(`  ${count}${bytes === undefined ? "" : `, ${bytesText(bytes)}`}, ${durationText(milliseconds)}`);
	}

	/** A check that must hold; the tour goes on, and ends with exit code 1. */
	async check(check: string, holds: boolean, message = "it does not hold"): Promise<void> {
		this.checks++;
		if (holds) return;
		this.failed.push({ check, message });
		await this.say(`  ✗ ${check}: ${message}`);
	}

	table(): string[] {
		return table(
			["what", "count", "bytes", "time"],
			this.steps.map(({ step, count, bytes, milliseconds }) => [
				step,
				count,
				bytes === undefined ? "" : bytesText(bytes),
				durationText(milliseconds),
			]),
		);
	}
}
