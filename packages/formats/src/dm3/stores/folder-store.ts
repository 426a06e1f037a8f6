import type { Folder } from "../../ports.js";
import { Dm3Error } from "../dm3-error.js";
import type { ContainerStore } from "./container-store.js";

/** The realisation as many files: one for each container, named as its key. */
export class FolderContainerStore implements ContainerStore {
	readonly #folder: Folder;

	constructor(folder: Folder) {
		this.#folder = folder;
	}

	async get(key: string): Promise<string | undefined> {
		const bytes = await this.#folder.read(fileName(key));
		return bytes === undefined ? undefined : valueText(bytes);
	}

	put(key: string, value: string): Promise<void> {
		return this.#folder.write(fileName(key), new TextEncoder().encode(value));
	}

	delete(key: string): Promise<void> {
		return this.#folder.delete(fileName(key));
	}
}

/** Nothing but a key becomes a name, so that no file outside can be meant. */
function fileName(key: string): string {
	if (!/^0x[0-9a-f]{64}$/.test(key))
		throw new Dm3Error("argument", "expected a key of 0x and 64 lower-case hex digits");
	return key;
}

function valueText(bytes: Uint8Array): string {
	// Values are ASCII; what is not UTF-8 becomes a text that is no payload either.
	return new TextDecoder().decode(bytes);
}
