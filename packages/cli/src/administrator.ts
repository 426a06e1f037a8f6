import { type AdministratorOptions, parseEncryptedKeyPair, UsageError } from "mindoodb";
import type { Call, Workplace } from "./call.js";
import { parseJson } from "./json-value.js";

export const recoveryOption = ["--recovery-key <file>", "sign with the recovery key in this file"] as const;
export const rootOptions = [
	["--root", "sign with the administration key of this folder instead of your own key"],
	recoveryOption,
] as const;

/** The key that signs: the user's own, with --root the folder's administration key, with --recovery-key a recovery key. */
export async function administratorOf(call: Call, place: Workplace): Promise<AdministratorOptions> {
	if (call.option("recoveryKey") === undefined && call.options.root !== true) return {};
	return { administrator: await rootKey(call, place) };
}

/** The administration key of the folder, or the recovery key of --recovery-key. @throws {UsageError} `not-found` */
export async function rootKey(
	call: Call,
	{ folder, tenant }: Workplace,
): Promise<NonNullable<AdministratorOptions["administrator"]>> {
	const { limits = {} } = call.kdf;
	const file = call.option("recoveryKey");
	if (file !== undefined) {
		const key = parseEncryptedKeyPair(parseJson(await call.readFile(file), "recovery key"));
		return { key, purpose: "recovery", password: await call.password("recovery"), limits };
	}
	const key = await folder.administrationKey(tenant.identity.tenantRoot);
	if (key === undefined)
		throw new UsageError("this folder does not hold the administration key", { code: "not-found" });
	return { key, password: await call.password("admin"), limits };
}
