import { type AdministratorOptions, UsageError } from "mindoodb";
import type { Call, Workplace } from "./call.js";

/** The option of commands that write the directory. */
export const asRoot = ["--root", "sign with the administration key of this folder instead of your own key"] as const;

/** Who signs, by that option. */
export async function administrator(call: Call, { folder, tenant }: Workplace): Promise<AdministratorOptions> {
	if (call.options.root !== true) return {};
	const key = await folder.administrationKey(tenant.identity.tenantRoot);
	if (key === undefined)
		throw new UsageError("--root: this folder does not hold the administration key", { code: "not-found" });
	return { administrator: { key, password: await call.password("admin"), limits: call.kdf.limits ?? {} } };
}
