/**
 * The process that `crash.test.ts` kills: a member who writes documents in every way at once and says on stdout what was acknowledged.
 * It runs the built packages.
 *
 * Arguments: a JSON file with folder, identity, user and keys; the number of this run. Lines: "ready", "doc ID KEY", "deleted ID", "setting KEY".
 */
import { readFileSync, writeSync } from "node:fs";
import { cheapKdf } from "@mindoodb/testing";
import { folderStores, fromHex, nodeCrypto, nodeEnv, TenantFactory } from "mindoodb";

const [file, run] = process.argv.slice(2);
const { dir, identity, user, password, keys } = JSON.parse(readFileSync(file, "utf8"));
const env = await nodeEnv({ stores: folderStores(dir, nodeCrypto()) });
const factory = new TenantFactory(env);
const keyBag = factory.createKeyBag();
for (const [keyId, key] of Object.entries(keys)) keyBag.set(keyId, fromHex(key), 1);
const tenant = await factory.openTenant({ identity, keyBag, user: { id: user, password, ...cheapKdf } });
const notes = await tenant.openDB("notes");
const directory = await tenant.openDirectory();

const say = (...words) => writeSync(1, `${words.join(" ")}\n`);
const random = (below) => env.random.randomBytes(2).reduce((sum, byte) => sum * 256 + byte, 0) % below;
let last = 0;
const docIds = [];
for await (const { id } of notes.iterateDocuments({ limit: 5 })) docIds.push(id);
say("ready");

async function edit(docId) {
	const key = `${run}-${++last}`;
	await notes.changeDoc(docId, (draft) => {
		draft[key] = key.repeat(1 + random(20));
	});
	say("doc", docId, key);
}

async function step() {
	const docId = docIds[random(docIds.length || 1)];
	switch (docId === undefined ? 0 : random(12)) {
		case 0:
		case 1: {
			const key = `${run}-${++last}`;
			const doc = await notes.createDocument({ [key]: key, text: "x".repeat(random(300)) });
			docIds.push(doc.id);
			say("doc", doc.id, key);
			return;
		}
		case 2: {
			const doc = await notes.createDocument({ short: "life" });
			await notes.deleteDocument(doc.id);
			say("deleted", doc.id);
			return;
		}
		case 3: {
			const key = `${run}-${++last}`;
			await directory.changeTenantSettings((settings) => {
				settings[key] = key;
			});
			say("setting", key);
			return;
		}
		case 4:
			await Promise.all(Array.from({ length: 1 + random(40) }, () => edit(docId)));
			return;
		default:
			await edit(docId);
	}
}

async function writeForEver() {
	for (;;) await step();
}

await Promise.all([writeForEver(), writeForEver(), writeForEver()]);
