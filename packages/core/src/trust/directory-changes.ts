import { type DirectoryNode, unjudged } from "./directory-graph.js";
import { directoryId } from "./directory-record.js";
import type { AcceptEntries } from "./forms.js";
import type { DirectoryVerdict } from "./trust-verdict.js";

/**
 * What entries that were added to the directory changed, so that whoever depends on it can judge anew without scanning. Lists
 * are without duplicates and sorted; what began and what ceased to count are both in them. Keys and hashes are hex.
 */
export interface DirectoryChanges {
	/** Directory entries that entries of databases may have waited for: they have their place now, or can be read now. */
	readonly known: readonly string[];
	/** Directory entries whose own verdict changed. */
	readonly verdicts: readonly string[];
	/** Signers whose rights as members may have changed. */
	readonly authors: readonly string[];
	/** Signers whose rights as administrators may have changed; concerns admin-only databases. */
	readonly administrators: readonly string[];
	/** Databases that became admin-only, or ceased to be because the entry that said so no longer counts. */
	readonly adminOnly: readonly string[];
	/**
	 * Whether an entry that cannot be read began to count as one that may hold a grant: whoever was refused for want of one is pending
	 * now, and no list leads there.
	 */
	readonly hidden: boolean;
	readonly pardons: readonly AcceptEntries[];
	/** Key commitments that were announced, or no longer are. */
	readonly commitments: readonly string[];
	/** Named keys that the directory began, or ceased, to govern: all their versions have to be judged anew. */
	readonly governed: readonly string[];
	readonly releases: readonly {
		readonly keyId: string;
		readonly commitment: string;
		readonly receivers: readonly string[];
	}[];
	readonly purges: readonly { readonly dbId: string; readonly docId: string }[];
	/** Whether the list of servers changed. */
	readonly servers: boolean;
}

/** Collects what follows from verdicts that changed. */
export function changesOf(
	placed: readonly DirectoryNode[],
	changed: ReadonlyMap<DirectoryNode, DirectoryVerdict>,
	wasGoverned: (keyId: string, gained: number) => boolean,
): DirectoryChanges {
	const known = new Set(placed.map(({ record }) => record.hash));
	const authors = new Set<string>();
	const administrators = new Set<string>();
	const adminOnly = new Set<string>();
	const commitments = new Set<string>();
	const versions = new Map<string, number>();
	const pardons: AcceptEntries[] = [];
	const releases: { keyId: string; commitment: string; receivers: readonly string[] }[] = [];
	const purges = new Map<string, { dbId: string; docId: string }>();
	let servers = false;
	let hidden = false;
	for (const [{ record, verdict }, before] of changed) {
		if (before.verdict === "locked") known.add(record.hash);
		else if (verdict.verdict === "locked" && before !== unjudged) hidden = true;
		const step = Number(verdict.verdict === "accepted") - Number(before.verdict === "accepted");
		if (step === 0) continue;
		const { contents } = record;
		if (contents.kind === "settings" && contents.settings.setsAdminOnly && contents.settings.dbId !== undefined) {
			adminOnly.add(contents.settings.dbId);
		}
		if (contents.kind !== "form") continue;
		const { form } = contents;
		switch (form.form) {
			case "grantaccess":
			case "revokeaccess":
				authors.add(form.signingKey);
				break;
			case "admingrant":
			case "adminrevoke":
				administrators.add(form.signingKey);
				break;
			case "keyversion":
				commitments.add(form.commitment);
				versions.set(form.keyId, (versions.get(form.keyId) ?? 0) + step);
				break;
			case "keyrelease":
				releases.push({
					keyId: form.keyId,
					commitment: form.commitment,
					receivers: form.wraps.map(({ receiver }) => receiver),
				});
				break;
			case "acceptentries":
				pardons.push(form);
				break;
			case "purgerequest":
				purges.set(`${form.docId}/${form.dbId}`, { dbId: form.dbId, docId: form.docId });
				break;
			case "server":
				servers = true;
		}
	}
	adminOnly.delete(directoryId);
	return {
		known: [...known].sort(),
		verdicts: [...changed.keys()].map(({ record }) => record.hash).sort(),
		authors: [...authors].sort(),
		administrators: [...administrators].sort(),
		adminOnly: [...adminOnly].sort(),
		hidden,
		pardons,
		commitments: [...commitments].sort(),
		governed: [...versions].filter(([keyId, gained]) => wasGoverned(keyId, gained)).map(([keyId]) => keyId),
		releases,
		purges: [...purges.values()],
		servers,
	};
}
