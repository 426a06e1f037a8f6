import type { Call } from "../../call.js";

export const serverFolderOption = [
	"--dir <folder>",
	"the server's folder (or: MINDOODB_SERVER_DIR; default: mindoodb-server)",
] as const;

export function serverFolderOf(call: Call): string {
	return call.path(call.option("dir") ?? (call.surroundings.env.MINDOODB_SERVER_DIR || "mindoodb-server"));
}
