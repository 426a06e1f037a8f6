import type { GroupSpec } from "../../command.js";
import { convert, gc, rotate, verify } from "./care-commands.js";
import { list, read, write } from "./chunk-commands.js";
import { pull, push } from "./transfer.js";

export const pampa: GroupSpec = {
	name: "pampa",
	summary: "chunks of source code in a project's .pampa/chunks",
	commands: [write, read, list, verify, convert, rotate, gc, push, pull],
};
