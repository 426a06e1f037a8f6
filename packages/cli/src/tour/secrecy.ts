/** The act in which everything that the relay holds is searched. */
import { type EncryptedKeyPair, unlockPasswordKey } from "mindoodb";
import { countText } from "../text.js";
import { written } from "./acts.js";
import { encodeForm, forms, type Leak, LeakScanner } from "./leak-scan.js";
import type { TourReport } from "./report.js";
import type { TextFile } from "./text-files.js";
import { dbId, type Member, names, type Stage, tourKdf, tourPassword } from "./tour.js";

const leastLine = 16;
const leastName = 6;
/** A line that stands nowhere, to show that the scan finds what is there. */
const decoy = "a decoy that the scan must find: ~~~ÿþ???>>>~~~";

/** Words that a store of entries cannot hide, because they tell entries apart: not secret, and so not looked for as names. */
const publicWords = [dbId, "directory", "default", "vault"];

/** Looks for everything that was imported, written, named or used as a key. */
export async function searchRelay(stage: Stage, report: TourReport, files: readonly TextFile[]): Promise<void> {
	const { scanner, passedOver } = await scannerFor(stage, files);
	await report.step("prove that the search finds what is there", async () => {
		const expected = forms.filter((form) => encodeForm(decoy, form, false) !== undefined);
		const found = expected.filter((form) => {
			const planted = Buffer.concat([
				Buffer.alloc(5),
				encodeForm(decoy, form, false) ?? new Uint8Array(0),
				Buffer.alloc(5),
			]);
			return scanner.scan(planted, "decoy").some((leak) => leak.form === form);
		});
		await report.check(
			"a planted line is found in every form",
			found.length === expected.length && expected.length === forms.length,
		);
		return { count: `${found.length} of ${forms.length} forms` };
	});
	await report.step("search all that the relay holds", async () => {
		const { leaks, rows, bytes } = await scanRows(scanner, stage.relay.rows());
		const told = leaks.slice(0, 10).map(({ what, form, where }) => `${what} as ${form} in ${where}`);
		await report.check("the relay holds nothing that can be read", leaks.length === 0, told.join("; "));
		await report.check("the relay holds something at all", rows > 0);
		const left = passedOver === 0 ? "" : `, ${passedOver} public words left out`;
		return {
			count: `${countText(scanner.size, "secret")} in ${countText(rows, "row")}: ${countText(leaks.length, "leak")}${left}`,
			bytes,
		};
	});
}

/** Searches rows of stores: keys and values. */
async function scanRows(
	scanner: LeakScanner,
	rows: AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>,
): Promise<{ readonly leaks: Leak[]; readonly rows: number; readonly bytes: number }> {
	const leaks: Leak[] = [];
	let count = 0;
	let bytes = 0;
	for await (const [key, value] of rows) {
		count++;
		bytes += key.length + value.length;
		leaks.push(...scanner.scan(key, `the key of row ${count}`), ...scanner.scan(value, `the value of row ${count}`));
	}
	return { leaks, rows: count, bytes };
}

async function scannerFor(stage: Stage, files: readonly TextFile[]) {
	const lines = new Set<string>(Object.values(written));
	const known = new Set<string>(Object.values(names));
	for (const { text, title, path, name } of files) {
		for (const line of text.split(/\r?\n/)) {
			const trimmed = line.trim();
			if (Buffer.byteLength(trimmed) >= leastLine) lines.add(trimmed);
			else if (Buffer.byteLength(line) >= leastLine) lines.add(line);
		}
		for (const each of [title, path, name]) if (Buffer.byteLength(each) >= leastName) known.add(each);
	}
	const scanner = new LeakScanner();
	for (const line of lines) scanner.add({ what: "a line", value: line });
	let passedOver = 0;
	for (const name of known) {
		if (publicWords.some((word) => word.includes(name))) passedOver++;
		else scanner.add({ what: "a title, file or user name", value: name });
	}
	for (const key of await keysOf(stage)) scanner.add({ what: "a key", value: key });
	scanner.add({ what: "the decoy", value: decoy });
	return { scanner, passedOver };
}

/** All symmetric keys of both members, and the ends of all their private keys. */
async function keysOf({ first, second }: Stage): Promise<Uint8Array[]> {
	const keys: Uint8Array[] = [];
	for (const { tenant, folder } of [first, second]) {
		for (const keyId of tenant.keyBag.listKeys()) keys.push(...tenant.keyBag.getAllKeys(keyId));
		const { userSigningKeyPair, userEncryptionKeyPair } = folder.userId;
		keys.push(await privateKey(folder, "signing", userSigningKeyPair));
		keys.push(await privateKey(folder, "encryption", userEncryptionKeyPair));
		const administration = await folder.administrationKey();
		if (administration !== undefined) keys.push(await privateKey(folder, "administration", administration));
	}
	return keys;
}

async function privateKey(
	{ env }: Member["folder"],
	purpose: "signing" | "encryption" | "administration",
	{ privateKey: encrypted }: EncryptedKeyPair,
): Promise<Uint8Array> {
	const passwordKey = await unlockPasswordKey(env, tourPassword, { encrypted, limits: tourKdf.limits ?? {} });
	// The end of PKCS#8: the seed of Ed25519, and of an RSA key the end of its last number.
	return (await passwordKey.open(purpose, encrypted)).slice(-32);
}
