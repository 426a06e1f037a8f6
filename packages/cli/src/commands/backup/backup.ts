import { stat } from "node:fs/promises";
import { backupFolder, type WrittenBackup } from "mindoodb";
import type { CommandSpec } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { bytesText, countText } from "../../text.js";

export const backup: CommandSpec = {
	name: "backup <file>",
	summary: "write an archive of a tenant",
	about:
		"Entries go as they are: what is encrypted stays so, but names of databases, who wrote when, and sizes can be seen, unless --encrypt puts " +
		"the whole archive under a password. With --since only what is new goes; `restore` then needs the archives before too. With --with-keys " +
		"identity, keys and administration key go along, under their own passwords: without them, and without an exported identity " +
		"(`user device export`), nobody can read what is restored.",
	options: [
		["--since <archive>", "continue this archive: its file, or its id as `backup` printed it"],
		["--encrypt", "encrypt the archive under a password of its own"],
		["--with-keys", "take identity and keys along; demands --encrypt"],
	],
	passwords: ["user", "archive"],
	example: "backup monday.apack --dir alice",
	run: (call, [file = ""]) =>
		call.withTenant(async ({ folder, tenant }) => {
			const since = call.option("since");
			const encrypt = call.options.encrypt === true;
			const path = call.path(file);
			const written = await call.progress("entries", (report) =>
				backupFolder(folder, path, {
					tenant: tenant.identity.tenantRoot,
					encrypt,
					withKeys: call.options.withKeys === true,
					...(since !== undefined && { since: isId(since) ? since : call.path(since) }),
					archivePassword: () => call.password("archive", encrypt),
					...call.kdf,
					onProgress: ({ done, total }) => report(done, total),
				}),
			);
			const { id, entries, damaged } = sumOf(written);
			const { size } = await stat(path);
			const lines = [`${countText(entries, "entry", "entries")}, ${bytesText(size)}, in ${path}.`, `id ${id}`];
			if (damaged > 0)
				lines.push(`${countText(damaged, "record")} could not be read and is not in it: see \`verify\`.`);
			return {
				data: { path, id, previous: written.manifest.previous, entries, bytes: size, damaged },
				lines,
				exitCode: damaged > 0 ? exitCodes.found : exitCodes.ok,
			};
		}),
};

function isId(since: string): boolean {
	return /^[0-9a-f]{64}$/.test(since);
}

function sumOf({ id, manifest }: WrittenBackup) {
	let [entries, damaged] = [0, 0];
	for (const store of manifest.stores) {
		damaged += store.damaged;
		for (const { records } of store.segments) entries += records;
	}
	return { id, entries, damaged };
}
