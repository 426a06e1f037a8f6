/** Lines of docs/lessons.md that a server's restart touches, by a server in a process of its own. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandProcesses, patience, ServedTenant, type ServerProcess } from "@mindoodb/testing";
import { type Env, memoryStores, nodeEnv, transportOf } from "mindoodb";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";

const project = fileURLToPath(new URL("../../../../..", import.meta.url));

let base: Env;
let command: CommandProcesses;

beforeAll(async () => {
	CommandProcesses.build(project);
	base = await nodeEnv();
});

beforeEach(async () => {
	command = await CommandProcesses.create(join(project, "packages", "cli", "bin", "mindoodb.js"));
});

afterEach(() => command.close());

/** A tenant at the server, and how its members sync with whichever process runs then. */
async function tenantAt({ address, publicKey }: ServerProcess) {
	const served = await ServedTenant.create({
		env: base,
		newStores: () => memoryStores(base.crypto),
		transport: transportOf(address),
		server: publicKey,
	});
	await served.found();
	return served;
}

/** Entries for which the tenant had no room, as the process tells it. */
async function refusedBy({ facts }: ServerProcess): Promise<number> {
	const text = await (await fetch(facts.metrics as string)).text();
	return Number(/^mindoodb_refusals_total\{reason="storage"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

it("lesson 24: what was refused is offered again to the process that comes after, and to the one after that", async () => {
	await writeFile(join(command.root, "full.json"), '{"bytesPerTenant": 1}');
	const first = await command.serve(["--policy", "open", "--limits", "full.json"]);
	const served = await tenantAt(first);
	const { alice, bob, notes } = served;
	const { id } = await notes.createDocument({ title: "refused" });
	const sync = (to: ServerProcess) => alice.tenant.sync(to.address).done;
	await sync(first);
	await vi.waitFor(async () => expect(await refusedBy(first)).toBe(1), patience);
	await first.stop("SIGKILL");
	const second = await command.serve(["--limits", "full.json"]);
	await sync(second);
	await vi.waitFor(async () => expect(await refusedBy(second)).toBe(1), patience);
	await second.stop("SIGTERM");
	const third = await command.serve();
	await sync(third);
	await bob.tenant.sync(third.address).done;
	expect((await (await bob.db()).getDocument(id))?.getData()).toEqual({ title: "refused" });
	await served.close();
});

it("lesson 27: ranges are right after appends to partly filled chunks, with a server that is killed in between", async () => {
	let server = await command.serve(["--policy", "open"]);
	const served = await tenantAt(server);
	const { alice, bob, notes } = served;
	const parts = [20_000, 1, 300_000, 5].map((length) => base.crypto.randomBytes(length));
	const { id } = await notes.createDocument();
	let attachment = "";
	for (const part of parts) {
		await notes.changeDoc(id, async (_, attachments) => {
			if (attachment === "") attachment = await attachments.addAttachment(part, "log", "text/plain");
			else await attachments.appendToAttachment(attachment, part);
		});
		await alice.tenant.sync(server.address).done;
		await server.stop("SIGKILL");
		server = await command.serve();
		await bob.tenant.sync(server.address).done;
	}
	const all = Buffer.concat(parts);
	// Whoever gets it from the server alone, too.
	const device = await served.fixture.device("a new one", alice, ["directory", "default"]);
	await device.tenant.sync(server.address).done;
	for (const replica of [bob, device]) {
		const doc = await (await replica.db()).getDocument(id);
		for (const [start, end] of [
			[0, all.length],
			[19_995, 20_005],
			[20_000, 20_001],
			[262_140, 262_150],
			[320_000, 320_006],
		] as const) {
			const read = await doc?.getAttachmentRange(attachment, start, end);
			expect(Buffer.compare(read as Uint8Array, all.subarray(start, end))).toBe(0);
		}
	}
	await served.close();
});
