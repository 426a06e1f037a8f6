import { TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EntryExplanation } from "./explain.js";
import { forgeries, HostileWriter } from "./hostile-writer.test.js";
import type { Verdict } from "./verdict.js";

let fixture: TenantFixture;
let member: TestReplica;

beforeAll(async () => {
	fixture = await TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	member = await fixture.member("mallory");
});

afterAll(() => fixture.close());

function nameOf(verdict: Verdict): string {
	return "reason" in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind;
}

describe("an entry of a member's own making gets its verdict, and the document stays readable:", () => {
	for (const [name, { make, expected }] of Object.entries(forgeries)) {
		it(name, async () => {
			const notes = await fixture.creator.db();
			const { id } = await notes.createDocument({ title: "genuine", body: "kept" });
			await notes.changeDoc(id, (draft) => {
				draft.title = "edited";
			});
			await fixture.creator.level(member);
			const made = await make(await HostileWriter.of(member), id, 3);
			const report = await notes.store.putEntries(made);
			expect(report.refused).toEqual([]);
			const verdicts: string[] = [];
			for (const { hash } of made) {
				const explained = (await notes.explain(hash)) as EntryExplanation;
				expect(explained.words.length).toBeGreaterThan(20);
				verdicts.push(nameOf(explained.verdict));
			}
			expect(verdicts.length).toBe(expected.length);
			for (const [i, verdict] of verdicts.entries()) expect(expected[i]?.split("|")).toContain(verdict);
			expect((await notes.getDocument(id))?.getData()).toMatchObject({ body: "kept" });
			if (made.some(({ common }) => common.docId === id) && !(await notes.getDocument(id))?.isDeleted) {
				await notes.changeDoc(id, (draft) => {
					draft.after = true;
				});
				expect((await notes.getDocument(id))?.getData()).toMatchObject({ body: "kept", after: true });
			}
		});
	}
});
