import type { GroupSpec } from "../../command.js";
import { inspect } from "./inspect.js";
import { join } from "./join.js";
import { split } from "./split.js";

export const chunks: GroupSpec = {
	name: "chunks",
	summary: "files as XLattice Chunks, each of at most 128 KiB and with its own hash",
	commands: [split, join, inspect],
};
