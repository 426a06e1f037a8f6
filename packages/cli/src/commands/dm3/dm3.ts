import type { GroupSpec } from "../../command.js";
import { append } from "./append.js";
import { exportRecord, importRecord } from "./export-import.js";
import { list, read } from "./reading.js";

export const dm3: GroupSpec = {
	name: "dm3",
	summary: "conversations as dm3 stores them",
	commands: [importRecord, exportRecord, list, read, append],
};
