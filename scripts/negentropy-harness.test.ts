/** Two harness processes against each other, joined by their lines alone. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("./negentropy-harness.mjs", import.meta.url));

interface Harness {
	readonly child: ChildProcessWithoutNullStreams;
	tell(...lines: readonly string[]): void;
	/** Lines up to and including a message or the end. */
	hear(): Promise<string[]>;
}

const started: Harness[] = [];

afterEach(() => {
	for (const { child } of started.splice(0)) child.kill();
});

function start(frameSizeLimit?: number): Harness {
	const env = frameSizeLimit === undefined ? process.env : { ...process.env, FRAMESIZELIMIT: `${frameSizeLimit}` };
	const child = spawn(process.execPath, [script], { env });
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const harness: Harness = {
		child,
		tell: (...told) => child.stdin.write(`${told.join("\n")}\n`),
		async hear() {
			const heard: string[] = [];
			for (;;) {
				const { value, done } = await lines.next();
				if (done) throw new Error("the harness ended");
				heard.push(value);
				if (value === "done" || value.startsWith("msg,")) return heard;
			}
		},
	};
	started.push(harness);
	return harness;
}

const idOf = (text: string) => createHash("sha256").update(text).digest("hex");

/** Timestamps on both sides of 2^32, 2^53 and at the end of 64 bits, many alike. */
function items(count: number): string[] {
	const middles = [2n ** 31n, 2n ** 32n, 1_700_000_000_000n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 2n - BigInt(count)];
	return Array.from({ length: count }, (_, index) => {
		const created = (middles[index % middles.length] as bigint) + BigInt(index >> 3);
		return `item,${created},${idOf(`${index}`)}`;
	}).concat(`item,${2n ** 64n - 2n},${idOf("last")}`);
}

describe("the harness", () => {
	for (const frameSizeLimit of [undefined, 4096]) {
		it(`finds all differences with ${frameSizeLimit ?? "no"} limit of messages`, async () => {
			const all = items(1500);
			const here = all.filter((_, index) => index % 5 !== 0);
			const there = all.filter((_, index) => index % 7 !== 0);
			const [initiator, responder] = [start(frameSizeLimit), start(frameSizeLimit)];
			initiator.tell(...here, "seal", "initiate");
			responder.tell(...there, "seal");
			const found = new Set<string>();
			for (;;) {
				const heard = await initiator.hear();
				const message = heard.pop() as string;
				for (const line of heard) found.add(line);
				if (message === "done") break;
				if (frameSizeLimit !== undefined) expect((message.length - 4) / 2).toBeLessThanOrEqual(frameSizeLimit);
				responder.tell(message);
				const [answer] = (await responder.hear()) as [string];
				if (frameSizeLimit !== undefined) expect((answer.length - 4) / 2).toBeLessThanOrEqual(frameSizeLimit);
				initiator.tell(answer);
			}
			const idsOf = (lines: readonly string[]) => lines.map((line) => line.split(",")[2] as string);
			const have = idsOf(here.filter((line) => !there.includes(line))).map((id) => `have,${id}`);
			const need = idsOf(there.filter((line) => !here.includes(line))).map((id) => `need,${id}`);
			expect([...found].sort()).toEqual([...have, ...need].sort());
		});
	}

	it("says what is wrong, and ends with 1", async () => {
		const cases = [
			[[`item,-1,${idOf("")}`], "expected a decimal timestamp"],
			[[`item,${2n ** 64n - 1n},${idOf("")}`, "seal"], "a timestamp is not below"],
			[["msg,61"], "expected item or seal"],
			[["seal", "msg,6100000302"], "unknown mode"],
		] as const;
		const told = cases.map(async ([lines, message]) => {
			const { child, tell } = start();
			let errors = "";
			child.stderr.setEncoding("utf8").on("data", (text) => {
				errors += text;
			});
			tell(...lines);
			expect(await once(child, "close")).toEqual([1, null]);
			expect(errors).toContain(message);
		});
		await Promise.all(told);
	});
});
