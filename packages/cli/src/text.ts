/** Text for people. */

/** Columns of equal width, the header first. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
	const all = [header, ...rows];
	const widths = header.map((_, column) =>
		all.reduce((width, row) => Math.max(width, [...(row[column] ?? "")].length), 0),
	);
	return all.map((row) =>
		row
			.map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - [...cell].length)))
			.join("  ")
			.trimEnd(),
	);
}

/** @param time milliseconds since 1970. */
export function dateText(time: number): string {
	return new Date(time).toISOString();
}

export function bytesText(bytes: number): string {
	if (bytes < 1000) return `${bytes} B`;
	return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(2)} MB`;
}

export function durationText(milliseconds: number): string {
	return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

export function countText(count: number, one: string, many = `${one}s`): string {
	return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

/** A user name as part of a file name. */
export function fileName(username: string): string {
	return username.replace(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^[._]+/, "") || "user";
}

/** What comes from others, without power over the terminal: control characters as JSON writes them, but for line ends and tabs. */
export function shownText(text: string): string {
	return text.replace(
		/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu,
		(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}

/** One line of what comes from others: no control characters, at most `most` characters. */
export function lineText(text: string, most = 100): string {
	const line = text.replace(/[\p{C}\s]+/gu, " ").trim();
	return [...line].length > most ? `${[...line].slice(0, most - 1).join("")}…` : line;
}
