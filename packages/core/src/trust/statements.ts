/**
 * What the entries of the directory say that count, indexed for the questions that are asked of it. An entry is taken in when
 * it starts to count and taken out when it stops (its administrator turned out to be revoked); the order does not matter.
 */

import type { DirectoryGraph, DirectoryNode } from "./directory-graph.js";
import { directoryId } from "./directory-record.js";
import type { AcceptEntries, DirectoryForm, FormName, FormOf, KeyRelease, KeyVersion } from "./forms.js";
import { Rights } from "./rights.js";

/** A form that counts, and the entry that says it. */
export interface Statement<F extends DirectoryForm = DirectoryForm> {
	readonly node: DirectoryNode;
	readonly form: F;
}

/** Nodes by a first key; empty sets are removed. */
type Index<V> = Map<string, Map<DirectoryNode, V>>;

export class Statements {
	readonly members: Rights;
	readonly administrators: Rights;
	readonly #graph: DirectoryGraph;
	readonly #byForm: Index<DirectoryForm> = new Map();
	readonly #adminOnly: Index<true> = new Map();
	readonly #versions: Index<KeyVersion> = new Map();
	readonly #announced: Index<string> = new Map();
	readonly #handed: Index<KeyRelease> = new Map();
	readonly #releases: Index<Uint8Array> = new Map();
	readonly #purges: Index<string> = new Map();
	readonly #pardons: Index<AcceptEntries> = new Map();

	constructor(graph: DirectoryGraph) {
		this.#graph = graph;
		this.members = new Rights(graph.order);
		this.administrators = new Rights(graph.order);
	}

	/** @param counts whether the entry is taken in or out; each only after the other. */
	set(node: DirectoryNode, counts: boolean): void {
		const { contents } = node.record;
		if (contents.kind === "settings") {
			const { setsAdminOnly, dbId } = contents.settings;
			if (setsAdminOnly && dbId !== undefined) toggle(this.#adminOnly, dbId, node, counts ? true : undefined);
		}
		if (contents.kind !== "form") return;
		const { form } = contents;
		toggle(this.#byForm, form.form, node, counts ? form : undefined);
		this.#setForm(node, form, counts);
	}

	of<N extends FormName>(name: N): Statement<FormOf<N>>[] {
		const found = this.#byForm.get(name) ?? new Map<DirectoryNode, DirectoryForm>();
		return [...found].map(([node, form]) => ({ node, form: form as FormOf<N> }));
	}

	isAdminOnly(dbId: string): boolean {
		return dbId === directoryId || this.#adminOnly.has(dbId);
	}

	adminOnlyDatabases(): string[] {
		return [directoryId, ...[...this.#adminOnly.keys()].filter((dbId) => dbId !== directoryId).sort()];
	}

	/** Whether a version of a key is announced. */
	isAnnounced(keyId: string, commitment: string): boolean {
		return this.#announced.has(announcementKey(keyId, commitment));
	}

	/** Entries that announce a version of a key. */
	announcements(keyId: string, commitment: string): Iterable<DirectoryNode> {
		return (this.#announced.get(announcementKey(keyId, commitment)) ?? none).keys();
	}

	/** What hands a version of a key to anybody. */
	releasesOf(keyId: string, commitment: string): Iterable<KeyRelease> {
		return (this.#handed.get(announcementKey(keyId, commitment)) ?? none).values();
	}

	versions(keyId: string): ReadonlyMap<DirectoryNode, KeyVersion> {
		return this.#versions.get(keyId) ?? none;
	}

	governedKeys(): Iterable<string> {
		return this.#versions.keys();
	}

	/** @param receiver SHA-256 of a SPKI DER key, hex. */
	releases(receiver: string): ReadonlyMap<DirectoryNode, Uint8Array> {
		return this.#releases.get(receiver) ?? none;
	}

	/** Document ids by the entry that asks for their purge. */
	purges(dbId: string): ReadonlyMap<DirectoryNode, string> {
		return this.#purges.get(dbId) ?? none;
	}

	pardons(dbId: string): ReadonlyMap<DirectoryNode, AcceptEntries> {
		return this.#pardons.get(dbId) ?? none;
	}

	#setForm(node: DirectoryNode, form: DirectoryForm, counts: boolean): void {
		switch (form.form) {
			case "grantaccess":
			case "admingrant": {
				const rights = form.form === "grantaccess" ? this.members : this.administrators;
				if (counts) rights.grant(form.signingKey, node.index);
				else rights.withdrawGrant(form.signingKey, node.index);
				return;
			}
			case "revokeaccess":
			case "adminrevoke": {
				const rights = form.form === "revokeaccess" ? this.members : this.administrators;
				const { index, record } = node;
				if (counts) rights.revoke(form.signingKey, { index, hash: record.hash, accepted: form.accepted });
				else rights.withdrawRevocation(form.signingKey, index);
				return;
			}
			case "keyversion":
				toggle(this.#versions, form.keyId, node, counts ? form : undefined);
				toggle(
					this.#announced,
					announcementKey(form.keyId, form.commitment),
					node,
					counts ? form.commitment : undefined,
				);
				return;
			case "keyrelease":
				for (const { receiver, wrap } of form.wraps) toggle(this.#releases, receiver, node, counts ? wrap : undefined);
				toggle(this.#handed, announcementKey(form.keyId, form.commitment), node, counts ? form : undefined);
				return;
			case "acceptentries":
				toggle(this.#pardons, form.dbId, node, counts ? form : undefined);
				return;
			case "purgerequest":
				toggle(this.#purges, form.dbId, node, counts ? form.docId : undefined);
				return;
			case "server":
				return;
		}
	}

	/** Of some entries those with no other in their causal future, by hash: the newest ones, in the same order everywhere. */
	newest(nodes: Iterable<DirectoryNode>): DirectoryNode[] {
		const { order } = this.#graph;
		const newest: DirectoryNode[] = [];
		const past: number[] = [];
		// Who knows an entry was placed behind it, so one look at those found so far is enough.
		for (const node of [...nodes].sort((a, b) => b.index - a.index)) {
			if (order.isInPast(node.index, past)) continue;
			newest.push(node);
			past.push(node.index);
		}
		return newest.sort((a, b) => (a.record.hash < b.record.hash ? -1 : 1));
	}
}

function announcementKey(keyId: string, commitment: string): string {
	return `${commitment}/${keyId}`;
}

function toggle<V>(index: Index<V>, key: string, node: DirectoryNode, value: V | undefined): void {
	const found = index.get(key);
	if (value !== undefined) {
		if (found === undefined) index.set(key, new Map([[node, value]]));
		else found.set(node, value);
	} else if (found?.delete(node) && found.size === 0) index.delete(key);
}

const none: ReadonlyMap<DirectoryNode, never> = new Map<DirectoryNode, never>();
