// Looking back on a document of 50,000 changes, for somebody whose process has the tenant open and shows the document: the first time
// in that process, and once more.
import { stopwatch } from "./stopwatch.mjs";
import { demand, firstDocument, makeTenant, openTenant } from "./tenant.mjs";

const changes = 50_000;
/** Changes that are made shortly after each other, and so share an entry. */
const together = 16;

/** @type {readonly import("./harness.mjs").Load[]} */
export const loads = [
	{
		name: "past-50000",
		title: `the state half-way through ${changes} changes, ${together} an entry`,
		sharesFolder: true,
		targets: { ms: { atMost: 300 }, againMs: { atMost: 300 } },
		prepare: ({ folder }) =>
			makeTenant(folder, async (tenant) => {
				const db = await tenant.openDB("notes");
				const doc = await db.createDocument({ n: 0 });
				for (let n = 1; n <= changes; n += together) {
					const edits = Array.from({ length: together }, (_, i) =>
						db.changeDoc(doc, (draft) => {
							draft.n = n + i;
							draft[`field ${(n + i) % 20}`] = n + i;
						}),
					);
					await Promise.all(edits);
				}
			}),
		async run({ folder }) {
			const { tenant, figures } = await openTenant(folder);
			const db = await tenant.openDB("notes");
			const doc = await firstDocument(db);
			const half = (doc.createdAt + doc.lastModifiedAt) / 2;
			const first = stopwatch();
			const cold = await db.getDocumentAtTimestamp(doc.id, half);
			const whole = first();
			const again = stopwatch();
			const past = await db.getDocumentAtTimestamp(doc.id, half);
			const againMs = again().ms;
			demand("the same state", cold?.getData().n, past?.getData().n);
			await tenant.close();
			return { ...figures, ...whole, againMs };
		},
	},
];
