/**
 * The messages of the wire, `proto/sync.proto`, with the limits that a peer has to keep. What they mean for stores is in terms.ts.
 *
 * A decoded message can be used as it stands: hashes and digests have their lengths, numbers are exact, texts are short, parts that a
 * message makes no sense without are there. Which of them answer a question, and whether they are true, is for the session to see.
 */
import {
	create,
	type DescField,
	type DescMessage,
	fromBinary,
	type MessageInitShape,
	toBinary,
} from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { FormatError } from "../../errors.js";
import { type Message, MessageSchema } from "./generated/sync_pb.js";
import { checkMessage, type MessageKind } from "./message-checks.js";

/** Bytes of one message. */
export const mostMessageBytes = 1024 * 1024;
/** Parts of one message, numbers of lists among them: two bytes on the wire become an object in memory. */
export const mostParts = 16_384;

export type { MessageKind } from "./message-checks.js";
/** What a message is made of: as `MessageKind`, without what it leaves at its default. */
export type MessageInit = Exclude<
	NonNullable<MessageInitShape<typeof MessageSchema>["kind"]>,
	{ readonly case: undefined; readonly value?: undefined }
>;

/** @throws {FormatError} when no peer would take it. */
export function encodeMessage(kind: MessageInit): Uint8Array {
	const message = create(MessageSchema, { kind });
	checkMessage(message.kind as MessageKind);
	const bytes = toBinary(MessageSchema, message);
	checkLength(bytes);
	return bytes;
}

/**
 * Inverse of `encodeMessage`. A request or response whose kind this version does not know comes with `kind.case` undefined, so that it can
 * be answered, or left, by its id. Fields that this version does not know are left out.
 * @throws {FormatError} `unsupported` for a kind of message that this version does not know: it may be ignored. Else the peer does not
 * keep the protocol.
 */
export function decodeMessage(bytes: Uint8Array): MessageKind {
	checkLength(bytes);
	const { kind } = tryDecode(bytes);
	if (kind.case === undefined) throw new FormatError("message: unknown kind", { code: "unsupported" });
	checkMessage(kind);
	return kind;
}

function tryDecode(bytes: Uint8Array): Message {
	try {
		countParts(MessageSchema, bytes, mostParts);
		return fromBinary(MessageSchema, bytes, { readUnknownFields: false });
	} catch (error) {
		if (error instanceof FormatError) throw error;
		throw new FormatError("message: expected Protobuf of a message", { cause: error });
	}
}

/** Walks over the bytes before anything is made of them. @returns parts that are left of `left`. */
function countParts(schema: DescMessage, bytes: Uint8Array, left: number): number {
	const reader = new BinaryReader(bytes);
	let rest = left;
	while (reader.pos < reader.len) {
		const [number, wireType] = reader.tag();
		const field = schema.fields.find((each) => each.number === number);
		if (wireType !== WireType.LengthDelimited) {
			reader.skip(wireType, number);
			rest--;
		} else {
			const value = reader.bytes();
			if (field?.message !== undefined) rest = countParts(field.message, value, rest - 1);
			else rest -= isPacked(field) ? numbersIn(value) : 1;
		}
		if (rest < 0) {
			throw new FormatError(`message: expected at most ${mostParts} parts`, { code: "limit", expected: mostParts });
		}
	}
	return rest;
}

/** Whether the bytes of a field are a list of numbers; those of a list of texts or of byte strings are one of its parts. */
function isPacked(field: DescField | undefined): boolean {
	return field?.fieldKind === "list" && field.packed;
}

/** Varints end with a byte below 128. */
function numbersIn(packed: Uint8Array): number {
	let count = 0;
	for (const byte of packed) if (byte < 128) count++;
	return count;
}

function checkLength({ length }: Uint8Array): void {
	if (length <= mostMessageBytes) return;
	throw new FormatError(`message: expected at most ${mostMessageBytes} bytes, found ${length}`, {
		code: "limit",
		expected: mostMessageBytes,
		found: length,
	});
}
