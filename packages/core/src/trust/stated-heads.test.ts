import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../entry/limits.js";
import { Example, ExampleDatabase, keyOf, newState } from "./directory-example.test.js";
import type { DirectoryRecord } from "./directory-record.js";
import { Reference } from "./directory-reference.test.js";
import { DatabaseJudge } from "./judge.js";

const people = ["mia", "bob"] as const;

/** "again" takes the right away and gives it back. */
type Act = {
	readonly who: (typeof people)[number];
	readonly what: "grant" | "revoke" | "again" | "admin" | "admin again";
};

/** Forks upon one beginning, each with its own acts; some go on upon several forks before. */
interface Fork {
	readonly acts: readonly Act[];
	readonly upon: readonly number[];
}

const acts = fc.array(
	fc.record({
		who: fc.constantFrom(...people),
		what: fc.constantFrom(...(["grant", "revoke", "again", "again", "admin", "admin again"] as const)),
	}),
	{ minLength: 1, maxLength: 3 },
);
const plans: fc.Arbitrary<readonly Fork[]> = fc.array(fc.record({ acts, upon: fc.array(fc.nat(), { maxLength: 2 }) }), {
	maxLength: 8,
});

function write(example: Example, { who, what }: Act, after: readonly DirectoryRecord[]): DirectoryRecord {
	switch (what) {
		case "grant":
			return example.grant("root", who, { after });
		case "revoke":
			return example.revoke("root", who, {}, { after });
		case "again":
			return example.grant("root", who, { after: [example.revoke("root", who, {}, { after })] });
		case "admin":
			return example.adminGrant("root", who, { after });
		case "admin again":
			return example.adminGrant("root", who, { after: [example.adminRevoke("root", who, {}, { after })] });
	}
}

/** More heads than an entry can name: those of the plan, and many that know more. */
function build(plan: readonly Fork[]): Example {
	const example = new Example().begin();
	const [begin] = example.records as [DirectoryRecord];
	example.adminOnly("root", "payroll", { after: [begin] });
	const ends: DirectoryRecord[] = [];
	for (const { acts, upon } of plan) {
		const below = upon.flatMap((pick) => ends[pick % (ends.length || 1)] ?? []);
		let after: readonly DirectoryRecord[] = below.length === 0 ? [begin] : [...new Set(below)];
		for (const act of acts) after = [write(example, act, after)];
		ends.push(...after);
	}
	let end = begin;
	for (let i = 0; i < 40; i++) end = example.grant("root", `long ago ${i}`, { after: [end] });
	for (let i = 0; i < 70; i++) example.grant("root", `other ${i}`, { after: [end] });
	return example;
}

test("who may write with all heads stated may with those that fit, and so say the rules", async () => {
	await fc.assert(
		fc.asyncProperty(plans, async (plan) => {
			const { records } = build(plan);
			const state = newState();
			state.add(records);
			expect(state.heads().length).toBeGreaterThan(limits.directoryHeads);
			const reference = new Reference(records);
			const byHash = new Map(records.map((record) => [record.hash, record]));
			for (const who of people) {
				const stated = state.headsFor(keyOf(who));
				expect(stated).toHaveLength(limits.directoryHeads);
				expect(stated).toEqual([...new Set(stated)].sort());
				expect(state.heads()).toEqual(expect.arrayContaining([...stated]));
				for (const dbId of ["notes", "payroll"]) {
					const db = new ExampleDatabase();
					const judge = new DatabaseJudge(state, dbId, db);
					if (judge.mayWrite(keyOf(who)).verdict !== "accepted") continue;
					const entry = db.write(
						who,
						stated.map((hash) => byHash.get(hash) as DirectoryRecord),
					);
					expect(await judge.judge([entry])).toMatchObject([{ verdict: "accepted" }]);
					expect(reference.judge(dbId, entry, new Map([[entry.hash, entry]]))).toBe("accepted");
				}
			}
		}),
		{ numRuns: 200 },
	);
});

test("of the other heads those are stated that know most", () => {
	const example = new Example().begin();
	const [begin] = example.records as [DirectoryRecord];
	const short = Array.from({ length: 40 }, (_, i) => example.grant("root", `short ${i}`, { after: [begin] }));
	const long = Array.from({ length: 60 }, (_, i) =>
		example.grant("root", `long ${i}`, { after: [example.grant("root", `longer ${i}`, { after: [begin] })] }),
	);
	const state = newState();
	state.add(example.records);
	const stated = state.headsFor(keyOf("short 7"));
	expect(stated).toEqual(expect.arrayContaining([...long, short[7]].map((record) => record?.hash)));
	expect(stated).toHaveLength(64);
});

test("what is stated follows the directory", () => {
	const example = new Example().begin();
	const [begin] = example.records as [DirectoryRecord];
	for (let i = 0; i < 200; i++) example.grant("root", `other ${i}`, { after: [begin] });
	const state = newState();
	state.add(example.records);
	const before = state.headsFor(keyOf("mia"));
	const grant = example.grant("root", "mia", { after: [begin] });
	state.add([grant]);
	expect(before).not.toContain(grant.hash);
	expect(state.headsFor(keyOf("mia"))).toContain(grant.hash);
});

test("a join that is refused gives its heads back, and what was written on it knows them all the same", () => {
	const example = new Example().begin();
	const ada = example.adminGrant("root", "ada");
	const forks = [1, 2, 3].map((i) => example.grant("root", `other ${i}`, { after: [ada] }));
	const revoked = example.revoke("root", "mia", {}, { after: [ada] });
	const join = example.write("ada", undefined, { after: [...forks, revoked] });
	const regrant = example.grant("root", "mia", { after: [join] });
	const state = newState();
	state.add(example.records);
	expect(state.heads()).toEqual([regrant.hash]);
	const end = example.adminRevoke("root", "ada", {}, { after: [ada] });
	state.add([end]);
	expect(state.verdictOf(join.hash)?.verdict).toBe("refused");
	expect(state.heads()).toEqual([regrant.hash, end.hash].sort());
	expect(state.isMember(keyOf("mia"))).toBe(true);
	expect(state.heads()).toEqual(new Reference(example.records).heads());

	const alone = newState();
	alone.add(example.records.filter(({ hash }) => hash !== regrant.hash));
	expect(alone.heads()).toEqual([...forks, revoked, end].map(({ hash }) => hash).sort());
});
