import { initializeBase64Wasm, isWasmInitialized } from "@automerge/automerge/slim";
import { once } from "../shared/once.js";

/**
 * Loads Automerge's WebAssembly. Automerge holds it in one place for the whole page or worker, and documents do not survive a
 * second loading, so neither do we load it twice.
 */
export const loadAutomerge: () => Promise<void> = once(async () => {
	if (isWasmInitialized()) return;
	const { automergeWasmBase64 } = await import("@automerge/automerge/automerge.wasm.base64");
	await initializeBase64Wasm(automergeWasmBase64);
});
