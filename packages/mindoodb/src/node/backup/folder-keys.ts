/**
 * The files of a folder that hold keys, each under its password, as they go into a backup: `identity.json`, and of the tenant `tenant.json`,
 * `keys.<generation>.json`, `administration.json`, `tenant-key.json`.
 */
import { join } from "node:path";
import { FormatError, type OpenedBackup, StoreError } from "@mindoodb/core";
import { nodeCrypto } from "../crypto.js";
import { makeFolder, readFileAtMost, writeFileDurably } from "../folder-files.js";
import { identityPath, readIdentity } from "../identity-file.js";
import { listTenants, TenantFiles, tenantFolder } from "../tenant-files.js";

const identityName = "identity.json";
const tenantNames = /^(tenant|administration|tenant-key|keys\.[0-9a-f]{8})\.json$/;
/** Bytes of the largest file of these: a full KeyBag. */
const mostBytes = 80 * 1024 * 1024;

export async function readKeyFiles(dir: string, tenantRoot: string): Promise<ReadonlyMap<string, Uint8Array>> {
	const files = new Map<string, Uint8Array>();
	const identity = await readIdentity(dir);
	const folder = tenantFolder(dir, tenantRoot);
	for (const name of ["tenant", `keys.${identity?.keyBags}`, "administration", "tenant-key"]) {
		const file = await readFileAtMost(join(folder, `${name}.json`), mostBytes);
		if (file !== undefined) files.set(`${name}.json`, file);
	}
	const own = await readFileAtMost(identityPath(dir), mostBytes);
	if (own !== undefined) files.set(identityName, own);
	// A change of password replaces the KeyBag and then the identity.
	if ((await readIdentity(dir))?.keyBags === identity?.keyBags && files.has(`keys.${identity?.keyBags}.json`))
		return files;
	throw new StoreError("folder: its keys changed while they were read; try again", { code: "store-io", field: "keys" });
}

/** @throws {FormatError} when the files are not those of one identity and this tenant. */
export async function writeKeyFiles(dir: string, backup: OpenedBackup): Promise<void> {
	const folder = tenantFolder(dir, backup.tenantRoot);
	await makeFolder(folder);
	for (const { name } of backup.manifest.files) {
		if (name !== identityName && !tenantNames.test(name)) {
			throw new FormatError("backup: expected the files of an identity and a tenant", { field: name });
		}
		const bytes = (await backup.file(name)) as Uint8Array;
		await writeFileDurably(name === identityName ? identityPath(dir) : join(folder, name), bytes);
	}
	const identity = await readIdentity(dir);
	const [tenant] = await listTenants(dir, nodeCrypto());
	if (identity === undefined || tenant?.tenantRoot !== backup.tenantRoot) {
		throw new FormatError("backup: expected an identity and the tenant that the archive is of", { field: "files" });
	}
	await new TenantFiles(dir, tenant.tenantRoot).readKeyBag(identity.keyBags);
}
