import { releaseInfo } from "@automerge/automerge/slim";
import { reading } from "./automerge-error.js";

/** The version of Automerge's code that runs here: what was found out about a document by loading it holds for this one alone. */
export function automergeVersion(): string {
	return reading("tell its version", () => releaseInfo().wasm?.cargoPackageVersion ?? "unknown");
}
