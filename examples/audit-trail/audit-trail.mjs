import { createReadStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkAuditTrail, nodeCrypto } from "mindoodb";
import { Stage } from "../stage.mjs";

await Stage.perform(async (stage) => {
	const alice = await stage.found("alice", "acme");
	const ledger = await alice.tenant.openDB("ledger");
	const account = await ledger.createDocument({ title: "Account 17", balance: 100 });
	for (const balance of [90, 120, 75]) {
		await ledger.changeDoc(account, (draft) => {
			draft.balance = balance;
		});
	}

	// Alice hands out one file. Its contents stay encrypted.
	const file = join(alice.folder.dir, "account-17.trail");
	await writeFile(file, ledger.exportAuditTrail(account.id));

	// The auditor has that file, and neither the database nor any key.
	const checked = await checkAuditTrail(nodeCrypto(), createReadStream(file));
	console.log(`${checked.entries} entries, ${checked.faults.length} faults.`);
	console.log(`Vouched for by Alice: ${checked.exporter === alice.tenant.publicKey}`);

	// Somebody changes a single bit.
	const trail = await readFile(file);
	trail[Math.floor(trail.length / 2)] ^= 1;
	await writeFile(file, trail);
	const { faults } = await checkAuditTrail(nodeCrypto(), createReadStream(file));
	console.log(`After a change: sentence ${faults[0]?.sentence} does not hold: ${faults[0]?.message}.`);
});
