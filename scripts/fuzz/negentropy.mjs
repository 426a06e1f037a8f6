// Messages of a reconciliation, random and damaged, to the side that answers and to the side that asked: each is answered within its bounds, or
// refused with a FormatError, and what is taken for a difference lies in the message.
import { nodeCrypto } from "mindoodb";
import { makeRandom } from "./random.mjs";

const folder = new URL("../../packages/core/dist/sync/negentropy/", import.meta.url);
const { Initiator } = await import(new URL("initiator.js", folder).href);
const { respond } = await import(new URL("responder.js", folder).href);
const { FormatError } = await import(new URL("../../errors.js", folder).href);
const { SortedRecords } = await import(new URL("sorted-records.js", folder).href);

const crypto = nodeCrypto();
const frameSizeLimit = 4096;

/**
 * @param {number} runs
 * @param {number} seed
 * @returns {Promise<void>} fails on the first input that is treated wrongly
 */
export async function fuzz(runs, seed) {
	const random = makeRandom(seed);
	const records = Array.from({ length: 300 }, () => ({
		timestamp: BigInt(random.number(2 ** 32)) * 2n ** BigInt(random.number(30)),
		id: random.bytes(32),
	}));
	const sideOf = (/** @type {typeof records} */ own) => ({
		crypto,
		index: new SortedRecords(own),
		parameters: { frameSizeLimit },
	});
	const [asking, answering] = [sideOf(records.slice(20)), sideOf(records.slice(0, -20))];
	const initiator = new Initiator(asking);
	const [questions, answers] = await recordRounds(initiator, answering);
	for (let run = 0; run < runs; run++) {
		const asks = random.number(2) === 0;
		const genuine = random.pick(asks ? answers : questions);
		const bytes = random.number(20) === 0 ? random.bytes(random.number(100)) : random.damage(genuine);
		try {
			const reply = asks ? await taken(initiator, bytes) : await respond(answering, bytes);
			if (reply !== undefined && reply.length > frameSizeLimit)
				throw new Error(`run ${run}: a message beyond its bound`);
		} catch (error) {
			if (!(error instanceof FormatError)) throw error;
		}
	}
}

/** @param {any} initiator @param {Uint8Array} bytes */
async function taken(initiator, bytes) {
	const { listed, next } = await initiator.receive(bytes);
	const ids = listed.flatMap((/** @type {{ ids: Uint8Array[] }} */ each) => each.ids);
	if (ids.length * 32 > bytes.length) throw new Error("more is listed than the message holds");
	return next;
}

/** @param {any} initiator @param {unknown} answering */
async function recordRounds(initiator, answering) {
	/** @type {Uint8Array[]} */
	const questions = [];
	/** @type {Uint8Array[]} */
	const answers = [];
	for (let next = await initiator.begin(); next !== undefined; ) {
		questions.push(next.slice());
		const answer = await respond(answering, next);
		answers.push(answer.slice());
		({ next } = /** @type {{ next: Uint8Array }} */ (await initiator.receive(answer)));
	}
	return [questions, answers];
}
