import { type EncryptedPrivateKey, parseEncryptedPrivateKey, toHex, UsageError } from "mindoodb";
import type { CommandSpec, GroupSpec } from "../command.js";
import { parseJson } from "../json-value.js";
import { table } from "../text.js";
import { govern, hand, rotate } from "./key-government.js";

const create: CommandSpec = {
	name: "create <name>",
	summary: "make a named key and take it into your KeyBag",
	about: "With --out it also goes to a file under the key password, for whoever shall read the documents under it.",
	options: [["--out <file>", "file to make, for `key import` of others"]],
	passwords: ["user", "key"],
	example: "key create payroll --out payroll.key.json",
	run: (call, [name = ""]) =>
		call.withTenant(async ({ folder, tenant }) => {
			if (tenant.keyBag.has(name)) throw new UsageError("key create: there is a key of this name already");
			const out = call.option("out");
			const password = await call.password("key", true);
			const key = await folder.createKey(password, call.kdf);
			if (out !== undefined) await call.makeFile(out, keyText(key));
			await tenant.keyBag.decryptAndImportKey(name, key, { password, limits: call.kdf.limits ?? {} });
			const file = out === undefined ? {} : { file: call.path(out) };
			return { data: { name, ...file }, lines: [`Made the key ${name}.`] };
		}),
};

const importKey: CommandSpec = {
	name: "import <name> <file>",
	summary: "take a key from a file into your KeyBag",
	passwords: ["user", "key"],
	example: "key import payroll payroll.key.json",
	async run(call, [name = "", file = ""]) {
		const key = parseEncryptedPrivateKey(parseJson(await call.readFile(file), "key"));
		return call.withTenant(async ({ tenant }) => {
			const password = await call.password("key");
			const fresh = await tenant.keyBag.decryptAndImportKey(name, key, { password, limits: call.kdf.limits ?? {} });
			return { data: { name, fresh }, lines: [fresh ? `Took the key ${name}.` : `The key ${name} was here already.`] };
		});
	},
};

const exportKey: CommandSpec = {
	name: "export <name>",
	summary: "write the newest version of a key to a file, under the key password",
	options: [["--out <file>", "file to make (default: <name>.key.json)"]],
	passwords: ["user", "key"],
	example: "key export payroll --out payroll.key.json",
	run: (call, [name = ""]) =>
		call.withTenant(async ({ tenant }) => {
			if (!tenant.keyBag.has(name))
				throw new UsageError("key export: there is no such key here", { code: "not-found" });
			const password = await call.password("key", true);
			const key = await tenant.keyBag.encryptAndExportKey(name, { password, ...call.kdf });
			const file = await call.makeFile(call.option("out") ?? `${name.replace(/[^\w-]/g, "_")}.key.json`, keyText(key));
			return { data: { name, file }, lines: [`Wrote ${file}. Hand over its password another way.`] };
		}),
};

const list: CommandSpec = {
	name: "list",
	summary: "list the keys in your KeyBag",
	passwords: ["user"],
	example: "key list",
	run: (call) =>
		call.withTenant(async ({ folder, tenant }) => {
			const { keyBag } = tenant;
			const keys = await Promise.all(
				keyBag.listKeys().map(async (name) => {
					const versions = keyBag.getAllKeys(name);
					// Tells two versions apart and says nothing about the keys.
					const digests = await folder.env.crypto.sha256Many(versions);
					return { name, versions: digests.map((digest) => toHex(digest).slice(0, 16)) };
				}),
			);
			const rows = keys.map(({ name, versions }) => [name, String(versions.length), versions[0] ?? ""]);
			return { data: keys, lines: table(["key", "versions", "fingerprint of the newest"], rows) };
		}),
};

export const key: GroupSpec = {
	name: "key",
	summary: "keys",
	commands: [create, importKey, exportKey, rotate, govern, hand, list],
};

function keyText(key: EncryptedPrivateKey): string {
	return `${JSON.stringify(key, undefined, "\t")}\n`;
}
