import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cheapKdf, damageRecord, type FaultyLevel, faultyLevel } from "@mindoodb/testing";
import { folderStores, fromHex, nodeCrypto, openFolder, toHex } from "mindoodb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { capturedSurroundings } from "../captured-surroundings.js";
import type { CommandSpec, GroupSpec } from "../command.js";
import { commands, runCommand } from "../program.js";

const passwords = {
	MINDOODB_PASSWORD: "user secret",
	MINDOODB_ADMIN_PASSWORD: "admin secret",
	MINDOODB_KEY_PASSWORD: "key secret",
};

let template: string;
let root: string;

interface Ran {
	readonly code: number;
	readonly out: string;
	readonly err: string;
	/** Standard output as JSON. */
	// biome-ignore lint/suspicious/noExplicitAny: the shape is what is tested.
	readonly json: () => any;
}

/** Runs a command line as a shell would split it at spaces; arguments in a list stay whole. */
async function run(line: string | readonly string[], { input, env = passwords }: RunOptions = {}): Promise<Ran> {
	const argv = typeof line === "string" ? line.split(" ") : line;
	const given = { cwd: root, env, kdf: cheapKdf, ...(input === undefined ? {} : { input }) };
	const { surroundings, output, errors } = capturedSurroundings(given);
	const code = await runCommand(argv, surroundings);
	expect(output() + errors()).not.toMatch(/user secret|admin secret|key secret|export secret|\n {4}at /);
	return { code, out: output(), err: errors(), json: () => JSON.parse(output()) };
}

interface RunOptions {
	readonly input?: string;
	readonly env?: Record<string, string>;
}

/** As `run`, and must succeed. */
async function ok(line: string | readonly string[], options: RunOptions = {}): Promise<Ran> {
	const ran = await run(line, options);
	expect([line, ran.err, ran.code]).toEqual([line, ran.err, 0]);
	return ran;
}

async function fails(line: string | readonly string[], exitCode: number, code: string, options: RunOptions = {}) {
	const argv = [...(typeof line === "string" ? line.split(" ") : line), "--json"];
	const ran = await run(argv, options);
	expect([line, ran.code, ran.out && ran.json().error?.code]).toEqual([line, exitCode, code]);
	expect(ran.err.trim().split("\n").length).toBeGreaterThan(0);
	return ran;
}

beforeAll(async () => {
	template = await mkdtemp(join(tmpdir(), "mindoodb-cli-"));
	root = template;
	await ok("init --user alice --name acme --dir alice");
	await ok("user create bob --dir bob --out bob.json");
});

afterAll(() => rm(template, { recursive: true, force: true }));

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "mindoodb-cli-"));
	await cp(template, root, { recursive: true });
});

afterEach(() => rm(root, { recursive: true, force: true }));

/** Takes bob in: each side confirms the words that the other one reads out. */
async function invited(...more: string[]): Promise<void> {
	const { words } = (await ok("join --out bob.request --dir bob --json")).json();
	const invite = ["invite", "bob.request", "--words", words, "--out", "bob.response", "--dir", "alice", ...more];
	const { words: shown } = (await ok([...invite, "--json"])).json();
	await ok(["join", "bob.response", "--words", shown, "--dir", "bob"]);
}

/** Makes bob a member, with what alice has. */
async function joinBob(): Promise<void> {
	await invited();
	await ok("sync --with alice --dir bob");
}

const put = async (json: string, dir = "alice", ...more: string[]): Promise<string> =>
	(await ok(["doc", "put", "notes", json, "--dir", dir, ...more])).out.trim();

describe("documents", () => {
	it("are put, shown, edited, listed, deleted and brought back", async () => {
		const id = await put('{"title":"one","at":{"$date":"2026-01-02T03:04:05.000Z"},"raw":{"$bytes":"AAEC"}}');
		const shown = (await ok(`doc get notes ${id} --dir alice --json`)).json();
		expect(shown).toMatchObject({ id, key: "default", deleted: false });
		expect(shown.data).toEqual({ title: "one", at: { $date: "2026-01-02T03:04:05.000Z" }, raw: { $bytes: "AAEC" } });
		await ok(["doc", "edit", "notes", id, '{"at":null,"deep":{"list":[1,2]}}', "--dir", "alice"]);
		await ok([
			"doc",
			"edit",
			"notes",
			id,
			"--set",
			"deep.more=text",
			"--set",
			"title=two",
			"--unset",
			"raw",
			"--dir",
			"alice",
		]);
		const edited = (await ok(`doc get notes ${id} --dir alice --json`)).json();
		expect(edited.data).toEqual({ title: "two", deep: { list: [1, 2], more: "text" } });
		await ok(`doc delete notes ${id} --dir alice`);
		expect((await ok("doc list notes --dir alice --json")).json()).toEqual([]);
		expect((await ok("doc list notes --deleted --dir alice --json")).json()).toMatchObject([{ id, deleted: true }]);
		await fails(["doc", "edit", "notes", id, "{}", "--set", "a=1", "--dir", "alice"], 2, "document-deleted");
		await ok(`doc delete notes ${id} --undo --dir alice`);
		expect((await ok("doc list notes --dir alice")).out).toContain("two");
		expect((await ok("db list --dir alice --json")).json()).toEqual([{ dbId: "notes", documents: 1, entries: 5 }]);
	});

	it("take texts apart, so that edits on both sides merge", async () => {
		await joinBob();
		const id = await put('{"text":"one two three"}');
		await ok("sync --with bob --dir alice");
		await ok(["doc", "edit", "notes", id, "--set", "text=ONE two three", "--dir", "alice"]);
		await ok(["doc", "edit", "notes", id, "--set", "text=one two THREE", "--dir", "bob"]);
		await ok("sync --with bob --dir alice");
		for (const dir of ["alice", "bob"]) {
			expect((await ok(`doc get notes ${id} --dir ${dir} --json`)).json().data).toEqual({ text: "ONE two THREE" });
		}
	});

	it("go out and in as JSON lines", async () => {
		await put('{"n":1,"odd":{"$date":1,"more":2},"only":{"$map":{"$date":"no"}}}');
		await put('{"n":2,"at":{"$date":"2026-01-02T03:04:05.000Z"}}');
		const { out } = await ok("doc export notes --dir alice");
		expect(out.trim().split("\n")).toHaveLength(2);
		await ok("doc export notes --out out.jsonl --dir alice");
		expect(await readFile(join(root, "out.jsonl"), "utf8")).toBe(out);
		await fails("doc export notes --out out.jsonl --dir alice", 2, "usage");
		expect((await ok("doc import copy out.jsonl --dir alice --json")).json()).toMatchObject({ documents: 2 });
		const data = (text: string) =>
			text
				.trim()
				.split("\n")
				.map((line) => JSON.parse(line).data);
		expect(data((await ok("doc export copy --dir alice")).out)).toEqual(data(out));
		const plain = { input: '{"a":1}\n\n{"a":2}\n' };
		expect((await ok("doc import copy --plain --dir alice --json", plain)).json().documents).toBe(2);
		const bad = await fails("doc import copy --dir alice", 5, "format", { input: `${out}{"data":\n` });
		expect(bad.json().error.message).toContain("line 3");
	});

	it("have a history that says who, when, what and whether it counts", async () => {
		const id = await put('{"a":1}');
		await ok(["doc", "edit", "notes", id, "--set", "a=2", "--dir", "alice"]);
		const { items } = (await ok(`doc history notes ${id} --dir alice --json`)).json();
		expect(items).toMatchObject([
			{ entryType: "doc_create", username: "alice", verdict: "accepted", fields: [{ path: ["a"], after: 1 }] },
			{
				entryType: "doc_change",
				username: "alice",
				verdict: "accepted",
				fields: [{ path: ["a"], before: 1, after: 2 }],
			},
		]);
		const explained = (await ok(`explain ${items[1].entry} --dir alice --json`)).json();
		expect(explained).toMatchObject({
			dbId: "notes",
			hash: items[1].entry,
			words: expect.stringContaining("Accepted"),
		});
		expect((await ok(`explain ${id} --dir alice`)).out).toContain("shown");
		await fails(`explain ${"0".repeat(64)} --dir alice`, 6, "not-found");
	});
});

describe("members", () => {
	it("join by an invitation, and are locked out of named keys until they are handed over", async () => {
		await put('{"title":"shared"}');
		await joinBob();
		expect((await ok("doc list notes --dir bob")).out).toContain("shared");
		expect((await ok("user list --dir bob --json")).json()).toMatchObject([
			{ username: "alice", isAdministrator: true },
			{ username: "bob", isAdministrator: false, isRevoked: false },
		]);
		await ok("key create vault --out vault.json --dir alice");
		await fails("key create vault --dir alice", 2, "usage");
		const id = await put('{"hidden":true}', "alice", "--key", "vault");
		await ok("sync --with bob --dir alice");
		await fails(`doc get notes ${id} --dir bob`, 6, "not-found");
		expect((await ok(`explain ${id} --dir bob`)).out).toContain("Locked");
		await fails("key import vault vault.json --dir bob", 3, "password", {
			env: { ...passwords, MINDOODB_KEY_PASSWORD: "no" },
		});
		await ok("key import vault vault.json --dir bob");
		expect((await ok(`doc get notes ${id} --dir bob --json`)).json().data).toEqual({ hidden: true });
		const keys = (await ok("key list --dir bob --json")).json();
		expect(keys.map(({ name }: { name: string }) => name).sort()).toEqual(["default", "directory", "vault"]);
		await ok("key export vault --out again.json --dir bob");
		expect((await ok("key import vault again.json --dir alice --json")).json()).toEqual({
			name: "vault",
			fresh: false,
		});
		await fails("key export none --dir bob", 6, "not-found");
	});

	it("are revoked, and what they write afterwards is refused", async () => {
		await joinBob();
		const revoked = (await ok("user revoke bob --dir alice --json")).json();
		expect(revoked).toMatchObject({ revoked: true, rotatedKeys: ["default", "directory"] });
		await fails("user revoke nobody --dir alice", 6, "not-found");
		await fails("user revoke alice --dir bob", 2, "not-administrator");
		const id = await put('{"late":1}', "bob");
		const synced = await run("sync --with bob --dir alice --json");
		expect(synced.code).toBe(0);
		expect((await ok(`explain ${id} --dir alice`)).out).toContain("Refused: its author was revoked");
		expect((await ok("user list --dir alice --json")).json()[1]).toMatchObject({ username: "bob", isRevoked: true });
	});

	it("get new versions of keys, and keys that the directory governs, with their next sync", async () => {
		await ok("key rotate directory --dir alice");
		await joinBob();
		await ok("key create vault --dir alice");
		await fails("key rotate vault --dir alice", 2, "not-governed");
		await ok("key govern vault --dir alice");
		await ok("key hand vault bob --dir alice");
		await ok("key rotate vault --root --dir alice");
		expect((await ok("key rotate default --dir alice --json")).json()).toEqual({ name: "default", versions: 2 });
		const id = await put('{"hidden":true}', "alice", "--key", "vault");
		await ok("sync --with alice --dir bob");
		expect((await ok(`doc get notes ${id} --dir bob --json`)).json().data).toEqual({ hidden: true });
		const keys = (await ok("key list --dir bob --json")).json() as { name: string; versions: string[] }[];
		expect(Object.fromEntries(keys.map(({ name, versions }) => [name, versions.length]))).toEqual({
			default: 2,
			directory: 2,
			vault: 2,
		});
		await fails("key rotate default --dir bob", 2, "not-administrator");
		await fails("key hand vault nobody --dir alice", 6, "not-found");
	});

	it("get named keys with the invitation", async () => {
		await ok("key create vault --dir alice");
		const id = await put('{"hidden":true}', "alice", "--key", "vault");
		await invited("--key", "vault");
		await ok("sync --with alice --dir bob");
		expect((await ok(`doc get notes ${id} --dir bob --json`)).json().data).toEqual({ hidden: true });
	});

	it("do not join by files that were swapped, nor before somebody has confirmed the words", async () => {
		const { words } = (await ok("join --out good --dir bob --json")).json();
		await ok("init --user eve --name acme --dir eve");
		const { words: evilWords } = (await ok("join --out evil --dir eve --json")).json();
		await fails("invite good --dir alice", 2, "usage");
		await fails(["invite", "evil", "--words", words, "--dir", "alice"], 5, "trust");
		expect((await ok("user list --dir alice --json")).json()).toHaveLength(1);
		await ok(["invite", "evil", "--words", evilWords, "--out", "other.response", "--dir", "alice"]);
		const invite = ["invite", "good", "--words", words, "--json", "--dir"];
		const real = (await ok([...invite, "alice", "--out", "real.response"])).json();
		const forged = (await ok([...invite, "eve", "--out", "forged.response"])).json();
		expect(forged.words).not.toBe(real.words);
		await fails("join real.response --dir bob", 2, "usage");
		await fails(["join", "forged.response", "--words", real.words, "--dir", "bob"], 5, "trust");
		await fails(["join", "other.response", "--words", real.words, "--dir", "bob"], 5, "signature");
		await fails(["join", "bob.json", "--words", real.words, "--dir", "bob"], 5, "format");
		await fails(`join real.response --root ${"0".repeat(64)} --dir bob`, 5, "trust");
		expect((await fails("db list --dir bob", 6, "not-found")).err).toContain("no tenant");
		const { tenantRoot } = (
			await ok(["join", "real.response", "--words", real.words, "--dir", "bob", "--json"])
		).json();
		// Nothing of the directory has come, so another invitation may take its place.
		await ok(`join real.response --root ${tenantRoot} --dir bob`);
		await ok("sync --with alice --dir bob");
		await fails(["join", "real.response", "--words", real.words, "--dir", "bob"], 2, "usage");
		await fails("sync --with eve --dir bob", 6, "not-found");
	});

	it("take their identity to another device, with chains that do not collide", async () => {
		await joinBob();
		const env = { ...passwords, MINDOODB_EXPORT_PASSWORD: "export secret" };
		await ok("user device export bob.device --dir bob", { env });
		await fails("user device import bob.device --dir laptop", 3, "password", {
			env: { ...env, MINDOODB_EXPORT_PASSWORD: "no" },
		});
		await ok("user device import bob.device --dir laptop", { env: { ...env, MINDOODB_PASSWORD: "laptop secret" } });
		const laptop = { env: { MINDOODB_PASSWORD: "laptop secret" } };
		await put('{"on":"bob"}', "bob");
		await ok("sync --with alice --dir laptop", laptop);
		await ok(["doc", "put", "notes", '{"on":"laptop"}', "--dir", "laptop"], laptop);
		await ok("sync --with alice --dir laptop", laptop);
		await ok("sync --with alice --dir bob");
		expect((await ok("doc list notes --dir bob --json")).json()).toHaveLength(2);
		expect((await ok("verify --dir bob --json")).json()).toMatchObject({ findings: [] });
		await fails("user device import bob.json --dir other", 5, "format", { env });
		await fails("user device import bob.device --dir alice", 2, "usage", { env });
	});

	it("change their password", async () => {
		await ok("user password --dir alice", { env: { ...passwords, MINDOODB_NEW_PASSWORD: "fresh" } });
		await fails("db list --dir alice", 3, "password");
		await ok("db list --dir alice", { env: { MINDOODB_PASSWORD: "fresh" } });
	});
});

describe("administrators", () => {
	it("are made and unmade with the administration key, whose password changes", async () => {
		await joinBob();
		await ok("admin grant bob --dir alice");
		await ok("admin password --dir alice", { env: { ...passwords, MINDOODB_NEW_PASSWORD: "fresh" } });
		await fails("admin revoke bob --dir alice", 3, "password");
		await ok("sync --with alice --dir bob");
		await ok("user create carol --dir carol --out carol.json");
		await ok("user add carol.json --dir bob");
		await fails("admin revoke bob --dir bob", 6, "not-found");
		await ok("sync --with bob --dir alice");
		await ok("admin revoke bob --dir alice", { env: { ...passwords, MINDOODB_ADMIN_PASSWORD: "fresh" } });
		await ok("sync --with alice --dir bob");
		await fails("user add carol.json --another-key --dir bob", 2, "not-administrator");
		expect((await ok("admin list --dir bob --json")).json()).toMatchObject([
			{ role: "root" },
			{ role: "administrator" },
			{ role: "administrator" },
		]);
	});

	it("have a recovery key in a file, which takes a stolen administration key's right", async () => {
		const env = { ...passwords, MINDOODB_RECOVERY_PASSWORD: "recovery" };
		await ok("init --user eve --name safe --recovery-key eve.recovery --dir eve", { env });
		const [root, recovery] = (await ok("admin list --dir eve --json")).json();
		expect(recovery).toMatchObject({ role: "recovery" });
		await fails(`admin revoke ${root.signingKey} --dir eve`, 2, "not-administrator", { env });
		await ok(`admin revoke ${root.signingKey} --recovery-key eve.recovery --dir eve`, { env });
		await fails("admin grant eve --dir eve", 2, "not-administrator", { env });
		await ok("admin grant eve --recovery-key eve.recovery --dir eve", { env });
	});

	it("who have lost everything come back by shares", async () => {
		await joinBob();
		await ok("key create vault --dir alice");
		const id = await put('{"hidden":true}', "alice", "--key", "vault");
		await ok("sync --with alice --dir bob");
		await ok("admin split share --need 2 --of 3 --dir alice");
		await rm(join(root, "alice"), { recursive: true });
		await ok("user create ada --dir ada --out ada.json");
		await fails("admin recover --share share.1 --dir ada", 3, "key-missing");
		await ok("admin recover --share share.3 --share share.1 --dir ada");
		await ok("sync --with bob --dir ada");
		await ok("user add ada.json --root --dir ada");
		await ok("admin grant ada --dir ada");
		expect((await ok(`doc get notes ${id} --dir ada --json`)).json().data).toEqual({ hidden: true });
		await ok(["doc", "edit", "notes", id, "--set", "mine=1", "--dir", "ada"]);
	});
});

describe("bad input", () => {
	it("is told in one line, with a code", async () => {
		for (const [line, exitCode, code] of [
			["nonsense", 2, "usage"],
			["doc get notes", 2, "usage"],
			["doc get notes a b c --dir alice", 2, "usage"],
			["db list --dir alice --password secret", 2, "usage"],
			["db list --dir nowhere", 6, "not-found"],
			["db list --dir alice --tenant other", 6, "not-found"],
			["doc list none --dir alice", 6, "not-found"],
			["doc get none x --dir alice", 6, "not-found"],
			["doc put notes {} --key none --dir alice", 3, "key-missing"],
			["doc put notes {nojson --dir alice", 5, "format"],
			["doc put notes [1] --dir alice", 5, "format"],
			['doc put notes {"a":{"$date":"x"}} --dir alice', 5, "format"],
			["doc put directory {} --dir alice", 2, "usage"],
			["doc import directory --dir alice", 2, "usage"],
			["doc import notes none.jsonl --dir alice", 6, "not-found"],
			["doc list notes --limit 0 --dir alice", 2, "usage"],
			["user add none.json --dir alice", 6, "not-found"],
			["user add alice/identity.json --dir alice", 5, "format"],
			["init --name acme --dir alice", 2, "usage"],
			["init --dir carol --user carol", 2, "usage"],
			["join none --dir bob", 6, "not-found"],
			["join bob.json --dir bob", 5, "format"],
			["invite bob.json --dir alice", 5, "format"],
			["admin grant alice --dir bob", 6, "not-found"],
			["admin grant nobody --dir alice", 6, "not-found"],
			["admin split share --need 3 --dir alice", 2, "usage"],
			["admin split share --need 3 --of 2 --dir alice", 2, "usage"],
			["admin recover --dir bob", 3, "key-missing"],
			["admin recover --share bob.json --dir bob", 5, "format"],
			["sync --dir alice", 2, "usage"],
			["sync --with alice --dir alice", 2, "usage"],
			["sync --with nowhere --dir alice", 6, "not-found"],
			["db list --dir alice --password-file none", 2, "usage"],
			["tour nowhere", 6, "not-found"],
		] as const) {
			if (line.includes(" notes ") && !line.includes("put")) await put("{}");
			await fails(line, exitCode, code);
		}
	});

	it("without a password and without a terminal is told what to give", async () => {
		const ran = await fails("db list --dir alice", 3, "password", { env: {} });
		expect(ran.err).toContain("MINDOODB_PASSWORD or --password-file");
		await writeFile(join(root, "word"), "user secret\nmore");
		await ok("db list --dir alice --password-file word", { env: {} });
		await writeFile(join(root, "word"), "\n");
		await fails("db list --dir alice --password-file word", 2, "usage", { env: {} });
	});

	it("that names a folder which is in use says who uses it", async () => {
		const folder = await openFolder(join(root, "alice"), { password: "user secret", ...cheapKdf });
		const ran = await fails("db list --dir alice", 4, "store-locked");
		expect(ran.json().error.holder.pid).toBe(process.pid);
		await folder.close();
	});
});

describe("an erased document", () => {
	it("is gone here at once, and elsewhere with the next sync; `explain` and `verify` say what is left", async () => {
		await joinBob();
		const id = await put('{"title":"to be erased"}');
		const kept = await put('{"title":"kept"}');
		await ok("sync --with bob --dir alice");
		expect((await run(["doc", "purge", "notes", id, "--dir", "alice"])).code).toBe(2);
		expect((await ok(["doc", "get", "notes", id, "--dir", "alice"])).out).toContain("to be erased");
		expect((await run(["doc", "purge", "notes", id, "--yes", "--dir", "bob"])).err).toContain("administrators");
		expect((await run(["doc", "purge", "notes", "unknown", "--yes", "--dir", "alice"])).code).toBe(6);

		await ok(["doc", "purge", "notes", id, "--yes", "--dir", "alice"]);
		await ok("sync --with bob --dir alice");
		for (const dir of ["alice", "bob"]) {
			expect((await run(["doc", "get", "notes", id, "--dir", dir])).code).toBe(6);
			const listed = (await ok(["doc", "list", "notes", "--dir", dir])).out;
			expect([listed.includes(kept), listed.includes(id)]).toEqual([true, false]);
			const explained = (await ok(["explain", id, "--dir", dir, "--json"])).json();
			expect(JSON.stringify(explained)).toContain("purged");
			expect((await ok(["verify", "--dir", dir, "--json"])).json()).toMatchObject({ findings: [] });
		}
	});
});

/** Commands with the names of their groups in front. */
function commandsOf(spec: CommandSpec | GroupSpec, before = ""): (readonly [path: string, command: CommandSpec])[] {
	const path = `${before}${spec.name}`;
	return "run" in spec ? [[path, spec]] : spec.commands.flatMap((each) => commandsOf(each, `${path} `));
}

describe("help", () => {
	it("has an example that works for every command, and no option that takes a password", async () => {
		for (const [word, load] of Object.entries(commands)) {
			const spec = await load();
			expect(spec.name.split(" ")[0]).toBe(word);
			for (const [path, each] of commandsOf(spec)) {
				const words = path.split(" ").filter((word) => !/[<[]/.test(word));
				const { out } = await ok([...words, "--help"]);
				expect(out).toContain(`$ mindoodb ${words.join(" ")}`);
				expect(out).toContain("Exit codes:");
				expect(out).not.toMatch(/--(\w+-)?password <(?!file)/);
				expect(each.example.startsWith(words.join(" "))).toBe(true);
			}
		}
	});
});

describe("verify", () => {
	it("finds nothing where all is well, and names a damaged record", async () => {
		await joinBob();
		await put('{"title":"to be damaged"}');
		await put('{"title":"left alone"}');
		expect((await ok("verify --dir alice --json")).json()).toMatchObject({ databases: 2, findings: [] });

		const folder = await openFolder(join(root, "alice"), { password: "user secret", ...cheapKdf });
		const { tenantRoot } = await folder.findTenant();
		await folder.close();
		await damage(tenantRoot, 1);
		const ran = await run("verify --dir alice --json");
		expect(ran.code).toBe(1);
		expect(ran.json().findings).toContainEqual(expect.objectContaining({ dbId: "notes", what: "record" }));
		expect((await run("verify --dir alice")).out).toMatch(/record: notes .*\n/);
	});

	it("is for the owner: a sync with a folder that is damaged says so, and takes the rest", async () => {
		await joinBob();
		await put('{"title":"to be damaged"}');
		await put('{"title":"left alone"}');
		const folder = await openFolder(join(root, "alice"), { password: "user secret", ...cheapKdf });
		const { tenantRoot } = await folder.findTenant();
		await folder.close();
		await damage(tenantRoot, 1);
		const synced = await run("sync --with alice --dir bob");
		expect([synced.code, synced.out]).toEqual([1, expect.stringContaining("damaged there: 1 record of notes")]);
		expect((await ok("doc list notes --dir bob")).out).toContain("left alone");
	});

	it("finds a document that shows something else than its entries make", async () => {
		const id = await put('{"title":"old"}');
		const before = await rowsOf();
		await ok(["doc", "edit", "notes", id, "--set", "title=new", "--dir", "alice"]);
		await ok("db list --dir alice");
		// Rows above the store as they were before the edit; the entries stay, and how far they were judged.
		await rowsOf(before);
		const ran = await run("verify --dir alice --json");
		expect(ran.code).toBe(1);
		expect(ran.json().findings).toEqual([expect.objectContaining({ dbId: "notes", what: "document", about: id })]);
	});

	/** Rows of the layer above the store; puts back those given that are others now. */
	async function rowsOf(before?: ReadonlyMap<string, Uint8Array>): Promise<Map<string, Uint8Array>> {
		const folder = await openFolder(join(root, "alice"), { password: "user secret", ...cheapKdf });
		const { tenantRoot } = await folder.findTenant();
		const store = await folder.env.stores.open({ tenantRoot, dbId: "notes", purpose: "documents" });
		const found = new Map<string, Uint8Array>();
		for await (const batch of store.rows.scan({ gte: new Uint8Array(0), lt: new Uint8Array(32).fill(255) })) {
			for (const [key, value] of batch) found.set(toHex(key), value);
		}
		const positionBytes = 6;
		const changed = [...(before ?? [])].filter(
			([key, value]) => value.length !== positionBytes && toHex(found.get(key) ?? value) !== toHex(value),
		);
		await store.rows.write(changed.map(([key, value]) => ({ type: "put", key: fromHex(key), value })));
		await store.close();
		await folder.close();
		return found;
	}

	/** Flips a bit of a record on the disk. */
	async function damage(tenantRoot: string, arrival: number): Promise<void> {
		const levels: FaultyLevel[] = [];
		const stores = folderStores(join(root, "alice", "stores"), nodeCrypto(), {
			wrapLevel: (level) => {
				const faulty = faultyLevel(level);
				levels.push(faulty);
				return faulty.level;
			},
		});
		const store = await stores.open({ tenantRoot, dbId: "notes", purpose: "documents" });
		await damageRecord(levels[0] as FaultyLevel, arrival, "bytes");
		await store.close();
	}
});
