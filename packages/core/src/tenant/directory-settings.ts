/** Settings of a tenant or a database: documents of the directory with fixed ids, so that first changes made apart merge. */
import type { MindooDB } from "../database/mindoo-db.js";
import type { DocumentWriter } from "../database/writing/document-writer.js";
import { type SettingsForm, settingsDocumentId } from "../entry/ids.js";
import type { Env } from "../env.js";
import { UsageError } from "../errors.js";
import { directoryId } from "../trust/directory-record.js";
import type { TenantIdentity } from "./tenant-identity.js";

/** Flat values; each key merges by itself. */
export type Settings = Record<string, string | number | boolean | null>;

export interface SettingsPlace {
	readonly form: SettingsForm;
	/** For `dbsettings`. */
	readonly dbId: string | undefined;
}

interface SettingsContext {
	readonly env: Env;
	readonly identity: TenantIdentity;
	/** The directory. */
	readonly db: MindooDB;
}

/** `undefined` when nobody made any. */
export async function readSettings(context: SettingsContext, place: SettingsPlace): Promise<Settings | undefined> {
	return (await context.db.getDocument(await idOf(context, place)))?.getData<Settings>();
}

/** @throws {UsageError} for values that are not flat, and then nothing is changed. */
export async function writeSettings(
	context: SettingsContext,
	writer: DocumentWriter,
	place: SettingsPlace,
	edit: (settings: Settings) => void,
): Promise<void> {
	const { form, dbId } = place;
	const docId = await idOf(context, place);
	const fill = (settings: Settings) => {
		edit(settings);
		checkFlat(settings);
		if (settings.form !== form) settings.form = form;
		if (dbId !== undefined && settings.dbid !== dbId) settings.dbid = dbId;
	};
	const existing = await context.db.getDocument(docId);
	const change = fill as (draft: Record<string, unknown>) => void;
	if (existing === undefined) await writer.createSettings(docId, directoryId, change);
	else await writer.change(docId, change);
}

function idOf({ env, identity }: SettingsContext, { form, dbId }: SettingsPlace): Promise<string> {
	return settingsDocumentId(env.crypto, identity.tenantRoot, form, dbId);
}

function checkFlat(settings: Settings): void {
	for (const [key, value] of Object.entries(settings)) {
		if (value !== null && typeof value === "object") {
			throw new UsageError("settings are flat: expected text, number, boolean or null", { field: key });
		}
	}
}
