/**
 * The root map `_attachments`. Two members who each add a document's first attachment make this map twice, and Automerge shows one of
 * the two; both sides' attachments count, so all maps that stand there concurrently are read as one, and each reference is edited in
 * the map that holds it. Ids are random, so no two maps hold the same one.
 */
import type { DraftContext } from "./draft.js";
import type { Handle } from "./draft-value.js";
import { type DocumentData, isMap, plainData } from "./plain-data.js";

export const attachmentsKey = "_attachments";
const root = "_root";

/** Shows all maps that stand at `_attachments` as one; `data` is what the document shows otherwise. */
export function mergeAttachments(handle: Handle, data: DocumentData): void {
	if (!isMap(data[attachmentsKey])) return;
	const maps = mapsOf(handle);
	if (maps.length < 2) return;
	const merged = maps.map((object) => plainData(handle.materialize(object)));
	// The one that Automerge shows comes last, and wins.
	data[attachmentsKey] = Object.assign(Object.create(Object.prototype), ...merged) as DocumentData;
}

/** The references of an open draft, with what was edited in it so far. */
export class DraftAttachments {
	readonly #context: DraftContext;

	constructor(context: DraftContext) {
		this.#context = context;
	}

	/** Fields of each reference by attachment id, as they stand in the document. */
	read(): Map<string, Readonly<Record<string, unknown>>> {
		const found = new Map<string, Readonly<Record<string, unknown>>>();
		for (const map of mapsOf(this.#context)) {
			for (const id of this.#context.keys(map)) {
				const reference = this.#objectAt(map, id);
				if (reference !== undefined) found.set(id, this.#fieldsOf(reference));
			}
		}
		return found;
	}

	/** As `read` for one of them. */
	find(id: string): Readonly<Record<string, unknown>> | undefined {
		const map = mapsOf(this.#context).findLast((each) => this.#context.keys(each).includes(id));
		const reference = map === undefined ? undefined : this.#objectAt(map, id);
		return reference === undefined ? undefined : this.#fieldsOf(reference);
	}

	add(
		id: string,
		fields: { readonly fileName: string; readonly mimeType: string; readonly content: Uint8Array },
	): void {
		if (mapsOf(this.#context).length === 0) this.#context.putObject(root, attachmentsKey, {});
		const map = this.#objectAt(root, attachmentsKey) as string;
		this.#context.putObject(map, id, {});
		const reference = this.#objectAt(map, id) as string;
		this.#context.put(reference, "fileName", fields.fileName, "str");
		this.#context.put(reference, "mimeType", fields.mimeType, "str");
		this.#context.put(reference, "content", fields.content, "bytes");
	}

	setContent(id: string, content: Uint8Array): void {
		for (const map of mapsOf(this.#context)) {
			const reference = this.#objectAt(map, id);
			if (reference !== undefined) this.#context.put(reference, "content", content, "bytes");
		}
	}

	remove(id: string): void {
		for (const map of mapsOf(this.#context)) if (this.#context.keys(map).includes(id)) this.#context.delete(map, id);
	}

	#fieldsOf(reference: string): Record<string, unknown> {
		const fields: Record<string, unknown> = {};
		for (const key of ["fileName", "mimeType", "content"]) {
			const [type, value] = this.#context.getWithType(reference, key) ?? [];
			fields[key] = type === "text" ? this.#context.text(value as string) : value;
		}
		return fields;
	}

	#objectAt(object: string, key: string): string | undefined {
		const [type, value] = this.#context.getWithType(object, key) ?? [];
		return type === "map" ? (value as string) : undefined;
	}
}

/** Object ids of the maps that stand at the key; what Automerge shows is the last. */
function mapsOf(handle: Pick<Handle, "getAll">): string[] {
	return handle.getAll(root, attachmentsKey).flatMap(([type, value]) => (type === "map" ? [value as string] : []));
}
