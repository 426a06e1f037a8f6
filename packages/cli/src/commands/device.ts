import { importFolder } from "mindoodb";
import type { CommandSpec, GroupSpec } from "../command.js";

const exportDevice: CommandSpec = {
	name: "export <file>",
	summary: "write your identity and keys to a file, for another device of yours",
	about: "Under a password of its own: who has both can act as you. Delete the file when the other device has it.",
	passwords: ["user", "export"],
	example: "user device export alice.device --dir alice",
	run: (call, [file = ""]) =>
		call.withFolder(async (folder, password) => {
			const exportPassword = await call.password("export", true);
			const bytes = await folder.exportIdentity({ password, exportPassword, ...call.kdf });
			const out = await call.makeFile(file, `${new TextDecoder().decode(bytes)}\n`);
			return { data: { file: out }, lines: [`Wrote ${out}. Take its password another way.`] };
		}),
};

const importDevice: CommandSpec = {
	name: "import <file>",
	summary: "make a folder on this device from what another device of yours exported",
	about: "The identity stands under the password that you give here from then on. Contents come with `sync`.",
	passwords: ["user", "export"],
	example: "user device import alice.device --dir laptop",
	async run(call, [file = ""]) {
		const bytes = new TextEncoder().encode(await call.readFile(file));
		const exportPassword = await call.password("export");
		const password = await call.password("user", true);
		const folder = await importFolder(call.dir, bytes, { exportPassword, password, ...call.kdf });
		try {
			const tenants = (await folder.listTenants()).map(({ tenantId }) => tenantId);
			return {
				data: { username: folder.username, dir: folder.dir, tenants },
				lines: [`Made the folder ${folder.dir} of ${folder.username}. Its contents come with \`sync\`.`],
			};
		} finally {
			await folder.close();
		}
	},
};

export const device: GroupSpec = {
	name: "device",
	summary: "your other devices",
	commands: [exportDevice, importDevice],
};
