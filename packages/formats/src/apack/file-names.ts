import { encodeUtf8 } from "../bytes/utf8.js";
import { ApackError } from "./errors.js";

/** Most bytes of a file name on common systems. */
const longestSegment = 255;
/** Names that belong to devices on Windows, with any extension. */
const devices = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;
/** Characters that no file name has on Windows: separators, drives and streams, wild cards, controls. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const forbidden = /[\u0000-\u001f\u007f\\:*?"<>|]/;

/**
 * The folders and the file that an entry becomes when it is extracted. The rules are those of all systems together, so that an archive
 * extracts everywhere alike, and nowhere out of the target folder.
 * @returns at least one name. @throws {ApackError} `name`; the error does not repeat it.
 */
export function fileNameSegments(name: string): readonly string[] {
	const segments = name.split("/");
	const refuse = (expected: string): ApackError =>
		new ApackError("name", `the name of an entry is no safe file name: ${expected}`, { field: "name", expected });
	for (const segment of segments) {
		if (segment === "" || segment === "." || segment === "..") throw refuse("a relative path without . and ..");
		if (forbidden.test(segment)) throw refuse('no control characters, and none of \\ : * ? " < > |');
		if (/[. ]$/.test(segment)) throw refuse("no dot or space at the end");
		if (devices.test(segment.replace(/ +(?=\.|$)/, ""))) throw refuse("no name of a device");
		if (encodeUtf8(segment).length > longestSegment) throw refuse(`at most ${longestSegment} bytes between separators`);
	}
	return segments;
}
