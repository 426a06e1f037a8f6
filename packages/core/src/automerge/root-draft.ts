import { UsageError } from "../errors.js";
import { type Assignment, isFieldAssignment, type RootFields } from "./root-fields.js";
import type { Field } from "./root-state.js";

type Root = Record<string | symbol, unknown>;

/**
 * The root of a draft that begins without Automerge: it notes assignments of plain values to keys of the root map. Anything else
 * that somebody does with it opens Automerge's own root, repeats the assignments there, and passes everything on from then on.
 */
export class RootDraft {
	readonly root: Root;
	readonly #fields: RootFields;
	readonly #openReal: () => Root;
	readonly #assignments: Assignment[] = [];
	#real: Root | undefined;
	#open = true;

	/** @param openReal gives the mutable root of Automerge; called at most once. */
	constructor(fields: RootFields, openReal: () => Root) {
		this.#fields = fields;
		this.#openReal = openReal;
		this.root = new Proxy<Root>({}, this.#handler());
	}

	/** What to write without Automerge, `undefined` when Automerge has the draft. */
	get assignments(): readonly Assignment[] | undefined {
		return this.#real === undefined ? this.#assignments : undefined;
	}

	/** Automerge's root. */
	real(): Root {
		if (!this.#open) {
			throw new UsageError("the draft is closed: it can be used only inside the callback that received it", {
				code: "draft-closed",
			});
		}
		if (this.#real === undefined) {
			const real = this.#openReal();
			this.#real = real;
			for (const { key, value } of this.#assignments) real[key] = value;
		}
		return this.#real;
	}

	close(): void {
		this.#open = false;
		this.#real = undefined;
	}

	#handler(): ProxyHandler<Root> {
		return {
			get: (_, key) => {
				const noted = this.#noted(key);
				if (noted === undefined) return Reflect.get(this.real(), key);
				return noted.value instanceof Date ? new Date(noted.value) : noted.value;
			},
			set: (_, key, value) => {
				if (!this.#open || this.#real !== undefined || typeof key !== "string" || !isFieldAssignment(key, value)) {
					return Reflect.set(this.real(), key, value);
				}
				this.#assignments.push({ key, value: value instanceof Date ? new Date(value) : value });
				return true;
			},
			deleteProperty: (_, key) => Reflect.deleteProperty(this.real(), key),
			has: (_, key) => Reflect.has(this.real(), key),
			ownKeys: () => Reflect.ownKeys(this.real()),
			getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(this.real(), key),
			defineProperty: (_, key, descriptor) => Reflect.defineProperty(this.real(), key, descriptor),
			getPrototypeOf: () => Reflect.getPrototypeOf(this.real()),
			preventExtensions: () => false,
		};
	}

	/** What stands at a key where it can be told without Automerge's root; its value is `undefined` where nothing stands. */
	#noted(key: string | symbol): Pick<Field, "value"> | undefined {
		if (!this.#open || this.#real !== undefined || typeof key !== "string" || key === "__proto__") return undefined;
		for (let i = this.#assignments.length - 1; i >= 0; i--) {
			const assignment = this.#assignments[i] as Assignment;
			if (assignment.key === key) return assignment;
		}
		const field = this.#fields.find(key);
		return field?.operation !== undefined && field.value === undefined ? undefined : field;
	}
}
