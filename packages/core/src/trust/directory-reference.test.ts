/**
 * The rules of docs/trust.md once more, word by word and without any index: the past is a set of addresses, chains are walked
 * link by link, everything is computed from scratch. The property tests compare the fold and the judge with it.
 */
import { expect, test } from "vitest";
import { Example, keyOf, recoveryKey, rootKey } from "./directory-example.test.js";
import type { DirectoryRecord } from "./directory-record.js";
import type { ChainRun } from "./form-codecs.js";
import type { DirectoryForm, FormName, FormOf } from "./forms.js";
import type { AuthoredEntry } from "./judge.js";

type Said<N extends FormName> = { readonly record: DirectoryRecord; readonly form: FormOf<N> };
type Links = ReadonlyMap<string, { readonly previousByAuthor: string | undefined; readonly signer: string }>;

export class Reference {
	readonly #all: ReadonlyMap<string, DirectoryRecord>;
	readonly #pasts = new Map<string, ReadonlySet<string>>();
	/** By level: right of an author to write an entry, as "accepted" or why not. */
	readonly #rights = new Map<string, string>();
	readonly #verdicts = new Map<string, string>();

	constructor(records: readonly DirectoryRecord[]) {
		this.#all = new Map(records.map((record) => [record.hash, record]));
		for (let grew = true; grew; ) {
			grew = false;
			for (const record of records) {
				if (this.#pasts.has(record.hash) || !record.parents.every((hash) => this.#pasts.has(hash))) continue;
				this.#pasts.set(record.hash, new Set([record.hash, ...this.#pastOf(record.parents)]));
				grew = true;
			}
		}
		for (const level of [0, 1, 2]) {
			const pardoned = this.#pardonedInDirectory(level);
			const rights = this.#placed(level).map((record) => [record.hash, this.#rightOf(record, pardoned)] as const);
			for (const [hash, right] of rights) this.#rights.set(hash, right);
		}
	}

	verdict(hash: string): string {
		const known = this.#verdicts.get(hash);
		if (known !== undefined) return known;
		const verdict = this.#pasts.has(hash) ? this.#judge(this.#all.get(hash) as DirectoryRecord) : "pending";
		this.#verdicts.set(hash, verdict);
		return verdict;
	}

	heads(): string[] {
		const known = [...this.#pasts.keys()].filter((hash) => /^(accepted|locked)$/.test(this.verdict(hash)));
		return known.filter((hash) => !known.some((other) => other !== hash && this.#pasts.get(other)?.has(hash))).sort();
	}

	counted<N extends FormName>(name: N): Said<N>[] {
		return this.#said(name, ({ hash }) => this.verdict(hash) === "accepted");
	}

	adminOnly(dbId: string): boolean {
		return [...this.#all.values()].some(
			({ contents, hash }) =>
				contents.kind === "settings" &&
				contents.settings.dbId === dbId &&
				contents.settings.setsAdminOnly &&
				this.verdict(hash) === "accepted",
		);
	}

	isMember(key: string): boolean {
		return this.#standing("access", key, this.#pastOf(this.heads()), "db", "", new Map(), false) === "accepted";
	}

	writeVersion(keyId: string): string | undefined {
		const versions = this.counted("keyversion").filter(({ form }) => form.keyId === keyId);
		const newest = versions.filter(
			({ record }) =>
				!versions.some((other) => other.record !== record && this.#pasts.get(other.record.hash)?.has(record.hash)),
		);
		return newest.sort((a, b) => (a.record.hash < b.record.hash ? -1 : 1))[0]?.form.commitment;
	}

	/** Rules 2 to 4 for an entry of a database. */
	judge(dbId: string, entry: AuthoredEntry, links: Links): string {
		if (!entry.directoryHeads.every((hash) => this.#pasts.has(hash))) return "pending";
		const past = this.#pastOf(entry.directoryHeads);
		const verdicts = [this.#standing("access", entry.signer, past, dbId, entry.hash, links, false)];
		if (this.adminOnly(dbId)) verdicts.push(this.#administrator(entry.signer, past, dbId, entry.hash, links));
		return verdicts.find((each) => each === "refused") ?? verdicts.find((each) => each === "pending") ?? "accepted";
	}

	#judge(record: DirectoryRecord): string {
		const { contents, keyCommitment, signer } = record;
		if (contents.kind === "malformed") return "refused";
		const right = this.#rights.get(record.hash) as string;
		if (right !== "accepted") return right;
		if (contents.kind === "form" && !this.#allowed(contents.form, this.#level(signer))) return "refused";
		const below = record.entryType === "doc_create" ? [] : record.dependencies.map((hash) => this.verdict(hash));
		if (below.includes("refused")) return "refused";
		if (below.some((each) => each !== "accepted" && each !== "locked")) return "pending-dependency";
		if (below.includes("locked")) return "locked";
		const announces = contents.kind === "form" && contents.form.form === "keyversion";
		if (this.#level(signer) === 2 && !announces) {
			const announced = this.#said("keyversion", ({ hash }) => this.#rights.get(hash) === "accepted").some(
				({ form }) => form.keyId === "directory" && form.commitment === keyCommitment,
			);
			if (!announced) return "pending-key";
		}
		return contents.kind === "locked" ? "locked" : "accepted";
	}

	#rightOf(record: DirectoryRecord, pardoned: ReadonlySet<string>): string {
		const { hash, signer } = record;
		const named = this.#said("admingrant", ({ hash }) => this.#rights.get(hash) === "accepted").some(
			({ form }) => form.signingKey === signer,
		);
		if (pardoned.has(hash) && (named || this.#level(signer) < 2)) return "accepted";
		const links = new Map([...this.#all].filter(([, other]) => other.signer === signer));
		return this.#administrator(signer, this.#pastOf(record.parents), "directory", hash, links);
	}

	#administrator(key: string, past: ReadonlySet<string>, dbId: string, hash: string, links: Links): string {
		if (key === recoveryKey) return "accepted";
		return this.#standing("admin", key, past, dbId, hash, links, key === rootKey);
	}

	/** Rules 3 and 4 with either pair of forms. */
	#standing(
		pair: "access" | "admin",
		key: string,
		past: ReadonlySet<string>,
		dbId: string,
		hash: string,
		links: Links,
		born: boolean,
	): string {
		const counts = ({ hash }: DirectoryRecord) =>
			pair === "admin" ? this.#rights.get(hash) === "accepted" : this.verdict(hash) === "accepted";
		const grants = this.#said(pair === "admin" ? "admingrant" : "grantaccess", counts)
			.filter(({ form }) => form.signingKey === key)
			.map(({ record }) => record.hash)
			.filter((grant) => past.has(grant));
		if (!born && grants.length === 0) {
			const level = pair === "admin" ? 1 : 2;
			const blind = [...past].some((other) => {
				const record = this.#all.get(other) as DirectoryRecord;
				if (this.#level(record.signer) > level || record.contents.kind !== "locked") return false;
				return pair === "admin" ? this.#rights.get(other) === "accepted" : this.verdict(other) === "locked";
			});
			return blind ? "pending" : "refused";
		}
		let pending = false;
		for (const { record, form } of this.#said(pair === "admin" ? "adminrevoke" : "revokeaccess", counts)) {
			if (form.signingKey !== key || grants.some((grant) => this.#pasts.get(grant)?.has(record.hash))) continue;
			if (past.has(record.hash)) return "refused";
			const runs = (form.accepted.get(dbId) ?? []).map((run) => inRun(run, hash, key, links));
			if (runs.includes("inside")) continue;
			if (!runs.includes("unknown")) return "refused";
			pending = true;
		}
		return pending ? "pending" : "accepted";
	}

	#pardonedInDirectory(level: number): ReadonlySet<string> {
		const open: string[] = [];
		for (const { record, form } of this.#said("acceptentries", ({ hash }) => this.#rights.get(hash) === "accepted")) {
			if (form.dbId !== "directory" || this.#level(record.signer) >= level) continue;
			open.push(...form.entries);
			for (const run of form.runs) {
				const signer = this.#all.get(run.to)?.signer;
				for (const other of this.#all.values()) {
					if (other.signer === signer && inRun(run, other.hash, other.signer, this.#all) === "inside")
						open.push(other.hash);
				}
			}
		}
		const covered = new Set<string>();
		for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
			const record = this.#all.get(hash);
			if (covered.has(hash) || record === undefined) continue;
			covered.add(hash);
			open.push(...record.dependencies);
		}
		return covered;
	}

	/** Readable forms within rule 2's limits. */
	#said<N extends FormName>(name: N, counts: (record: DirectoryRecord) => boolean): Said<N>[] {
		const said: Said<N>[] = [];
		for (const record of this.#all.values()) {
			const { contents, hash, signer } = record;
			if (contents.kind !== "form" || contents.form.form !== name || !this.#pasts.has(hash)) continue;
			if (this.#allowed(contents.form, this.#level(signer)) && counts(record))
				said.push({ record, form: contents.form as FormOf<N> });
		}
		return said;
	}

	#allowed(form: DirectoryForm, level: number): boolean {
		if (form.form === "admingrant" || form.form === "adminrevoke") {
			if (form.signingKey === recoveryKey) return false;
			return form.signingKey === rootKey ? level === 0 : level <= 1;
		}
		if (form.form === "acceptentries") return form.dbId !== "directory" || level <= 1;
		return form.form !== "purgerequest" || form.dbId !== "directory";
	}

	#level(signer: string): number {
		return signer === recoveryKey ? 0 : signer === rootKey ? 1 : 2;
	}

	#placed(level: number): DirectoryRecord[] {
		return [...this.#all.values()].filter(({ hash, signer }) => this.#pasts.has(hash) && this.#level(signer) === level);
	}

	#pastOf(heads: readonly string[]): ReadonlySet<string> {
		return new Set(heads.flatMap((hash) => [...(this.#pasts.get(hash) as ReadonlySet<string>)]));
	}
}

function inRun({ from, to }: ChainRun, hash: string, signer: string, links: Links): "inside" | "outside" | "unknown" {
	for (let next: string | undefined = to; next !== undefined && next !== from; ) {
		const link = links.get(next);
		if (link === undefined || link.signer !== signer) return "unknown";
		if (next === hash) return "inside";
		next = link.previousByAuthor;
	}
	return "outside";
}

test("the reference knows a grant from a forgery", () => {
	const example = new Example().begin();
	const grant = example.grant("root", "mia");
	const forged = example.grant("mia", "eve");
	const reference = new Reference(example.records);
	expect([grant, forged].map(({ hash }) => reference.verdict(hash))).toEqual(["accepted", "refused"]);
	expect(reference.isMember(keyOf("mia"))).toBe(true);
});
