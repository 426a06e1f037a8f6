// Devices of members which write and read nothing: each with a chain and a session of its own. Their entries are made before they are needed,
// and lie in memory, so that writers cost little beside a server that shares their processors.
import {
	createChannelIdentity,
	memoryStores,
	openChannel,
	runSession,
	SyncSession,
	TicketBook,
	transportOf,
} from "mindoodb";
import { entryMaker } from "../../packages/testing/dist/entry-maker.js";

/** Of an edit of one field, encrypted, as a member writes it when it is awaited. */
const payloadBytes = 250;
const editsPerDocument = 40;
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** Keys of members. @param {import("mindoodb").Env} env @param {number} count */
export async function makeKeys({ crypto }, count) {
	const { publicKey } = await crypto.generateWrappingKeyPair();
	const pem = (/** @type {Uint8Array} */ der) =>
		`-----BEGIN PUBLIC KEY-----\n${Buffer.from(der)
			.toString("base64")
			.match(/.{1,64}/g)
			?.join("\n")}\n-----END PUBLIC KEY-----\n`;
	return Promise.all(
		Array.from({ length: count }, async (_, index) => {
			const signing = await crypto.generateSigningKeyPair();
			/** @type {import("mindoodb").PublicUserId} */
			const user = {
				username: `writer ${index}`,
				userSigningPublicKey: pem(Buffer.concat([spkiPrefix, signing.publicKey])),
				userEncryptionPublicKey: pem(publicKey),
			};
			return { user, signingKey: await crypto.importSigningKey(signing.privateKey) };
		}),
	);
}

/** @typedef {Awaited<ReturnType<typeof openWriter>>} Writer */

/**
 * @param {import("mindoodb").MindooTenant} tenant whose directory all of them show
 * @param {{ env: import("mindoodb").Env, signingKey: import("mindoodb").SigningKey, server: import("./server-process.mjs").ServerProcess, dbId: string, edits: number }} options
 */
export async function openWriter(tenant, { env, signingKey, server, dbId, edits }) {
	const { crypto } = env;
	const { tenantRoot } = tenant.identity;
	const maker = await entryMaker({ crypto, tenantRoot, dbId, signingKey, createdAt: Date.now() });
	/** @type {import("mindoodb").Entry[]} */
	const waiting = [];
	while (waiting.length < edits) {
		const payload = crypto.randomBytes(payloadBytes);
		waiting.push(...(await maker.document(Math.min(editsPerDocument, edits - waiting.length), { payload })));
	}
	const local = await memoryStores(crypto).open({ tenantRoot, dbId, purpose: "documents" });
	const directory = await tenant.openDirectory();
	let durable = 0;
	const host = {
		tenantRoot,
		directoryHeads: () => [],
		standing: () => /** @type {const} */ ("server"),
		databases: async () => [dbId],
		open: async (/** @type {string} */ id) => (id === dbId ? [synced] : directory.db.syncedStores()),
		onDirectory: () => () => {},
	};
	/** @type {import("mindoodb").SyncedStore} */
	const synced = {
		dbId,
		purpose: "documents",
		store: local,
		remembered: async () => undefined,
		pull: async () => ({ stored: 0, refused: [], damaged: [], complete: true }),
		acknowledged(_, position) {
			durable = position.arrival;
		},
		onAppended: (listener) => local.onAppended(listener),
	};
	const channel = await openChannel(await transportOf(server.address).connect(), {
		role: "initiator",
		env,
		identity: await createChannelIdentity(env, signingKey),
		tickets: new TicketBook(env),
		tenantRoot,
		expect: [server.publicKey],
	});
	const session = new SyncSession({ env, host, peer: channel.peer, initiator: true });
	const ended = runSession(session, channel);
	return {
		/** Writes one edit, which the session tells the server. */
		async edit() {
			const entry = waiting.shift();
			if (entry !== undefined) await local.append([entry]);
		},
		/** Edits that the server has acknowledged as durable. */
		durable: () => durable,
		level: () => session.level(),
		async close() {
			session.close("done");
			await ended;
			await local.close();
		},
	};
}
