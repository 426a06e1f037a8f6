// Random and damaged chunk files, keys and codemaps: a value or a PampaError, and no text under a name that is not its own.
import { nodeAead, nodeGzip } from "@mindoodb/formats/node";
import {
	decodeCodemap,
	encodeCodemap,
	PampaChunkStore,
	PampaError,
	parseEncryptionKey,
	shaOf,
} from "@mindoodb/formats/pampa";
import { memoryFolder } from "../vectors/memory-folder.mjs";
import { makeRandom } from "./random.mjs";

const maxLength = 64 * 1024;
const codemapText = encodeCodemap(
	new Map([
		[
			"src/a.ts:f:08a62bfd",
			/** @type {any} */ ({ file: "src/a.ts", symbol: "f", sha: "08a62bfd03172fdb1fd66a9812bc86baff9bc8ba" }),
		],
		[
			"7",
			/** @type {any} */ ({
				synonyms: ["one", "two"],
				success_rate: 0.5,
				last_used_at: "2026-01-28T14:30:00Z",
				more: { a: [1] },
			}),
		],
	]),
);

/**
 * @param {number} runs
 * @param {number} seed
 * @returns {Promise<void>} fails on the first input that is treated wrongly
 */
export async function fuzz(runs, seed) {
	const random = makeRandom(seed);
	const key = random.bytes(32);
	const folder = memoryFolder();
	const ports = { gzip: nodeGzip, aead: nodeAead("aes-256-gcm"), random: { randomBytes: random.bytes } };
	const stores = [
		new PampaChunkStore(folder, { ...ports, key, encrypt: false }),
		new PampaChunkStore(folder, { ...ports, key }),
	];
	const texts = ["", "export const foo = 'bar';\n", "x".repeat(3000), "\uFEFF日本語\r\n"];
	const written = [];
	for (const store of stores) {
		for (const text of texts) {
			const { sha, fileName } = await store.write(text);
			written.push({ sha, fileName, file: /** @type {Uint8Array} */ (folder.files.get(fileName)), text });
		}
	}
	for (let run = 0; run < runs; run++) {
		const { sha, fileName, file, text } = random.pick(written);
		folder.files.clear();
		folder.files.set(fileName, random.number(20) === 0 ? random.bytes(random.number(120)) : random.damage(file));
		await valueOrRefusal(run, async () => {
			const found = await stores[0].read(sha, { maxLength });
			if (found !== undefined && (found.code !== text || shaOf(found.bytes) !== sha))
				throw new Error("another text was accepted");
		});
		await valueOrRefusal(run, async () => {
			const found = await stores[0].read(sha, { maxLength, verify: false });
			if (found !== undefined && found.bytes.length > maxLength) throw new Error("more was read than allowed");
		});
		await valueOrRefusal(run, () => {
			const damaged = Buffer.from(random.damage(Buffer.from(codemapText))).toString("utf8");
			const again = encodeCodemap(decodeCodemap(damaged));
			if (encodeCodemap(decodeCodemap(again)) !== again) throw new Error("a codemap changes when it is written again");
		});
		await valueOrRefusal(run, () => {
			const damaged = Buffer.from(random.damage(Buffer.from(Buffer.from(key).toString("base64")))).toString("latin1");
			for (const lenient of [false, true]) {
				const parsed = parseEncryptionKey(damaged, { lenient });
				if (parsed !== undefined && parsed.length !== 32) throw new Error("a key of another length");
			}
		});
	}
}

/**
 * @param {number} run
 * @param {() => unknown} work
 */
async function valueOrRefusal(run, work) {
	try {
		await work();
	} catch (error) {
		if (!(error instanceof PampaError)) throw new Error(`run ${run}: ${error instanceof Error ? error.stack : error}`);
	}
}
