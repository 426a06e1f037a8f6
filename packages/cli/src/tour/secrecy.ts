/** The act in which everything that the server holds is searched, and all that passed between it and the members. */
import { type EncryptedKeyPair, unlockPasswordKey } from "mindoodb";
import { countText } from "../text.js";
import { written } from "./acts.js";
import { piecesOfFile } from "./attached-file.js";
import { encodeForm, forms, type Leak, LeakScanner } from "./leak-scan.js";
import type { TourReport } from "./report.js";
import type { Held, ServerProcess } from "./server-process.js";
import type { TextFile } from "./text-files.js";
import { dbId, type Member, names, type Stage, tourKdf, tourPassword } from "./tour.js";

const leastLine = 16;
const leastName = 6;
/** A line that stands nowhere, to show that the scan finds what is there. */
const decoy = "a decoy that the scan must find: ~~~ÿþ???>>>~~~";

/** Words that a store of entries cannot hide, because they tell entries apart: not secret, and so not looked for as names. */
const publicWords = [dbId, "directory", "default", "vault"];

/** The members who know the secrets, and where they must not be. */
export interface Searched extends Pick<Stage, "first" | "second"> {
	readonly server: Pick<ServerProcess, "stop" | "held">;
	readonly wire: { held(): Iterable<Held> };
}

/** Looks for everything that was imported, written, named or used as a key. */
export async function searchServer(stage: Searched, report: TourReport, files: readonly TextFile[]): Promise<void> {
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
	const left = passedOver === 0 ? "" : `, ${passedOver} public words left out`;
	const search = async (whole: string, held: AsyncIterable<Held> | Iterable<Held>) => {
		const { leaks, bytes } = await scan(scanner, held);
		const told = leaks.slice(0, 10).map(({ what, form, where }) => `${what} as ${form} in ${where}`);
		await report.check(`nothing of ${whole} can be read`, leaks.length === 0, told.join("; "));
		await report.check(`there is something of ${whole}`, bytes > 0);
		return { count: `${countText(scanner.size, "secret")}: ${countText(leaks.length, "leak")}${left}`, bytes };
	};
	await report.step("search every byte that crossed the socket", () =>
		search("what crossed the socket", stage.wire.held()),
	);
	await report.step("search all that the server holds", async () => {
		await stage.server.stop();
		return search("what the server holds", stage.server.held(stage.first.tenant.identity.tenantRoot));
	});
}

async function scan(
	scanner: LeakScanner,
	held: AsyncIterable<Held> | Iterable<Held>,
): Promise<{ readonly leaks: Leak[]; readonly bytes: number }> {
	const leaks: Leak[] = [];
	let size = 0;
	for await (const { where, bytes } of held) {
		size += bytes.length;
		leaks.push(...scanner.scan(bytes, where));
	}
	return { leaks, bytes: size };
}

async function scannerFor(stage: Searched, files: readonly TextFile[]) {
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
	for (const piece of piecesOfFile()) scanner.add({ what: "a piece of the attached file", value: piece });
	for (const key of await keysOf(stage)) scanner.add({ what: "a key", value: key });
	scanner.add({ what: "the decoy", value: decoy });
	return { scanner, passedOver };
}

/** All symmetric keys of both members, and the ends of all their private keys. */
async function keysOf({ first, second }: Searched): Promise<Uint8Array[]> {
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
