import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { initializeWasm, isWasmInitialized } from "@automerge/automerge/slim";
import { once } from "../shared/once.js";

/**
 * Loads Automerge's WebAssembly. Automerge holds it in one place for the whole process, and documents do not survive a second
 * loading, so neither do we load it twice.
 */
export const loadAutomerge: () => Promise<void> = once(async () => {
	if (isWasmInitialized()) return;
	await initializeWasm(await readFile(createRequire(import.meta.url).resolve("@automerge/automerge/automerge.wasm")));
});
