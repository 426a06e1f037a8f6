import { splice } from "mindoodb";
import { Stage } from "../stage.mjs";

/** @typedef {{ title: string, text: string }} Page */

/** Resolves when a document shows what is waited for. @param {import("mindoodb").MindooDB} db @param {string} id @param {(page: Page) => boolean} wanted */
async function until(db, id, wanted) {
	/** @type {() => void} */
	let end = () => {};
	await new Promise((resolve) => {
		const look = async () => {
			const page = await db.getDocument(id);
			if (page !== undefined && wanted(page.getData())) resolve(undefined);
		};
		end = db.onChange(look, id);
		look();
	});
	end();
}

await Stage.perform(async (stage) => {
	const server = await stage.serve();
	const alice = await stage.found("alice", "acme");
	await stage.bring(alice, server);
	const bob = await stage.invite(alice, "bob");
	await alice.tenant.sync(server.address).done;

	const [alices, bobs] = [await alice.tenant.openDB("pages"), await bob.tenant.openDB("pages")];
	for (const { tenant } of [alice, bob]) {
		const sync = tenant.sync(server.address, { live: true });
		stage.closing(() => sync.close());
		await sync.level();
	}

	const { id } = await alices.createDocument({ title: "Together", text: "—" });
	await until(bobs, id, () => true);

	// Who is where goes to whoever is connected, encrypted and signed, and no store keeps it.
	const seen = new Promise((resolve) => alices.presence.onPresence(({ state }) => resolve(state)));
	await bobs.presence.publish(id, { cursor: 1 });
	console.log("Alice sees Bob:", JSON.stringify(await seen));

	// Both type at once, Alice in front and Bob behind.
	const type = async (/** @type {typeof alices} */ db, /** @type {string} */ words, /** @type {boolean} */ inFront) => {
		for (const [index, letter] of [...words].entries()) {
			await db.changeDoc(id, (page) => {
				const { text } = /** @type {Page} */ (page);
				splice(page, ["text"], inFront ? index : text.length, 0, letter);
			});
		}
	};
	await Promise.all([type(alices, "Alice writes ", true), type(bobs, " and Bob too", false)]);

	for (const [name, db] of /** @type {const} */ ([
		["Alice", alices],
		["Bob", bobs],
	])) {
		await until(db, id, ({ text }) => text === "Alice writes — and Bob too");
		console.log(`${name} reads: ${(await db.getDocument(id))?.getData().text}`);
	}
});
