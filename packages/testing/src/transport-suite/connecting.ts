import { expect, it } from "vitest";
import { connected, listening } from "./connected.js";
import { pattern, read } from "./reading.js";
import { stalled } from "./stalled.js";
import type { TransportSuite } from "./under-test.js";

const many = 20;

export function testConnecting(suite: TransportSuite): void {
	it("refused where nobody listens: another try may succeed", async () => {
		const { transport, close } = await listening(suite);
		await close();
		await expect(transport.connect()).rejects.toMatchObject({
			name: "TransportError",
			code: "transport",
			retryable: true,
		});
	});

	it("stopping to listen leaves open connections alone", async () => {
		const { near, far, close } = await connected(suite);
		await close();
		await near.send(pattern(1000));
		expect(await read(far, 1000)).toEqual(pattern(1000));
	});

	it("aborted before it began, it does not begin", async () => {
		const { transport } = await listening(suite);
		const reason = new Error("not any more");
		await expect(transport.connect({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
	});

	it("aborted under way, it ends with the signal's reason or stands already", async () => {
		const { transport, accept } = await listening(suite);
		const controller = new AbortController();
		const reason = new Error("not any more");
		const connecting = transport.connect({ signal: controller.signal });
		controller.abort(reason);
		const outcome = await connecting.catch((error: unknown) => error);
		if (outcome !== reason) (outcome as { abort(): void }).abort();

		const accepted = accept();
		const next = await transport.connect();
		const far = await accepted;
		await next.send(Uint8Array.of(1));
		next.abort();
		far.abort();
	});

	it("a signal that is aborted later does not concern the connection", async () => {
		const { transport, accept } = await listening(suite);
		const controller = new AbortController();
		const accepted = accept();
		const near = await transport.connect({ signal: controller.signal });
		const far = await accepted;
		controller.abort();
		await near.send(Uint8Array.of(1));
		expect(await read(far, 1)).toEqual(Uint8Array.of(1));
		near.abort();
		far.abort();
	});

	it(`${many} connections do not mix, and leave nothing behind`, async () => {
		const { transport, accept } = await listening(suite);
		await stalled(() => resources(suite).length);
		const before = resources(suite);
		const pairs = await Promise.all(
			Array.from({ length: many }, async (_, index) => {
				const accepted = accept();
				const near = await transport.connect();
				await near.send(pattern(100_000, index));
				return { near, far: await accepted };
			}),
		);
		const seen = await Promise.all(pairs.map(async ({ far }) => Buffer.from(await read(far, 100_000)).toString("hex")));
		const sent = Array.from({ length: many }, (_, index) => Buffer.from(pattern(100_000, index)).toString("hex"));
		expect(new Set(seen)).toEqual(new Set(sent));
		await Promise.all(pairs.flatMap(({ near, far }) => [near.close(), far.close()]));
		await stalled(() => resources(suite).length);
		expect(resources(suite)).toEqual(before);
	});
}

/** What keeps this process alive, without what comes and goes. */
function resources({ staying = [] }: TransportSuite): string[] {
	const passing = ["Timeout", "Immediate", ...staying];
	return process
		.getActiveResourcesInfo()
		.filter((name) => !passing.includes(name))
		.sort();
}
