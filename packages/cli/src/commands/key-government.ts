/** What administrators do with keys of the whole tenant. */
import { administratorOf, rootOptions } from "../administrator.js";
import type { CommandSpec } from "../command.js";

export const rotate: CommandSpec = {
	name: "rotate <name>",
	summary: "make a new version of a key that the directory governs",
	about:
		"Everybody who has the key gets it with the next sync, and writes under it. What is there stays as it is. `default` and `directory` " +
		"are governed always, named keys after `key govern`.",
	options: rootOptions,
	passwords: ["user", "admin", "recovery"],
	example: "key rotate default --dir alice",
	run: (call, [name = ""]) =>
		call.withTenant(async (place) => {
			await (await place.tenant.openDirectory()).rotateKey(name, await administratorOf(call, place));
			const versions = place.tenant.keyBag.getAllKeys(name).length;
			return { data: { name, versions }, lines: [`The key ${name} has a new version: your KeyBag holds ${versions}.`] };
		}),
};

export const govern: CommandSpec = {
	name: "govern <name>",
	summary: "put a named key of your KeyBag under the directory",
	about:
		"From then on nobody but administrators brings a version of it into use, `key hand` hands it to members without a password, and " +
		"revoking one of them rotates it. Import every version of it that is in use first: what lies under another one no longer counts.",
	options: rootOptions,
	passwords: ["user", "admin", "recovery"],
	example: "key govern payroll --dir alice",
	run: (call, [name = ""]) =>
		call.withTenant(async (place) => {
			const { tenant } = place;
			// So that other devices of this user get it too.
			const usernames = tenant.username === undefined ? [] : [tenant.username];
			await (await tenant.openDirectory()).governKey(name, { usernames, ...(await administratorOf(call, place)) });
			return { data: { name, governed: true }, lines: [`The directory governs the key ${name} now.`] };
		}),
};

export const hand: CommandSpec = {
	name: "hand <name> <user>",
	summary: "hand a key that the directory governs to a member",
	about: "All versions, and each later one. They come with the member's next sync.",
	options: rootOptions,
	passwords: ["user", "admin", "recovery"],
	example: "key hand payroll bob --dir alice",
	run: (call, [name = "", username = ""]) =>
		call.withTenant(async (place) => {
			await (await place.tenant.openDirectory()).handKey(name, [username], await administratorOf(call, place));
			return { data: { name, username }, lines: [`${username} gets the key ${name} with the next sync.`] };
		}),
};
