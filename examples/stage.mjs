/** What the examples need before they can begin: people with folders of their own, and a server. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverLogger, startFolderServer } from "@mindoodb/server";
import { createFolder } from "mindoodb";

/** @typedef {{ folder: import("mindoodb").MindooFolder, tenant: import("mindoodb").MindooTenant }} Member */

const password = "a password that nobody should use";

export class Stage {
	/** @type {(() => Promise<unknown>)[]} */
	#closing = [];
	#root = "";

	/** Gives a play its stage in a temporary folder, and clears it away. @param {(stage: Stage) => Promise<void>} play */
	static async perform(play) {
		const stage = new Stage();
		stage.#root = await mkdtemp(join(tmpdir(), "mindoodb-example-"));
		try {
			await play(stage);
		} finally {
			for (const close of stage.#closing.reverse()) await close();
			await rm(stage.#root, { recursive: true });
		}
	}

	/** Somebody with a tenant of its own. @param {string} username @param {string} tenantId @returns {Promise<Member>} */
	async found(username, tenantId) {
		const folder = await this.#folder(username);
		const passwords = { password, adminPassword: password, tenantKeyPassword: password };
		return { folder, tenant: await folder.createTenant({ tenantId, ...passwords }) };
	}

	/**
	 * Somebody whom an administrator takes in. Here both read the same words; people compare them by telephone.
	 * @param {Member} administrator
	 * @param {string} username
	 * @param {readonly string[]} keyIds named keys to hand over
	 * @returns {Promise<Member>}
	 */
	async invite({ tenant }, username, keyIds = []) {
		const folder = await this.#folder(username);
		const { request, words } = await folder.makeJoinRequest();
		const invitation = await (await tenant.openDirectory()).inviteUser(request, { words, keyIds });
		const { response } = invitation;
		return { folder, tenant: await folder.joinTenant({ response, confirmation: { words: invitation.words } }) };
	}

	/** A sync server on this computer. */
	async serve() {
		const { server, close } = await startFolderServer({
			dir: join(this.#root, "server"),
			listen: { host: "127.0.0.1", port: 0 },
			policy: { kind: "open" },
			logger: serverLogger({ level: "silent" }),
		});
		this.closing(close);
		return server;
	}

	/** Brings a founder's tenant to the server. @param {Member} founder @param {{ address: string, publicKey: string }} server */
	async bring({ folder, tenant }, server) {
		const key = await folder.administrationKey();
		if (key === undefined) throw new Error("only who made the tenant has its administration key");
		const directory = await tenant.openDirectory();
		await directory.joinServer(server.address, { serverKey: server.publicKey, administrator: { key, password } });
		await tenant.sync(server.address).done;
	}

	/** @param {() => Promise<unknown>} close what to do when the play is over. */
	closing(close) {
		this.#closing.push(close);
	}

	/** @param {string} username */
	async #folder(username) {
		const folder = await createFolder(join(this.#root, username), { username, password });
		this.closing(() => folder.close());
		return folder;
	}
}
