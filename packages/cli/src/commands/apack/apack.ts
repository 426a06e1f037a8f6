import type { GroupSpec } from "../../command.js";
import { create } from "./create.js";
import { extract } from "./extract.js";
import { info, list } from "./look.js";
import { verify } from "./verify.js";

export const apack: GroupSpec = {
	name: "apack",
	summary: "archives in the APACK format",
	commands: [create, list, info, extract, verify],
};
