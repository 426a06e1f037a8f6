/**
 * The process that `crash.test.ts` kills: a member who writes documents in every way at once and says on stdout what was acknowledged.
 *
 * Argument: a JSON file with folder, identity, user and keys. It is started ahead and waits; the number of its run on stdin lets it begin.
 * Lines: "ready", "doc ID KEY", "deleted ID", "setting KEY".
 */
import { once } from "node:events";
import { readFileSync, writeSync } from "node:fs";
import { folderStores, fromHex, nodeCrypto, nodeEnv, TenantFactory } from "mindoodb";

const { dir, identity, user, keys } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const run = String((await once(process.stdin, "data"))[0]);
const env = await nodeEnv({ stores: folderStores(dir, nodeCrypto()) });
const factory = new TenantFactory(env);
const keyBag = factory.createKeyBag();
for (const [keyId, key] of Object.entries(keys)) keyBag.set(keyId, fromHex(key), 1);
const tenant = await factory.openTenant({ identity, keyBag, user });
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
