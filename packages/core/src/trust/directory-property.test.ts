import fc from "fast-check";
import { expect, test } from "vitest";
import {
	Example,
	ExampleDatabase,
	firstCommitment,
	grantOf,
	hashOf,
	keyOf,
	newState,
	revocationOf,
} from "./directory-example.test.js";
import type { DirectoryRecord } from "./directory-record.js";
import { Reference } from "./directory-reference.test.js";
import type { DirectoryState } from "./directory-state.js";
import type { ChainRun } from "./form-codecs.js";
import type { DirectoryForm } from "./forms.js";
import { type AuthoredEntry, DatabaseJudge } from "./judge.js";

const people = ["root", "recovery", "ada", "bob", "mia", "eve"] as const;
const commitments = [firstCommitment, hashOf("second"), hashOf("third")];

/** One thing that somebody does; numbers pick from what is there by then. */
interface Step {
	readonly author: (typeof people)[number];
	readonly target: (typeof people)[number];
	readonly what:
		| "grant"
		| "admin"
		| "revoke"
		| "unadmin"
		| "version"
		| "pardon"
		| "setting"
		| "purge"
		| "locked"
		| "entry"
		| "server"
		| "join";
	/** 0: everything before; else picks. */
	readonly parents: readonly number[];
	readonly previous: number;
	readonly picks: readonly number[];
	readonly key: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
	fc.record({
		author: fc.oneof(
			{ weight: 5, arbitrary: fc.constant("root" as const) },
			{ weight: 3, arbitrary: fc.constant("ada" as const) },
			{ weight: 4, arbitrary: fc.constantFrom(...people) },
		),
		target: fc.constantFrom(...people),
		what: fc.constantFrom(
			...(["grant", "grant", "admin", "admin", "revoke", "unadmin", "unadmin", "version", "pardon"] as const),
			...(["setting", "purge", "locked", "entry", "entry", "entry", "server", "join", "join"] as const),
		),
		parents: fc.array(fc.nat({ max: 40 }), { maxLength: 3 }),
		previous: fc.nat({ max: 3 }),
		picks: fc.array(fc.nat({ max: 60 }), { minLength: 6, maxLength: 6 }),
		key: fc.nat({ max: 5 }),
	}),
	{ minLength: 1, maxLength: 25 },
);

interface World {
	readonly records: readonly DirectoryRecord[];
	readonly db: ExampleDatabase;
}

function build(plan: readonly Step[]): World {
	const example = new Example().begin();
	example.adminGrant("root", "ada");
	const db = new ExampleDatabase();
	for (const { author, target, what, parents, previous, picks, key } of plan) {
		const { records } = example;
		const after =
			parents.length === 0
				? records.slice(-1)
				: [...new Set(parents.map((pick) => records[pick % records.length] as DirectoryRecord))];
		const own = <T extends { readonly signer: string }>(list: readonly T[], name: string) =>
			list.filter(({ signer }) => signer === keyOf(name));
		const before = <T>(list: readonly T[]) =>
			previous === 0 ? list[(picks[0] as number) % (list.length || 1)] : list.at(-1);
		if (what === "entry") {
			db.write(author, after, { previous: before(own(db.entries, author)) });
			continue;
		}
		const runs = (
			list: readonly { readonly hash: string }[],
			[from, to]: readonly (number | undefined)[],
		): ChainRun[] => {
			if (list.length === 0) return [];
			const end = list[(to as number) % list.length] as { readonly hash: string };
			const begin = (from as number) % 3 === 0 ? list[(from as number) % list.length]?.hash : undefined;
			return [{ from: begin, to: end.hash }];
		};
		const accepted = {
			directory: runs(own(records, target), picks.slice(0, 2)),
			notes: runs(own(db.entries, target), picks.slice(2, 4)),
		};
		const dbId = key % 2 === 0 ? "directory" : "notes";
		const pool: readonly { readonly hash: string; readonly signer: string }[] =
			dbId === "directory" ? records : db.entries;
		const forms: Partial<Record<Step["what"], DirectoryForm>> = {
			grant: grantOf(target),
			admin: { form: "admingrant", username: target, signingKey: keyOf(target) },
			revoke: revocationOf("revokeaccess", target, accepted),
			unadmin: revocationOf("adminrevoke", target, accepted),
			version: {
				form: "keyversion",
				keyId: key < 3 ? "directory" : "default",
				commitment: commitments[key % 3] as string,
			},
			pardon: {
				form: "acceptentries",
				dbId,
				entries:
					pool.length === 0 ? [] : [(pool[(picks[4] as number) % pool.length] as { readonly hash: string }).hash],
				runs: runs(own(pool, target), picks.slice(0, 2)),
			},
			purge: { form: "purgerequest", dbId, docId: "d" },
			server: { form: "server", signingKey: keyOf(target), encryptionKey: new Uint8Array([1]), addresses: [] },
		};
		const options = {
			after,
			previous: before(own(records, author)),
			keyCommitment: key === 5 ? (commitments[1] as string) : firstCommitment,
		};
		if (what === "setting") {
			const settings = records.filter(({ contents }) => contents.kind === "settings");
			const dependencies = key === 0 ? [] : settings.slice(-1);
			example.adminOnly(author, key === 1 ? "payroll" : "notes", { ...options, dependencies });
		} else if (what === "locked") example.write(author, undefined, { ...options, contents: { kind: "locked" } });
		else example.write(author, forms[what], options);
	}
	return { records: example.records, db };
}

/** Everything that can be asked of a state, and the verdicts of a database's entries. */
async function everything(state: DirectoryState, db: ExampleDatabase, hashes: readonly string[]) {
	const dump: Record<string, unknown> = {
		heads: state.heads(),
		members: state.members(),
		administrators: state.administrators(),
		servers: state.servers(),
		governed: state.governedKeys(),
		announced: ["default", "directory"].map((keyId) => [state.announcedCommitments(keyId), state.writeVersion(keyId)]),
		purges: state.purgeRequests("notes"),
		adminOnly: state.adminOnlyDatabases(),
		forms: state.forms(),
		missing: state.missing(),
		pardons: [...state.pardons("notes").entries].sort(),
		verdicts: hashes.map((hash) => state.verdictOf(hash)),
		rights: people.map((name) => [state.isMember(keyOf(name)), state.isAdministrator(keyOf(name))]),
	};
	for (const dbId of ["notes", "payroll"]) {
		const judge = new DatabaseJudge(state, dbId, db);
		dump[dbId] = await judge.judge(db.entries);
		dump[`${dbId} pardoned`] = [...(await judge.pardoned(db.entries)).pardoned].sort();
	}
	return dump;
}

test("the fold and the judge say what the rules say, word by word", async () => {
	await fc.assert(
		fc.asyncProperty(steps, fc.array(fc.nat({ max: 40 }), { maxLength: 2 }), async (plan, lost) => {
			const { records, db } = build(plan);
			const arrived = records.filter((_, i) => !lost.includes(i));
			const state = newState();
			state.add(arrived);
			const reference = new Reference(arrived);
			for (const { hash } of arrived) {
				const found = state.verdictOf(hash)?.verdict;
				expect(found, hash).toBe(reference.verdict(hash));
			}
			expect(state.heads()).toEqual(reference.heads());
			for (const name of people) expect(state.isMember(keyOf(name))).toBe(reference.isMember(keyOf(name)));
			for (const keyId of ["default", "directory"])
				expect(state.writeVersion(keyId)).toBe(reference.writeVersion(keyId));
			for (const dbId of ["notes", "payroll"]) {
				expect(state.adminOnly(dbId)).toBe(reference.adminOnly(dbId));
				const verdicts = await new DatabaseJudge(state, dbId, db).judge(db.entries);
				const links = new Map(db.entries.map((entry) => [entry.hash, entry]));
				for (const [i, entry] of db.entries.entries()) {
					expect(verdicts[i]?.verdict).toBe(reference.judge(dbId, entry, links));
				}
			}
		}),
		{ numRuns: 1_500 },
	);
});

test("any order of arrival, with duplicates, in pieces, with keys that come late, gives the same", async () => {
	const cases = steps.chain((plan) => {
		const world = build(plan);
		const count = world.records.length;
		return fc.record({
			world: fc.constant(world),
			order: fc.array(fc.nat({ max: count - 1 }), { maxLength: 2 * count }),
			cuts: fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 5 }),
			locked: fc.array(fc.nat({ max: count - 1 }), { maxLength: 3 }),
			askBetween: fc.boolean(),
		});
	});
	await fc.assert(
		fc.asyncProperty(cases, async ({ world: { records, db }, order, cuts, locked, askBetween }) => {
			const once = newState();
			once.add(records);
			const pieces = newState();
			const judge = new DatabaseJudge(pieces, "notes", db);
			const queue = [...order, ...records.keys()].map((i) => records[i] as DirectoryRecord);
			const late = locked.map((i) => records[i] as DirectoryRecord);
			let at = 0;
			for (let turn = 0; at < queue.length; turn++) {
				const piece = queue.slice(at, at + 1 + (cuts[turn % cuts.length] as number));
				at += piece.length;
				pieces.add(
					piece.map((record) => (late.includes(record) ? { ...record, contents: { kind: "locked" } } : record)),
				);
				if (!askBetween) continue;
				pieces.heads();
				await judge.judge(db.entries);
			}
			pieces.add(late);
			const hashes = records.map(({ hash }) => hash);
			const expected = await everything(once, db, hashes);
			expect(await everything(pieces, db, hashes)).toEqual(expected);
			expect(await judge.judge(db.entries)).toEqual(expected.notes);
		}),
		{ numRuns: 1_000 },
	);
});

test("what changed is told: whoever listens to the changes alone holds the same verdicts", async () => {
	const cases = steps.chain((plan) => {
		const world = build(plan);
		const count = world.records.length;
		const all = Array.from({ length: count }, (_, i) => i);
		const order = fc.shuffledSubarray(all, { minLength: count, maxLength: count });
		return fc.record({ world: fc.constant(world), order });
	});
	await fc.assert(
		fc.asyncProperty(cases, async ({ world: { records, db }, order }) => {
			const state = newState();
			const judge = new DatabaseJudge(state, "notes", db);
			const held = await judge.judge(db.entries);
			const members = new Set<string>();
			const verdicts = new Map<string, unknown>();
			for (const i of order) {
				const record = records[i] as DirectoryRecord;
				const changes = state.add([record]);
				verdicts.set(record.hash, state.verdictOf(record.hash));
				for (const hash of changes.verdicts) verdicts.set(hash, state.verdictOf(hash));
				for (const key of changes.authors) {
					if (state.isMember(key)) members.add(key);
					else members.delete(key);
				}
				const known = new Set(changes.known);
				const authors = new Set([...changes.authors, ...changes.administrators]);
				const everyone = changes.adminOnly.includes("notes") || changes.hidden;
				for (const [j, entry] of db.entries.entries()) {
					const waits = entry.directoryHeads.some((hash) => known.has(hash)) || held[j]?.verdict === "pending";
					if (everyone || waits || authors.has(entry.signer))
						held[j] = (await judge.judge([entry]))[0] as (typeof held)[0];
				}
			}
			expect(held).toEqual(await judge.judge(db.entries));
			expect([...members].sort()).toEqual(
				people
					.map(keyOf)
					.filter((key) => state.isMember(key))
					.sort(),
			);
			for (const [hash, verdict] of verdicts) {
				if (state.has(hash)) expect(verdict).toEqual(state.verdictOf(hash));
			}
		}),
		{ numRuns: 500 },
	);
});

test("set-back clocks change nothing (lesson 13)", async () => {
	await fc.assert(
		fc.asyncProperty(steps, fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), async (plan, clocks) => {
			const { records, db } = build(plan);
			const shifted = records.map((record, i) => ({ ...record, createdAt: clocks[i % clocks.length] as number }));
			const hashes = records.map(({ hash }) => hash);
			const [honest, moved] = await Promise.all(
				[records, shifted].map(async (each) => {
					const state = newState();
					state.add(each);
					return everything(state, db, hashes);
				}),
			);
			for (const part of ["heads", "announced", "verdicts", "rights", "notes", "payroll"]) {
				expect(moved?.[part]).toEqual(honest?.[part]);
			}
		}),
		{ numRuns: 300 },
	);
});

test("entries by those who never administer change nothing (lessons 9 and 13)", async () => {
	await fc.assert(
		fc.asyncProperty(steps, steps, async (plan, attack) => {
			const honest = plan.map((step) =>
				step.target === "eve" && step.what === "admin" ? { ...step, target: "mia" as const } : step,
			);
			const { records, db } = build(honest.filter(({ author }) => author !== "eve"));
			const mixed = build([
				...honest.filter(({ author }) => author !== "eve"),
				...attack.filter(({ what }) => what !== "entry").map((step) => ({ ...step, author: "eve" as const })),
			]);
			const hashes = records.map(({ hash }) => hash);
			const alone = newState();
			alone.add(records);
			const attacked = newState();
			attacked.add(mixed.records);
			expect(await everything(attacked, db, hashes)).toEqual(await everything(alone, db, hashes));
		}),
		{ numRuns: 300 },
	);
});

test("an author's word about itself changes nothing: entries are judged by what others granted", async () => {
	const example = new Example().begin();
	const db = new ExampleDatabase();
	const first = example.grant("eve", "eve");
	const entry: AuthoredEntry = db.write("eve", [first]);
	const state = newState();
	state.add(example.records);
	expect(new DatabaseJudge(state, "notes", db).judgeByDirectory(entry)).toMatchObject({ verdict: "refused" });
});
