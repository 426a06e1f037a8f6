/** What a document held at some changes, so that it can be written again: with marks, blocks, and the kinds of its numbers. */
import { Float64 } from "@automerge/automerge/slim";
import type { Handle } from "./draft-value.js";
import { deepestShown } from "./plain-data.js";

/** A part of a text with the marks on it, or a block. */
export type Span = ReturnType<Handle["spans"]>[number];

/** A text that is more than its characters. */
export class RichText {
	readonly spans: readonly Span[];

	constructor(spans: readonly Span[]) {
		this.spans = spans;
	}
}

/** Whether a text has marks or blocks. */
export function isRich(spans: readonly Span[]): boolean {
	return spans.some((span) => span.type === "block" || Object.keys(span.marks ?? {}).length > 0);
}

interface Place {
	readonly node: Record<string | number, unknown>;
	readonly id: string;
	readonly depth: number;
}

/** As Automerge materialises it, with a `RichText` where there is one, and a `Float64` for a whole number that is stored as a float. */
export function restorableValues(handle: Handle, heads: readonly string[]): Record<string, unknown> {
	const at = [...heads];
	const root = handle.materialize("/", at) as Record<string, unknown>;
	const waiting: Place[] = [{ node: root, id: "_root", depth: 1 }];
	for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
		const { node, id, depth } = next;
		const places = Array.isArray(node) ? node.keys() : Object.keys(node);
		for (const place of places) {
			const found = handle.getAll(id, place, at).at(-1);
			if (found === undefined) continue;
			const [type, inner] = found;
			if (type === "text") {
				const spans = handle.spans(inner, at);
				if (isRich(spans)) node[place] = new RichText(spans);
			} else if (type === "f64") {
				if (Number.isInteger(inner)) node[place] = new Float64(inner);
			} else if ((type === "map" || type === "list") && depth < deepestShown) {
				waiting.push({ node: node[place] as Place["node"], id: inner, depth: depth + 1 });
			}
		}
	}
	return root;
}
