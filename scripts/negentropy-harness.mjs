// One side of a Negentropy reconciliation on lines of standard input, as the public suite drives it, so that ours can be run
// against implementations in other languages.
// Usage: npm run -s negentropy-harness
//   item,CREATED,ID    a record: decimal timestamp below 2^64 - 1, 64 hex digits
//   seal               there are no more records
//   initiate           makes this side begin: answers msg,HEX
//   msg,HEX            answers msg,HEX; the side that began first answers have,ID and need,ID, and done when there is nothing to send
// The environment variable FRAMESIZELIMIT: most bytes of a message, 4096 at least; 0 or none for no limit.
import { createInterface } from "node:readline";
import { setUp } from "./setup.mjs";

const failed = await setUp();
if (failed !== 0) process.exit(failed);
const core = new URL("../packages/core/dist/", import.meta.url);
const { differencesOf, Initiator } = await import(new URL("sync/negentropy/initiator.js", core).href);
const { respond } = await import(new URL("sync/negentropy/responder.js", core).href);
const { SortedRecords } = await import(new URL("sync/negentropy/sorted-records.js", core).href);
const { fromHex, toHex } = await import(new URL("bytes/hex.js", core).href);
const { nodeCrypto } = await import("mindoodb");

const frameSizeLimit = Number(process.env.FRAMESIZELIMIT ?? 0);
const parameters = {
	mostMessageBytes: Number.POSITIVE_INFINITY,
	...(frameSizeLimit === 0 ? {} : { frameSizeLimit }),
};

/** @type {{ timestamp: bigint, id: Uint8Array }[]} */
const items = [];
/** @type {{ crypto: unknown, index: unknown, parameters: typeof parameters } | undefined} */
let side;
/** @type {{ begin(): Promise<Uint8Array>, receive(message: Uint8Array): Promise<{ listed: unknown, next: Uint8Array | undefined }> } | undefined} */
let initiator;

/** @param {string} line */
async function answer(line) {
	const [command, first = "", second = ""] = line.trim().split(",");
	if (command === "item" && side === undefined) {
		if (!/^[0-9]+$/.test(first)) throw new Error(`expected a decimal timestamp, found "${first}"`);
		items.push({ timestamp: BigInt(first), id: fromHex(second.toLowerCase(), 32) });
		return [];
	}
	if (command === "seal" && side === undefined) {
		side = { crypto: nodeCrypto(), index: new SortedRecords(items), parameters };
		return [];
	}
	if (side === undefined) throw new Error(`expected item or seal, found "${command}"`);
	if (command === "initiate") {
		const begun = new Initiator(side);
		initiator = begun;
		return [`msg,${toHex(await begun.begin())}`];
	}
	if (command !== "msg") throw new Error(`expected initiate or msg, found "${command}"`);
	const message = fromHex(first.toLowerCase());
	if (initiator === undefined) return [`msg,${toHex(await respond(side, message))}`];
	const { listed, next } = await initiator.receive(message);
	const { have, need } = await differencesOf(side.index, listed);
	return [
		...have.map((/** @type {string} */ id) => `have,${id}`),
		...need.map((/** @type {string} */ id) => `need,${id}`),
		next === undefined ? "done" : `msg,${toHex(next)}`,
	];
}

try {
	for await (const line of createInterface({ input: process.stdin })) {
		if (line.trim() === "") continue;
		const lines = await answer(line);
		if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
	}
} catch (error) {
	process.stderr.write(`negentropy-harness: ${error instanceof Error ? error.message : error}\n`);
	process.exitCode = 1;
	process.stdin.destroy();
}
