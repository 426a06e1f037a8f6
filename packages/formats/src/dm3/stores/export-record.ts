/** One file with all containers: the JSON object key → value text, keys sorted. */
import type { Folder } from "../../ports.js";
import { Dm3Error } from "../dm3-error.js";
import { parseObject } from "../text/json-object.js";
import { stringify } from "../text/stringify.js";
import type { ContainerStore } from "./container-store.js";

export function encodeExportRecord(values: ReadonlyMap<string, string>): string {
	return stringify(Object.fromEntries(values));
}

/** @throws {Dm3Error} `record` */
export function decodeExportRecord(text: string): Map<string, string> {
	const values = new Map<string, string>();
	for (const [key, value] of Object.entries(parseObject(text, "record"))) {
		if (!/^0x[0-9a-f]{64}$/.test(key) || typeof value !== "string") {
			throw new Dm3Error("record", "expected texts under keys of 0x and 64 lower-case hex digits");
		}
		values.set(key, value);
	}
	return values;
}

/** The realisation as a single file. It is held in memory and written whole at every change, so it suits exports and short histories. */
export class RecordContainerStore implements ContainerStore {
	readonly #folder: Folder;
	readonly #name: string;
	#values: ReadonlyMap<string, string>;

	private constructor(folder: Folder, name: string, values: ReadonlyMap<string, string>) {
		this.#folder = folder;
		this.#name = name;
		this.#values = values;
	}

	/** @param name of the file; it is made by the first change. @throws {Dm3Error} `record` */
	static async open(folder: Folder, name: string): Promise<RecordContainerStore> {
		const bytes = await folder.read(name);
		const values = bytes === undefined ? new Map() : decodeExportRecord(new TextDecoder().decode(bytes));
		return new RecordContainerStore(folder, name, values);
	}

	async get(key: string): Promise<string | undefined> {
		return this.#values.get(key);
	}

	async put(key: string, value: string): Promise<void> {
		await this.#replace(new Map(this.#values).set(key, value));
	}

	async delete(key: string): Promise<void> {
		const values = new Map(this.#values);
		if (values.delete(key)) await this.#replace(values);
	}

	/** What could not be written is not there for readers either. */
	async #replace(values: ReadonlyMap<string, string>): Promise<void> {
		await this.#folder.write(this.#name, new TextEncoder().encode(encodeExportRecord(values)));
		this.#values = values;
	}
}
