import { Stage } from "../stage.mjs";

await Stage.perform(async (stage) => {
	const server = await stage.serve();
	const bakery = await stage.found("alice", "bakery");
	const workshop = await stage.found("bob", "workshop");

	// Both call their database the same, and write something of the same name.
	for (const { tenant } of [bakery, workshop]) {
		const notes = await tenant.openDB("notes");
		await notes.createDocument({ title: `Plans of the ${tenant.tenantId}` });
	}
	for (const founder of [bakery, workshop]) await stage.bring(founder, server);
	console.log(`The server keeps ${(await server.tenants.list()).length} tenants.`);

	// A member of each gets what belongs to its tenant.
	for (const [founder, name] of /** @type {const} */ ([
		[bakery, "carol"],
		[workshop, "dave"],
	])) {
		const member = await stage.invite(founder, name);
		await founder.tenant.sync(server.address).done;
		await member.tenant.sync(server.address).done;
		const notes = await member.tenant.openDB("notes");
		for await (const doc of notes.iterateDocuments()) console.log(`${name} reads: ${doc.getData().title}`);
	}
});
