import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFolder, openFolder } from "mindoodb";
import { expect, test } from "vitest";

interface Note {
	title: string;
	items: string[];
}

test("the example of the README", async () => {
	const root = await mkdtemp(join(tmpdir(), "mindoodb-readme-"));
	const dir = join(root, "my-data");
	const [password, adminPassword, tenantKeyPassword] = ["one", "two", "three"];

	const folder = await createFolder(dir, { username: "alice", password });
	const tenant = await folder.createTenant({ tenantId: "acme", password, adminPassword, tenantKeyPassword });
	const notes = await tenant.openDB("notes");
	const note = await notes.createDocument({ title: "Shopping", items: ["milk"] });
	await notes.changeDoc<Note>(note, (draft) => {
		draft.items.push("bread");
	});
	await folder.close();

	const again = await openFolder(dir, { password });
	const sameNotes = await (await again.openTenant("acme")).openDB("notes");
	console.log((await sameNotes.getDocument(note.id))?.getData()); // { title: "Shopping", items: ["milk", "bread"] }

	expect((await sameNotes.getDocument(note.id))?.getData()).toEqual({ title: "Shopping", items: ["milk", "bread"] });
	await again.close();
	await rm(root, { recursive: true });
});
