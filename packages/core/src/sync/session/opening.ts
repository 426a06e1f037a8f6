/** Which stores two replicas have in common, and where each stands in the other's: `Open` and `Opened` of docs/sync.md. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { fromHex, toHex } from "../../bytes/hex.js";
import { FormatError } from "../../errors.js";
import type { StorePosition } from "../../store/store.js";
import type { RememberedStore, SyncedStore } from "../host.js";
import { holds } from "../levelling/peer-memory.js";
import {
	type OpenedSchema,
	type OpenSchema,
	type StoreOpen,
	type StoreOpened,
	StoreOpened_Answer,
	type StoreOpenedSchema,
	type StoreOpenSchema,
} from "../wire/generated/sync_pb.js";
import { positionOf, required, wireHashes, wirePosition } from "../wire/terms.js";
import { type Meeting, samePosition } from "./store-link.js";

const longestId = 128;
/** Of an id, hex: enough to tell two stores apart that one key speaks for. */
const knownStoreDigits = 16;

/** A store that this side has named, and what it said of it. */
export interface NamedStore {
	readonly number: number;
	readonly synced: SyncedStore;
	readonly at: StorePosition;
	readonly remembered: RememberedStore | undefined;
	readonly lacksContents: boolean;
}

/** A store that the other side has named. */
export interface OfferedStore {
	readonly number: number;
	readonly dbId: string;
	readonly purpose: SyncedStore["purpose"];
	readonly storeId: string;
	readonly at: StorePosition;
	/** What it remembers of a store here, and how the id of that one begins. */
	readonly known: StorePosition | undefined;
	readonly knownStore: string;
	readonly lacksContents: boolean;
}

export interface AnsweredStore {
	readonly opened: MessageInitShape<typeof StoreOpenedSchema> | undefined;
	readonly meeting: Meeting;
}

export async function nameStore(
	synced: SyncedStore,
	number: number,
	peer: string,
): Promise<{ readonly named: NamedStore; readonly open: MessageInitShape<typeof StoreOpenSchema> }> {
	// What comes while the rest is read is announced: where the store stands is said before.
	const [{ storeId }, at, remembered, lacksBytes] = await Promise.all([
		synced.store.identity(),
		synced.store.position(),
		synced.remembered(peer),
		lacksContentsOf(synced),
	]);
	const lacksContents = lacksBytes || remembered?.noted === true;
	const open = {
		number,
		dbId: synced.dbId,
		attachments: synced.purpose === "attachments",
		storeId: fromHex(storeId, 16),
		at: wirePosition(at),
		lacksContents,
		...(remembered && {
			known: wirePosition(remembered.position),
			knownStore: fromHex(remembered.storeId.slice(0, knownStoreDigits), knownStoreDigits / 2),
		}),
	};
	return { named: { number, synced, at, remembered, lacksContents }, open };
}

export function writeOpen(
	heads: readonly string[],
	stores: readonly MessageInitShape<typeof StoreOpenSchema>[],
	live: boolean,
): MessageInitShape<typeof OpenSchema> {
	return { directoryHeads: wireHashes(heads), stores: [...stores], live };
}

/** @throws {FormatError} */
export function readOffered(open: StoreOpen): OfferedStore {
	const { number, dbId, attachments, storeId, at, known, knownStore, lacksContents } = open;
	if (dbId.length === 0 || dbId.length > longestId) throw new FormatError("open: expected the id of a database");
	return {
		number,
		dbId,
		purpose: attachments ? "attachments" : "documents",
		storeId: toHex(storeId),
		at: positionOf(required(at)),
		known: known && positionOf(known),
		knownStore: toHex(knownStore),
		lacksContents,
	};
}

/** The answer about one store; none where both stand where the other remembers. */
export async function answerStore(
	offered: OfferedStore,
	synced: SyncedStore,
	{ peer, live }: { readonly peer: string; readonly live: boolean },
): Promise<AnsweredStore> {
	const { number, storeId, at: theirs } = offered;
	const { storeId: ownId } = await synced.store.identity();
	// What was remembered of another store was said by that one, and it need not have given what it counted.
	const known = ownId.startsWith(offered.knownStore) ? offered.known : undefined;
	const [ours, remembered, resumes, lacksBytes] = await Promise.all([
		synced.store.position(),
		synced.remembered(peer, storeId),
		known === undefined ? offered.known === undefined && theirs.arrival === 0 : holds(synced.store, known),
		lacksContentsOf(synced),
	]);
	const met = remembered?.storeId === storeId ? remembered : undefined;
	const own = met?.position;
	const pageComes = (own !== undefined || ours.arrival === 0) && !samePosition(own ?? ours, theirs);
	// What it may wait for, `resumes` tells it.
	const lacksHere = lacksBytes || met?.noted === true;
	const lacks = { here: lacksHere, there: offered.lacksContents };
	const isLevelHere = own !== undefined && samePosition(own, theirs);
	const found = isLevelHere ? { passed: own } : { passed: undefined, presumed: own };
	const meeting = {
		lacks,
		storeId,
		theirs,
		ours,
		...found,
		pageComes,
		known,
		pageExpected: false,
		level: false,
		live,
	};
	const stands = known !== undefined && isLevelHere && samePosition(known, ours);
	if (stands && !lacks.here && !lacks.there) {
		return { opened: undefined, meeting: { ...meeting, level: true } };
	}
	const opened = {
		number,
		storeId: fromHex(ownId, 16),
		at: wirePosition(ours),
		resumes,
		lacksContents: lacksHere,
		...(own && { known: wirePosition(own) }),
	};
	return { opened, meeting };
}

/** Beside entries that were noted to be asked for again, what there is to do but to take over what is new. */
async function lacksContentsOf(synced: SyncedStore): Promise<boolean> {
	return (await synced.lacksContents?.()) === true;
}

export function absent({ number }: OfferedStore): MessageInitShape<typeof StoreOpenedSchema> {
	return { number, answer: StoreOpened_Answer.ABSENT };
}

export function writeOpened(
	own: readonly string[],
	theirs: readonly string[],
	stores: readonly MessageInitShape<typeof StoreOpenedSchema>[],
	more: readonly string[],
): MessageInitShape<typeof OpenedSchema> {
	const same = own.length === theirs.length && own.every((head, index) => head === theirs[index]);
	return { directoryHeads: wireHashes(same ? [] : own), stores: [...stores], more: [...more] };
}

/** What the answer says of a store that this side has named; `undefined`: the other side does not keep it. @throws {FormatError} */
export function readAnswer(
	{ at: ours, remembered, lacksContents }: NamedStore,
	answer: StoreOpened | undefined,
): Omit<Meeting, "live"> | undefined {
	if (answer === undefined) {
		if (remembered === undefined) throw new FormatError("opened: a store that was never met cannot be level");
		const { storeId, position } = remembered;
		return {
			lacks: { here: lacksContents, there: false },
			storeId,
			theirs: position,
			ours,
			passed: position,
			pageComes: false,
			known: ours,
			pageExpected: false,
			level: true,
		};
	}
	if (answer.answer === StoreOpened_Answer.ABSENT) return undefined;
	const theirs = positionOf(required(answer.at));
	const passed = answer.resumes ? remembered?.position : undefined;
	const nothing = theirs.arrival === 0 || (passed !== undefined && samePosition(passed, theirs));
	const known = answer.known && positionOf(answer.known);
	return {
		lacks: { here: lacksContents, there: answer.lacksContents },
		storeId: toHex(answer.storeId),
		theirs,
		ours,
		passed,
		pageComes: answer.resumes && !nothing,
		known,
		pageExpected: known !== undefined && !samePosition(known, ours),
		level: false,
	};
}
