import { aliceAndBob } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { describe, expect, it } from "vitest";
import { tenantSubkeys } from "../../keys/subkeys.js";
import type { UnlockedUser } from "../../keys/user-id.js";
import { presenceData, signPresence } from "../../sync/presence/presence-message.js";
import type { MindooDB } from "../mindoo-db.js";
import type { Present } from "./presence-room.js";

async function twoReaders() {
	const { alice, bob, notes } = await aliceAndBob({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto),
	});
	const doc = await notes.createDocument({ title: "a plan" });
	const bobs = await bob.db();
	await bobs.pullChangesFrom(notes.store);
	return { alice, bob, notes, bobs, doc };
}

/** What a database sends, as bytes. */
function sentBy(from: MindooDB): Uint8Array[] {
	const sent: Uint8Array[] = [];
	from.presence.addConnection((message) => {
		sent.push(message);
	});
	return sent;
}

function shownAt(db: MindooDB): Present[] {
	const shown: Present[] = [];
	db.presence.onPresence((present) => shown.push(present));
	return shown;
}

describe("presence", () => {
	it("shows a cursor to who may read the document, and stores nothing", async () => {
		const { alice, notes, bobs, doc } = await twoReaders();
		const sent = sentBy(notes);
		const shown = shownAt(bobs);
		const [before, size] = [await bobs.store.position(), doc.heads];
		await notes.presence.publish(doc.id, { cursor: 12, typing: true });
		await bobs.presence.receive(sent[0] as Uint8Array);
		expect(shown).toMatchObject([{ docId: doc.id, author: alice.publicKey, state: { cursor: 12, typing: true } }]);
		expect(await bobs.store.position()).toEqual(before);
		expect((await notes.getDocument(doc.id))?.heads).toEqual(size);
		expect(Buffer.from(sent[0] as Uint8Array).includes("typing")).toBe(false);
	});

	it("lesson 17: is not shown in another member's name, nor twice, nor when one byte was changed, nor in another database", async () => {
		const { bob, notes, bobs, doc } = await twoReaders();
		const sent = sentBy(notes);
		const shown = shownAt(bobs);
		await notes.presence.publish(doc.id, { cursor: 1 });
		await notes.presence.publish(doc.id, { cursor: 2 });
		const [first, second] = sent as [Uint8Array, Uint8Array];
		for (let at = 0; at < first.length; at += 7) {
			const changed = first.slice();
			changed[at] = (changed[at] as number) ^ 1;
			await bobs.presence.receive(changed);
		}
		const elsewhere = await bob.db("tasks");
		await elsewhere.presence.receive(first);
		expect(shown).toEqual([]);
		await bobs.presence.receive(second);
		await bobs.presence.receive(second);
		// What was overtaken is not shown any more.
		await bobs.presence.receive(first);
		expect(shown.map(({ state }) => state)).toEqual([{ cursor: 2 }]);
	});

	it("is not shown of somebody whose access ended, nor what was kept back for long", async () => {
		const { alice, bob, notes, bobs, doc } = await twoReaders();
		const fromBob = sentBy(bobs);
		const shown = shownAt(notes);
		await bobs.presence.publish(doc.id, "here");
		await bobs.presence.publish(doc.id, "still here");
		await notes.presence.receive(fromBob[0] as Uint8Array);
		expect(shown).toHaveLength(1);
		alice.clock.advance(6 * 60_000);
		await notes.presence.receive(fromBob[1] as Uint8Array);
		expect(shown).toHaveLength(1);
		bob.clock.advance(6 * 60_000);
		await bobs.presence.publish(doc.id, "back");
		const directory = await alice.tenant.openDirectory();
		await directory.revokeUser("bob");
		await notes.presence.receive(fromBob[2] as Uint8Array);
		expect(shown).toHaveLength(1);
	});

	it("lesson 14: is not shown when a member encrypted what is no text, or no JSON, and the next one is", async () => {
		const { alice, notes, bobs, doc } = await twoReaders();
		const sent = sentBy(notes);
		const shown = shownAt(bobs);
		const { crypto } = alice.env;
		const { tenantRoot } = alice.tenant.identity;
		const subkeys = await tenantSubkeys(crypto, alice.keyBag.get("default") as Uint8Array, tenantRoot);
		for (const [counter, garbage] of [Uint8Array.of(0xff, 0xfe), Uint8Array.of(0x7b)].entries()) {
			const head = {
				docId: doc.id,
				author: alice.publicKey,
				instance: "ab".repeat(16),
				counter: counter + 1,
				at: alice.clock.now(),
				keyCommitment: await subkeys.keyCommitment("default"),
			};
			const iv = crypto.randomBytes(12);
			const key = await subkeys.presenceKey("notes", doc.id);
			const ciphertext = await crypto.seal(key, iv, garbage, presenceData(head));
			const { signingKey } = alice.user as UnlockedUser;
			const by = { place: { tenantRoot, dbId: "notes" }, signingKey };
			await bobs.presence.receive(await signPresence(crypto, { ...head, iv, ciphertext }, by));
		}
		await notes.presence.publish(doc.id, "genuine");
		await bobs.presence.receive(sent[0] as Uint8Array);
		expect(shown.map(({ state }) => state)).toEqual(["genuine"]);
	});

	it("is in measure, whatever a member sends", async () => {
		const { alice, bob, notes, bobs, doc } = await twoReaders();
		const sent = sentBy(notes);
		const shown = shownAt(bobs);
		for (let i = 0; i < 100; i++) await notes.presence.publish(doc.id, i);
		for (const message of sent) await bobs.presence.receive(message);
		expect(shown).toHaveLength(60);
		for (const { clock } of [alice, bob]) clock.advance(1000);
		for (let i = 0; i < 100; i++) await notes.presence.publish(doc.id, i);
		for (const message of sent.slice(100)) await bobs.presence.receive(message);
		expect(shown).toHaveLength(80);
	});

	it("of a document that is not here cannot be shown, nor anything that is too long", async () => {
		const { notes, doc } = await twoReaders();
		await expect(notes.presence.publish("A".repeat(32), 1)).rejects.toMatchObject({ code: "not-found" });
		await expect(notes.presence.publish(doc.id, "x".repeat(5000))).rejects.toMatchObject({ code: "limit" });
	});
});
