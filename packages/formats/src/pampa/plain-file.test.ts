import { expect, it } from "vitest";
import { nodeGzip } from "../node/gzip.js";
import { encodePlainFile } from "./plain-file.js";

it("the header is the same on every system", async () => {
	const text = new TextEncoder().encode("export const foo = 'bar';");
	// As zlib writes it on macOS: the byte of the system is 13.
	const compress = async (bytes: Uint8Array) => (await nodeGzip.compress(bytes)).with(9, 0x13) as Uint8Array;
	const file = await encodePlainFile(text, { ...nodeGzip, compress });
	expect(Buffer.from(file.subarray(0, 10)).toString("hex")).toBe("1f8b0800000000000003");
	expect(await nodeGzip.decompress(file, 100)).toEqual(text);
});
