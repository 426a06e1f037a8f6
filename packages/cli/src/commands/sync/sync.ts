import { UsageError } from "mindoodb";
import type { CommandSpec } from "../../command.js";
import { attachmentsOption, historyOption } from "../../holding.js";
import { syncOverNetwork } from "./over-network.js";
import { syncWithFolder } from "./with-folder.js";

export const sync: CommandSpec = {
	name: "sync [address]",
	summary: "bring this folder and another replica level: a server, or a folder",
	about:
		"With an address such as wss://sync.example.org it levels with the server or replica there; without one, with the servers that the " +
		"directory or the invitation names, the first that answers. Only who proves a key that the directory names for a server is talked to, or " +
		"the key of --server-key. With --live it stays connected until it is interrupted. With --with it levels with another replica's folder: " +
		"that needs no password of the other side, and nobody may have it open. Whatever comes is checked before it is stored; the directory " +
		"goes first, then every database that either side has.",
	options: [
		["--live", "stay connected, and pass on what is new at once"],
		["--server-key <key>", "the server's public signing key, 64 hex digits, as its operator tells it"],
		["--with <folder>", "another replica's folder instead of an address"],
		attachmentsOption,
		historyOption,
	],
	passwords: ["user"],
	example: "sync --with /media/stick/bob --dir alice",
	async run(call, [address]) {
		const other = call.option("with");
		if (other === undefined) return syncOverNetwork(call, address);
		if (address !== undefined || call.options.live === true) {
			throw new UsageError("sync: expected an address, or --with and a folder");
		}
		return syncWithFolder(call, other);
	},
};
