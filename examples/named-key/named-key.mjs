import { listenTcp } from "mindoodb";
import { Stage } from "../stage.mjs";

await Stage.perform(async (stage) => {
	const alice = await stage.found("alice", "practice");
	// The folder makes a key under a password, and Alice takes it up under a name.
	const password = "a password of the key";
	await alice.tenant.keyBag.decryptAndImportKey("case-7", await alice.folder.createKey(password), { password });

	const files = await alice.tenant.openDB("files");
	const record = await files.createEncryptedDocument("case-7", { title: "Case 7" });
	const scan = new TextEncoder().encode("What only those may read who have the key case-7.\n".repeat(500));
	await files.changeDoc(record, async (_, attachments) => {
		await attachments.addAttachment(scan, "report.txt", "text/plain");
	});

	// Bob is given the key, Carol is not. Both are members.
	const bob = await stage.invite(alice, "bob", ["case-7"]);
	const carol = await stage.invite(alice, "carol");

	// Alice's own device listens; what connects has to prove a member's key.
	const listener = await listenTcp((duplex) => void alice.tenant.acceptSync(duplex));
	stage.closing(() => listener.close());

	for (const [name, { tenant }] of /** @type {const} */ ([
		["Bob", bob],
		["Carol", carol],
	])) {
		await tenant.sync(listener.address, { expect: [/** @type {string} */ (alice.tenant.publicKey)] }).done;
		const theirs = await tenant.openDB("files");
		const doc = await theirs.getDocument(record.id);
		const [file] = doc?.getAttachments() ?? [];
		if (doc === undefined || file === undefined) {
			const told = await theirs.explain(record.id);
			const entry = told !== undefined && "entries" in told ? told.entries[0] : undefined;
			console.log(`${name} has it, and cannot read it. ${entry?.words}`);
		} else {
			const bytes = await doc.getAttachment(file.id);
			console.log(`${name} reads ${file.fileName} of ${doc.getData().title}: ${bytes.length} bytes.`);
		}
	}
});
